"""What the treasurer finds: each situation of a sum due, once or more. Who owes is invented, and the days are counted back."""

from datetime import timedelta
from decimal import Decimal

from django.conf import settings

from accounts.models import User
from iamm.demo import papers, people
from iamm.demo.dates import at
from iamm.demo.ledger import uuid
from iamm.demo.past import Past
from iamm.demo.people import Person
from mailing.models import Email
from payments import emails, invoicing
from payments.models import Charge, ChargeLine, DunningRule, Line, Payment

DUES, GIFT, EVENT, TRAINING, SPONSORSHIP = ChargeLine.Nature
CHEQUE, TRANSFER, CASH, ONLINE = (
    Payment.Method.CHEQUE,
    Payment.Method.TRANSFER,
    Payment.Method.CASH,
    Payment.Method.SANDBOX,
)
# days ago, amount, how it came
GIFTS = [
    (310, 100, CHEQUE),
    (265, 30, ONLINE),
    (190, 50, ONLINE),
    (124, 20, CASH),
    (96, 250, TRANSFER),
    (61, 15, ONLINE),
    (33, 80, CHEQUE),
    (9, 40, ONLINE),
]
STREET = {"address": "12 rue des Essais", "postcode": "34000", "city": "Montpellier"}
COMPANY = {**STREET, "is_organisation": True, "legal_form": "SAS", "siret": "99999999800019"}
TOWN = "Mairie de Saint-Exemple-le-Vieux (démo)"
PUBLIC_BODY = {
    **STREET,
    "is_organisation": True,
    "address": "1 place de la Maquette",
    "siret": "21999999200015",
    "service_code": "FORMATION-DEMO",
    "engagement_number": "EJ-DEMO-0042",
}


def line(nature: str, label: str, amount: int) -> Line:
    return Line(nature, label, Decimal(amount))


def write(past: Past, camille: User) -> None:
    gifts(past, camille)
    in_part(past)
    credits(past)
    contested(past)
    lost(past)


def gifts(past: Past, camille: User) -> None:
    for days, amount, method in GIFTS:
        charge = past.charge(past.somebody(), line(GIFT, "Don", amount), days=days)
        past.pay(charge, amount, days=days, method=method)
    both = [line(DUES, "Adhésion – Plein tarif", 40), line(GIFT, "Don", 60)]
    past.pay(past.charge(past.somebody(), *both, days=47), 100, days=45, method=CHEQUE)
    hers = past.charge(people.CAMILLE, line(GIFT, "Don", 25), days=40, user=camille)
    past.pay(hers, 25, days=40, method=ONLINE)


def in_part(past: Past) -> None:
    """One in two cheques of which one has come, one whose time to pay has run out."""
    training = line(TRAINING, "Formation – Apprentissage automatique avec Python", 280)
    half = past.charge(past.somebody(), training, days=38)
    past.pay(half, 140, days=36, method=CHEQUE)
    remind(past, half)
    late = past.charge(
        past.somebody(),
        line(EVENT, "Atelier – Essayer par soi-même", 30),
        days=24,
        payable_until=past.moment(18),
    )
    past.pay(late, 20, days=21, method=TRANSFER)


def credits(past: Past) -> None:
    """Paid twice and waiting; paid too much and used for something else; given up by the association, and given back."""
    twice = past.charge(past.somebody(), line(DUES, "Adhésion – Plein tarif", 40), days=29)
    past.pay(twice, 40, days=29, method=ONLINE)
    past.pay(twice, 40, days=16, method=TRANSFER)
    who = past.somebody()
    first = past.charge(who, line(DUES, "Adhésion – Soutien", 100), days=72)
    past.pay(first, 130, days=70, method=CHEQUE)
    second = past.charge(who, line(EVENT, "Séminaire – Lecture d’articles", 30), days=35)
    first.refunds.get().apply_to(second, by=past.staff)
    gone = past.charge(past.somebody(), line(TRAINING, "Formation – IA et droit", 150), days=90)
    past.pay(gone, 150, days=88, method=TRANSFER)
    past.give_back(past.cancel(gone, days=60, reason="Session annulée, faute d’inscrits."), days=52)


