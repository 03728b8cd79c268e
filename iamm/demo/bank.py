"""The statements of the demo account, read as a treasurer would have, and what was done of some of their lines."""

import hashlib
import unicodedata
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from iamm.demo.money import DUES, EVENT, GIFT, TRAINING, line
from iamm.demo.past import Past
from iamm.demo.people import Person
from payments.models import Aside, Charge, Line, Payment, Refund, Statement, StatementLine, TableLayout
from payments.statements import importing, tables

TITLES = ["Date", "Date de valeur", "Libellé", "Contrepartie", "IBAN contrepartie", "Débit", "Crédit"]
ACCOUNT = "Compte courant (démo)"
TRADE_NAME, TRADE_IBAN = "SARL ATELIERS DE LA MAQUETTE", "FR7610107001011234567890129"


class Movement(NamedTuple):
    """One row of the bank's table, `days` ago."""

    days: int
    amount: str
    label: str
    payer: str = ""
    iban: str = ""


class Desk:
    """The charges that wait for a transfer, and the lines that bring it."""

    def __init__(self, past: Past) -> None:
        self.past = past
        self.layout, _is_new = TableLayout.objects.get_or_create(
            signature=tables.signature(TITLES),
            defaults={"columns": tables.guess(TITLES), "account": ACCOUNT},
        )

    def owed(self, *lines: Line, days: int, who: Person | None = None) -> Charge:
        return self.past.charge(who or self.past.somebody(), *lines, days=days)

    def write(self) -> None:
        firm = self.past.somebody()
        settled = self.owed(line(EVENT, "Rencontre annuelle", 45), days=27)
        known = self.owed(line(DUES, "Adhésion – Soutien", 100), days=30, who=firm)
        done = [
            Movement(22, "45.00", f"VIR SEPA RECU {settled.number}", bank_name(settled)),
            Movement(20, "100.00", "VIR SEPA RECU FACTURE ADHESION", TRADE_NAME, TRADE_IBAN),
            Movement(19, "-9.60", "FRAIS DE TENUE DE COMPTE"),
            Movement(17, "1500.00", "VIR SUBVENTION 2E VERSEMENT", "VILLE D ESSAI"),
            Movement(15, "186.40", "VIR SEPA RECU STRIPE PAYOUT", "STRIPE"),
        ]
        open_ones = [*self.to_recognise(firm), *self.to_look_at()]
        self.import_table("releve-demonstration-1.csv", [*done, *open_ones])
        again = [open_ones[0], open_ones[1]._replace(days=open_ones[1].days - 1)]
        new = Movement(2, "33.00", "VIR INST RECU", "M INCONNU DEMO")
        self.import_table("releve-demonstration-2.csv", [*again, new])
        self.deal_with(settled, known)

    def to_recognise(self, firm: Person) -> list[Movement]:
        """By a number, by a name and an amount, by who has paid before, together, and money that left."""
        exact = self.owed(
            line(TRAINING, "Formation – Les assistants conversationnels au travail", 120), days=20
        )
        named = self.owed(line(DUES, "Adhésion – Enseignement et recherche", 35), days=12)
        learnt = self.owed(line(EVENT, "Atelier – Les données ouvertes, pas à pas", 60), days=18, who=firm)
        who = self.past.somebody()
        both = [
            self.owed(line(DUES, "Adhésion – Plein tarif", 40), days=16, who=who),
            self.owed(line(EVENT, "Séminaire – La télédétection", 26), days=15, who=who),
        ]
        twice = Refund.objects.to_make().filter(reason=Refund.Reason.PAID_TWICE).latest("pk")
        return [
            Movement(10, "120.00", f"VIR SEPA RECU REF {exact.number}", bank_name(exact)),
            Movement(9, "35.00", "VIR SEPA RECU ADHESION", bank_name(named)),
            Movement(8, "60.00", f"VIR SEPA RECU ATELIER {learnt.created_at:%d%m}", TRADE_NAME, TRADE_IBAN),
            Movement(7, "66.00", "VIR SEPA RECU ADHESION ET SEMINAIRE", bank_name(both[0])),
            Movement(6, f"-{twice.amount}", "VIR SEPA EMIS REMBOURSEMENT", bank_name(twice.charge)),
        ]

    def to_look_at(self) -> list[Movement]:
        """The number of another sum, a part, what a provider passes on, and cheques that were typed already."""
        theirs = self.owed(line(TRAINING, "Formation – IA et droit", 150), days=14)
        other = Charge.objects.unpaid().earliest("pk")
        part = self.owed(line(TRAINING, "Formation – Vision par ordinateur", 320), days=13)
        self.owed(line(GIFT, "Don", 75), days=6)
        return [
            Movement(6, "150.00", f"VIR SEPA RECU {other.number}", bank_name(theirs)),
            Movement(5, "100.00", f"VIR SEPA RECU 1ER VERSEMENT {part.number}", bank_name(part)),
            Movement(5, "212.75", "VIR SEPA RECU HELLOASSO VERSEMENT", "HELLOASSO"),
            Movement(4, "250.00", "REMISE DE CHEQUES 3 CHQ"),
        ]

    def import_table(self, filename: str, movements: Iterable[Movement]) -> None:
        content = "\n".join([";".join(TITLES), *(self.row(one) for one in movements)]).encode()
        statement = Statement.objects.create(
            filename=filename,
            format=Statement.Format.TABLE,
            sha256=hashlib.sha256(content).hexdigest(),
            content=content,
            layout=self.layout,
            header_row=1,
            account=self.layout.account,
        )
        importing.take_in(statement, by=self.past.staff)

    def row(self, one: Movement) -> str:
        day = f"{self.past.today - timedelta(days=one.days):%d/%m/%Y}"
        amount = one.amount.replace(".", ",")
        debit, credit = (amount, "") if amount.startswith("-") else ("", amount)
        return ";".join([day, day, one.label, one.payer, one.iban, debit, credit])

    def deal_with(self, settled: Charge, known: Charge) -> None:
        by, lines = self.past.staff, StatementLine.objects.filter(account=ACCOUNT)
        lines.get(label__endswith=settled.number).pay({settled.pk: settled.amount_due}, by=by)
        lines.get(label__endswith="FACTURE ADHESION").pay({known.pk: known.amount_due}, by=by)
        lines.get(label__startswith="FRAIS").set_aside(Aside.Reason.FEES, by=by)
        lines.get(payer="STRIPE").set_aside(Aside.Reason.STRIPE, by=by)
        note = "Convention de démonstration."
        lines.get(label__startswith="VIR SUBVENTION").set_aside(Aside.Reason.SUBSIDY, by=by, note=note)


def at_a_provider(past: Past) -> None:
    """A gift made on a form of HelloAsso that is not ours."""
    who = past.somebody()
    StatementLine.arrived(
        method=Payment.Method.HELLOASSO,
        reference=f"demo-{past.seed}",
        amount=Decimal(25),
        on=past.day(3),
        payer=who.name,
        email=who.email,
        label="Don libre, formulaire « Soutenez-nous »",
    )


def bank_name(charge: Charge) -> str:
    """As banks write names."""
    plain = unicodedata.normalize("NFKD", charge.name.upper())
    return "".join(sign for sign in plain if not unicodedata.combining(sign)).replace("'", " ")
