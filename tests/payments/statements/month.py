"""A month of a bank account against what is owed, as payers and banks write: most things half right, few of them alike."""

import unicodedata
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from payments.models import Charge, ChargeLine, PayerAlias, StatementLine
from payments.transfer import reference_of

FIRST = (
    "Camille Léa Hugo Zoé Noël Anaïs François Élodie Jean Marie-Claire Théo Inès Chloé Lucas Maëlle Jean-Pierre Nadia Karim "
    "Sophie Paul Julien Aurélie Benoît Céline Damien Ève Fabien Gaëlle Hélène Ismaël Joëlle Kévin Loïc Mélanie Nicolas"
)
LAST = (
    "Démo Essai Martin Bernard Dubois Thomas Robert Richard Petit Durand Leroy Moreau Simon Laurent Lefebvre Michel Garcia "
    "David Bertrand Roux Vincent Fournier Morel Girard André Lefèvre Mercier Dupont Lambert Bonnet François Martinez Legrand "
    "Garnier Faure Rousseau Blanc Guérin Müller Henry Roussel Nicolas Perrin Morin Mathieu Clément Gauthier Dumont Lopez "
    "Fontaine Chevalier Robin Masson Sanchez Gérard Nguyen Boyer Denis Lemaire Duval Joly Gautier Roger Roche Roy Noël Meyer "
    "Lucas Meunier Jean Pérez Marchand Dufour Blanchard Marie Barbier Brun Dumas Brunet Schmitt Leroux Colas Cœurdoux "
    "Fernandez Pierre Renard Arnaud Rolland Caron Aubert Giraud Leclerc Vidal Bourgeois Renaud Lemoine Picard Gaillard "
    "Philippe Leclercq Lacroix Fabre Dupuis Olivier Rodriguez Da-Silva Hubert Louis Charles Guillot Rivière Le-Gall Guillaume "
    "Adam Rey Moulin González Berger Lecomte Menard Fleury Deschamps Carpentier Julien Benoît Paris Maillard Marchal Aubry "
    "Vasseur Le-Roux Renault Colin Collet Roussin Bertin Poulain Huet Cousin Pons Serres Cazal Bousquet Combes Barthez Puech "
    "Sicard Vernet Granier Fabrègues Rouquette Bonnafous Delmas Estève Gleizes Malafosse Planchon Teissier Valette Viala"
)
PLACES = "Phare Platane Moulin Jardin Comptoir Atelier-Bleu Rivage Figuier Mistral Belvédère Pavillon Cabanon Canal Quai Marché"
SIGNS = "Vert Doré Perdu Clair Malin Voyageur Tranquille Curieux Solaire Secret Joyeux Marin"
TRADES = "Conseil Ingénierie Formation Numérique Data Studio Santé Énergie Études Logiciels"
AMOUNTS = [40, 40, 40, 40, 40, 20, 20, 60, 15, 12, 25, 30, 90, 150]
DUES = [
    "ADHESION 2026",
    "COTISATION",
    "COTISATION ANNUELLE 2026",
    "VIREMENT ADHESION",
    "",
    "Adhésion",
    "REGLEMENT",
]


@dataclass
class Month:
    """`expected` are the charges that each line pays, or the reason for which it pays none."""

    random: Random
    charges: list[Charge] = field(default_factory=list)
    lines: list[StatementLine] = field(default_factory=list)
    expected: list[frozenset[int] | str] = field(default_factory=list)
    lots: list[str] = field(default_factory=list)

    def add(self, lot, amount, payer, label, expected):
        day = date(2026, 1, 1) + timedelta(days=self.random.randrange(31))
        self.lines.append(
            StatementLine(
                method="transfer",
                fingerprint=f"mois-{len(self.lines)}",
                booked_on=day,
                valued_on=day,
                amount=Decimal(amount),
                payer=payer[:200],
                label=label,
            )
        )
        self.expected.append(expected)
        self.lots.append(lot)


def generate(seed=1):
    """Some 600 sums due of some 450 payers, written, and 500 lines, not written."""
    random = Random(seed)
    month = Month(random)
    people = _people(random, 390)
    companies = [_company(random, number) for number in range(60)]
    owed = [(name, email, Decimal(random.choice(AMOUNTS))) for name, email in people]
    owed += [
        (name, email, Decimal(random.choice([150, 300, 600, 1200, 250]))) for name, email, _trade in companies
    ]
    for name, email in random.sample(people, 110):
        owed.append((name, email, Decimal(random.choice(AMOUNTS))))
    for name, email in random.sample(people, 40):
        owed.append((name, email, Decimal(random.choice(AMOUNTS))))
    month.charges = _written(owed)
    by_email = {}
    for charge in month.charges:
        by_email.setdefault(charge.email, []).append(charge)
    _several_at_once(month, by_email)
    trades = {email: trade for _name, email, trade in companies}
    for email, trade in list(trades.items())[::2]:  # half of them paid last year already
        PayerAlias.objects.learn(StatementLine(payer=trade.upper()), email)
    paid = {key for keys in month.expected for key in keys}
    left = [some for some in by_email.values() if not {one.pk for one in some} & paid]
    random.shuffle(left)
    while len(month.lines) < 465 and left:
        some = left.pop()
        charge = min((one for one in some if one.due == some[0].due), key=lambda one: one.pk)
        _one(month, charge, trades.get(charge.email, ""))
    _others(month)
    return month


