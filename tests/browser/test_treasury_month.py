"""A treasurer's month, told as it goes: money by every way, a mistake of a payer, a public body, and the books closed."""

import csv
from datetime import date, datetime
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse

from payments import books
from payments.models import Charge, Closing, Document, Line, Payment, Refund
from tests import factories
from tests.browser.test_belonging import enter, leave, pay
from tests.papers import know_ourselves

pytestmark = pytest.mark.django_db(transaction=True)
NOVEMBER = datetime.fromisoformat("2026-11-20T10:00+01:00")
# As the bank of a payer writes it: names in capitals without accents, and a reference of last year.
STATEMENT = """OFXHEADER:100
DATA:OFXSGML
VERSION:102
SECURITY:NONE
ENCODING:USASCII
CHARSET:1252
COMPRESSION:NONE
OLDFILEUID:NONE
NEWFILEUID:NONE

<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR
<BANKACCTFROM><BANKID>30006<ACCTID>00000012345<ACCTTYPE>CHECKING</BANKACCTFROM>
<BANKTRANLIST><DTSTART>20261101<DTEND>20261119
<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20261118<TRNAMT>40,00<FITID>D-2026-1118-7<NAME>VIR M DEMO LEON<MEMO>COTISATION S-009999</STMTTRN>
</BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
"""
DECEMBER = datetime.fromisoformat("2026-12-03T09:00+01:00")


@pytest.fixture
def clock():
    with time_machine.travel(NOVEMBER) as traveller:
        yield traveller


def dues(name, amount=40):
    lines = [Line("dues", "Adhésion 2026", Decimal(amount))]
    email = f"{name.split()[0].lower()}@example.org"
    return Charge.open(name=name, email=email, lines=lines, return_path="/")


def by_card(page, site, charge):
    page.goto(site + charge.get_absolute_url())
    pay(page)
    page.wait_for_url(f"{site}/")


def by_cheque(page, site, charge):
    page.goto(site + reverse("admin:payments_charge_payment", args=[charge.pk]))
    page.get_by_label("Moyen").select_option("cheque")
    page.get_by_label("Référence").fill("0001234")
    page.locator(".submit-row input[type=submit]").first.click()
    page.get_by_text("Paiement enregistré : la somme est réglée.").wait_for()


def by_transfer(page, site, charge):
    """The reference is wrong; the name and the amount are not. The same file again brings nothing."""
    file = {"name": "releve.ofx", "mimeType": "application/x-ofx", "buffer": STATEMENT.encode("cp1252")}
    for is_first in (True, False):
        page.goto(site + reverse("admin:payments_statement_add"))
        page.get_by_label("Fichier").set_input_files(file)
        page.get_by_role("button", name="Lire ce relevé").click()
        page.get_by_text("Rien n’est encore importé").wait_for()
        if is_first:
            page.get_by_role("button", name="Importer 1 ligne").click()
            page.locator(".messagelist").wait_for()
    assert page.get_by_role("button", name="Importer 1 ligne").count() == 0
    page.goto(site + reverse("admin:payments_statementline_changelist"))
    page.locator(".proposal").filter(has_text=charge.number).get_by_role("button").click()
    page.locator(".messagelist").wait_for()
    charge.refresh_from_db()
    assert charge.paid_at is not None


def give_back(page, site, charge, amount):
    """Ten euros, decided, then given back by the provider of the card."""
    page.goto(site + reverse("admin:payments_charge_give_back", args=[charge.pk]))
    page.get_by_label("Montant").fill(amount)
    page.get_by_label("Raison").select_option("gesture")
    page.locator(".submit-row input[type=submit]").first.click()
    page.get_by_text("Le remboursement est à faire.").wait_for()
    page.goto(site + reverse("admin:payments_refund_provider", args=[Refund.objects.get().pk]))
    page.get_by_role("button", name="Rendre cet argent").click()
    page.locator(".messagelist").wait_for()


def invoice_a_public_body(page, site):
    lines = [Line("training", "Acculturation à l’IA, une journée", Decimal(1200))]
    charge = Charge.open(
        name="Mairie d’essai",
        email="mairie@example.org",
        lines=lines,
        return_path="/",
        due_on=date(2026, 12, 20),
    )
    page.goto(site + reverse("payments:charge_invoice", args=[charge.uuid]))
    page.get_by_label("C’est une organisation").check()
    typed = {
        "Nom ou dénomination": "Commune d’essai",
        "Adresse": "1 place de l’Essai",
        "Code postal": "34000",
        "Ville": "Montpellier",
        "SIREN ou SIRET": "24340001700022",
        "Code service": "SERVICE-01",
        "Numéro d’engagement": "ENG-2026-77",
    }
    for label, text in typed.items():
        page.get_by_label(label).fill(text)
    page.locator("main button[type=submit]").click()
    page.get_by_text("Votre facture est prête").wait_for()
    return charge


def close_november(page, site):
    page.goto(site + reverse("admin:payments_closing_close"))
    page.locator(".submit-row input[type=submit]").first.click()
    page.get_by_text("Novembre 2026 est clos.").wait_for()


def file_of_entries(page, site):
    page.goto(site + reverse("admin:payments_books") + "?since=2026-11&until=2026-11")
    with page.expect_download() as download:
        page.get_by_role("link", name="Fichier des écritures (FEC)").click()
    with open(download.value.path(), newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def euros(text):
    return Decimal(text.replace(",", "."))


def test_a_month_of_a_treasurer(page, site, console, clock, settings):
    know_ourselves(settings)
    treasurer = factories.create_role("Trésorerie")
    card, cheque, transfer = dues("Zoé Démo"), dues("Ada Démo"), dues("Léon Démo")

    by_card(page, site, card)
    public = invoice_a_public_body(page, site)
    enter(page, site, treasurer)
    by_transfer(page, site, transfer)
    by_cheque(page, site, cheque)
    give_back(page, site, card, "10.00")

    clock.move_to(DECEMBER)
    enter(page, site, treasurer)
    close_november(page, site)
    rows = file_of_entries(page, site)

    invoice = Document.objects.get(charge=public, kind="invoice")
    assert (invoice.number, invoice.buyer["service_code"]) == ("F2026-00001", "SERVICE-01")
    held = {}
    for row in rows:
        held[row["CompteNum"]] = held.get(row["CompteNum"], 0) + euros(row["Debit"]) - euros(row["Credit"])
    assert held == {"411": 1200, "580": 30, "512": 80, "756": -110, "706": -1200}
    closing = Closing.objects.get()
    assert sum(euros(row["Debit"]) for row in rows) == closing.total
    assert closing.total == sum(
        entry.amount for entry in books.entries(date(2026, 11, 1), date(2026, 11, 30))
    )
    assert {row["ValidDate"] for row in rows} == {"20261203"}
    assert Payment.objects.count() == 4
    leave(page)