def contested(past: Past) -> None:
    """A cheque without funds."""
    charge = past.charge(
        past.somebody(), line(DUES, "Adhésion – Indépendants et petites équipes", 70), days=28
    )
    past.take_back(past.pay(charge, 70, days=27, method=CHEQUE), days=13)


def lost(past: Past) -> None:
    charge = past.charge(past.somebody(), line(TRAINING, "Formation – Vision par ordinateur", 320), days=230)
    past.pay(charge, 160, days=228, method=CHEQUE)
    charge.write_off(reason="Sans nouvelles depuis six mois.", by=past.staff)


def invoiced(past: Past, camille: User) -> None:
    """The oldest first, as their numbers follow. To pay and late or not, paid, and cancelled."""
    sponsor = past.charge(
        past.company(),
        line(SPONSORSHIP, "Parrainage du cycle de conférences", 1500),
        days=170,
        billing=COMPANY,
    )
    papers.invoice(past, sponsor, days=170)
    past.pay(sponsor, 1500, days=148, method=TRANSFER)
    older = past.charge(
        past.company(),
        line(TRAINING, "Formation – Les assistants au travail, deux places", 240),
        days=135,
        billing=COMPANY,
    )
    papers.invoice(past, older, days=135)
    remind(past, older)
    late = past.charge(
        past.company(),
        line(SPONSORSHIP, "Parrainage de la fête de la science", 600),
        days=100,
        billing=COMPANY,
    )
    papers.invoice(past, late, days=100)
    remind(past, late)
    refused = past.charge(
        past.company(), line(TRAINING, "Formation – IA et droit, deux places", 300), days=80, billing=COMPANY
    )
    past.pay(refused, 300, days=80, method=TRANSFER)
    invoice = papers.invoice(past, refused, days=79)
    past.cancel(refused, days=12, reason="Session reportée, ne convient plus.")
    hers = past.charge(
        people.CAMILLE,
        line(TRAINING, "Formation – Les assistants conversationnels au travail", 90),
        days=50,
        user=camille,
        billing={**STREET, "is_wanted": True},
    )
    past.pay(hers, 90, days=50, method=ONLINE)
    papers.invoice(past, hers, days=49)
    town = past.charge(
        Person("", TOWN, f"mairie@{people.DOMAIN}"),
        line(TRAINING, "Formation – L’IA dans une commune, trois places", 240),
        days=18,
        billing=PUBLIC_BODY,
    )
    papers.invoice(past, town, days=18)
    papers.credit(past, invoice, days=12)


def quoted(past: Past) -> None:
    asked = past.charge(
        past.company(), line(TRAINING, "Formation – Découvrir l’IA, pour une équipe de six", 480), days=5
    )
    invoicing.quote(asked, by=past.staff)


def remind(past: Past, charge: Charge) -> None:
    """By each rule whose day has come, as the schedule would have done. What was sent is not sent again."""
    for rule in DunningRule.objects.filter(is_active=True, days__gt=0).order_by("days"):
        day = charge.due_day + timedelta(days=rule.days)
        if day >= past.today:
            break
        label = ", ".join(row.label for row in charge.lines.all())
        parts = emails.payment_reminder_preview(
            charge, rule=rule, amount=charge.amount_due, label=label, on=day
        )
        sent_at = at(day, 9)
        Email.objects.create(
            key=f"{emails.REMINDER}.{charge.pk}.{rule.days}",
            to=charge.email,
            message_id=f"<{uuid(past.rng).hex}@{settings.SITE_HOST}>",
            state=Email.State.SENT,
            attempts=1,
            created_at=sent_at,
            next_try_at=sent_at,
            sent_at=sent_at,
            **parts,
        )
        charge.reminded_on = day
        charge.save()