def _people(random, count):
    first, last = FIRST.split(), LAST.split()
    names = {f"{random.choice(first)} {random.choice(last)}" for _ in range(count * 2)}
    return [(name, _address(random, name)) for name in random.sample(sorted(names), count)]


def _address(random, name):
    mailbox = plain(name).lower().replace(" ", random.choice([".", "", "_"]))
    return random.choice([f"{mailbox}@example.org", f"{mailbox[:3]}{random.randrange(999)}@example.org"])


def _company(random, number):
    name = f"{random.choice(['SARL', 'SAS', 'Association', 'Société'])} {random.choice(LAST.split())} {random.choice(TRADES.split())}"
    domain = plain(name.split(" ", 1)[1]).lower().replace(" ", "-")
    return (
        name,
        f"compta@{domain}-{number}.example.org",
        f"Le {random.choice(PLACES.split())} {random.choice(SIGNS.split())}",
    )


def _written(owed):
    charges = Charge.objects.bulk_create(
        [Charge(name=name, email=email, return_path="/") for name, email, _amount in owed]
    )
    for charge, (_name, _email, amount) in zip(charges, owed, strict=True):
        charge.due = amount
    lines = [
        ChargeLine(charge=one, nature="dues", label="Adhésion", amount=one.due, account="756")
        for one in charges
    ]
    ChargeLine.objects.bulk_create(lines)
    return charges


def _several_at_once(month, by_email):
    several = [some for some in by_email.values() if len(some) > 1 and len({one.due for one in some}) > 1]
    for some in several[:35]:
        label = "ADHESION ET ATELIER" if month.random.random() < 0.7 else " ".join(one.number for one in some)
        total = sum(one.due for one in some)
        month.add(
            "several",
            total,
            as_banks_write(month.random, some[0].name),
            label,
            frozenset(one.pk for one in some),
        )


def _one(month, charge, trade):
    random = month.random
    expected, amount = frozenset([charge.pk]), charge.due
    label, lot, payer = random.choice(DUES), "name", charge.name
    if random.random() < 0.4:
        label, lot = f"{label} {_reference(random, charge)}", "reference"
    if trade and random.random() < 0.4:
        payer, lot = trade, f"trade, {lot}"
    elif not trade and random.random() < 0.06:
        payer, lot = f"{random.choice(FIRST.split())} {charge.name.split(' ', 1)[1]}", f"spouse, {lot}"
    elif random.random() < 0.03:
        amount, lot = amount / 2, f"half, {lot}"
    written = as_banks_write(random, payer)
    if random.random() < 0.3:  # banks that have no name but in the label
        month.add(lot, amount, "", f"VIR {written} {label}", expected)
    else:
        month.add(lot, amount, written, label, expected)


def _reference(random, charge):
    number = charge.number
    kind = random.random()
    if kind < 0.55:
        return random.choice([number, reference_of(charge)])
    if kind < 0.8:
        return random.choice(
            [
                number.lower(),
                number.replace("-", " "),
                number.replace("-", ""),
                f"{number[:4]} {number[4:]}",
                f"REF{number}",
            ]
        )
    if kind < 0.9:
        return f"S-{charge.pk}"
    digits = list(number[2:])
    digits[-1], digits[-2] = digits[-2], digits[-1]  # that of somebody else
    return "S-" + "".join(digits)


def plain(text):
    letters = unicodedata.normalize("NFKD", text.replace("œ", "oe"))
    return "".join(one for one in letters if not unicodedata.combining(one))


def as_banks_write(random, name):
    words = plain(name).upper().replace("-", " ").split()
    kind = random.random()
    if kind < 0.35:
        words = [*words[1:], words[0]]
    elif kind < 0.5:
        words = [random.choice(["M", "MME", "M OU MME"]), *words[::-1]]
    elif kind < 0.58:
        words = [words[-1], words[0][0]]
    text = " ".join(words)
    if len(text) > 8 and random.random() < 0.08:
        return text[: len(text) - random.randrange(1, 3)]  # cut to a width
    if random.random() < 0.05:
        place = random.randrange(1, len(text) - 1)
        return text[:place] + text[place + 1 :]  # a letter lost
    return text


def _others(month):
    for number in range(10):
        month.add("payout", 400 + number, "HELLOASSO", f"VERSEMENT {number}", "helloasso")
    for number in range(5):
        month.add("payout", 210 + number, "STRIPE PAYMENTS EUROPE", "STRIPE", "stripe")
    for number in range(500 - len(month.lines)):
        month.add("fees", -5 - number, "", f"FRAIS TENUE DE COMPTE {number}", "fees")
