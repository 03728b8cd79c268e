"""What a payer was asked for, paid and got back between two days: read, printed and taken away."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from documents import tables
from documents.models import Export
from documents.spreadsheets import as_csv
from journal.models import Entry
from payments import extracts
from payments.admin import extracts as page_of_extracts
from payments.extracts import Extract, ExtractTable
from payments.models import Charge, Line, Payment, Refund
from payments.treasury import Treasury
from tests.admin import unlabelled
from tests.factories import create_charge, create_staff, create_user
from tests.papers import text_of

pytestmark = pytest.mark.django_db
YEAR = {"since": date(2026, 1, 1), "until": date(2026, 12, 31)}


def on(month, day, year=2026):
    return time_machine.travel(datetime(year, month, day, 11, tzinfo=UTC))


@pytest.fixture
def staff(client):
    client.force_login(create_staff())
    return client


def pay(charge, amount, reference, method="transfer"):
    return charge.record_payment(method=method, amount=Decimal(amount), reference=reference)


@pytest.fixture
def mixed():
    """A basket of last year still owed in part, and one of this year, of which the training is given back."""
    with on(12, 20, 2025):
        pay(create_charge(60), 45, "V0")
    with on(2, 3):
        lines = [
            Line(name, name.capitalize(), Decimal(amount))
            for name, amount in [("dues", 40), ("training", 100)]
        ]
        charge = Charge.open(name="Camille Démo", email="payeur@example.org", lines=lines, return_path="/")
        pay(charge, 140, "V1")
        pay(create_charge(999, email="autre@example.org"), 5, "X")
        create_charge(70)  # a basket
    with on(3, 4):
        line = charge.lines.get(nature="training")
        refund = charge.owe_refund(Decimal(100), reason=Refund.Reason.CANCELLED, line=line)
        refund.settle(method="cheque", reference="R1")
    with on(6, 1):
        yield charge


def own(**fields):
    return Extract("Camille", charges=Charge.objects.filter(email="payeur@example.org"), **YEAR | fields)


def told(extract):
    return [
        (f"{step.move.on:%d/%m}", step.move.label, step.move.debit, step.move.credit, step.balance)
        for step in extract.steps
    ]


def test_each_thing_asked_corrected_paid_and_given_back_with_the_balance_after_it(mixed):
    extract = own()

    assert extract.opening == 15
    assert told(extract) == [
        ("03/02", "Dues", 40, None, 55),
        ("03/02", "Training", 100, None, 155),
        ("03/02", "Virement V1", None, 140, 15),
        ("04/03", "Réduction\u00a0: Training", None, 100, -85),
        ("04/03", "Remboursement, chèque R1", 100, None, 15),
    ]
    assert (extract.debit, extract.credit, extract.closing) == (240, 240, 15)


def test_of_one_nature_it_holds_the_part_of_each_payment(mixed):
    assert told(own(nature="dues")) == [
        ("03/02", "Dues", 40, None, 55),
        ("03/02", "Virement V1", None, 40, 15),
    ]
    assert told(own(nature="training"))[-1] == ("04/03", "Remboursement, chèque R1", 100, None, 0)
    everybody = Extract("Tous", nature="training", **YEAR)
    assert (everybody.debit, everybody.credit, everybody.closing) == (200, 200, 0)


def test_its_last_balance_is_that_of_the_treasury_whichever_way_it_is_cut(mixed):
    for until in (date(2026, 2, 28), date(2026, 3, 31), YEAR["until"]):
        whole, mine = Extract("Tous", YEAR["since"], until), own(until=until)
        assert whole.closing == Treasury(YEAR["since"], until).total.due
        assert mine.closing == mine.treasury.total.due
        natures = [own(until=until, nature=nature).closing for nature in ("dues", "training")]
        assert sum(natures) == mine.closing


def test_what_a_provider_or_a_person_took_back_is_said(mixed):
    with on(7, 1):
        other = create_charge(30)
        payment = pay(other, 30, "S1", method="stripe")
        other.take_back(payment, amount=Decimal(30), reference="S2", kind=Payment.Kind.CHARGEBACK)
        pay(other, 30, "C9", method="cheque").undo(by=create_staff())

    labels = [step.move.label for step in own().steps[5:]]

    assert labels[1:] == [
        "Stripe S1",
        "Impayé, Stripe S2",
        "Chèque C9",
        f"Annulation d’une saisie, chèque annule-{Payment.objects.get(reference='C9').pk}",
    ]


def test_the_table_opens_and_ends_with_a_balance_and_names_its_charges(mixed):
    table = ExtractTable(extracts.extract_of(extracts.parameters_of(own())))

    rows = list(as_csv(table))

    assert rows[1] == "01/01/2026;;Solde à l’ouverture;;;15,00\r\n"
    assert rows[4] == f"03/02/2026;{mixed.number};Virement V1;;140,00;15,00\r\n"
    assert rows[-1] == "31/12/2026;;Total et solde;240,00;240,00;15,00\r\n"
    assert list(table.subjects()) == [mixed.pk]


def test_that_of_all_payers_names_each(mixed):
    rows = list(as_csv(ExtractTable(Extract("Tous", nature="training", **YEAR))))

    assert rows[0].endswith("Date;Somme;Payeur;Libellé;Dû;Payé;Solde\r\n")
    assert rows[3] == f"03/02/2026;{mixed.number};Camille Démo;Virement V1;;100,00;0,00\r\n"


# The page


def page_of(charge):
    return reverse("admin:payments_extract_of_payer", args=[charge.pk])


def test_the_page_shows_it_of_the_civil_year_with_its_natures(staff, mixed):
    page = staff.get(page_of(mixed))

    assert unlabelled(page) == []
    assert "Camille Démo, payeur@example.org" in page.text
    assert "Remboursement, chèque R1" in page.text
    assert "autre@example.org" not in page.text
    assert [step.balance for step in page.context["steps"]] == [55, 155, 15, -85, 15]
    assert [str(row.label) for row in page.context["extract"].treasury.natures] == ["cotisation", "formation"]


def test_other_days_and_one_nature_are_chosen_and_a_wrong_day_is_said_beside_its_field(staff, mixed):
    asked = {"since": "2026-03-01", "until": "2026-03-31", "nature": "training"}

    page = staff.get(page_of(mixed), asked)
    wrong = [staff.get(page_of(mixed), {"since": "hier"}), staff.get(page_of(mixed), {"until": "2025-01-01"})]

    assert [step.balance for step in page.context["steps"]] == [-100, 0]
    assert [(one.status_code, "errorlist" in one.text) for one in wrong] == [(400, True)] * 2


def test_there_is_none_from_the_first_day_of_all(staff):
    address = reverse("admin:payments_extract_of_all")

    page = staff.get(address, {"since": "0001-01-01", "until": "2026-12-31", "format": "pdf"})

    assert page.status_code == 400
    assert "since" in page.context["form"].errors


def test_it_is_printed_and_the_journal_says_so(staff, mixed):
    response = staff.get(page_of(mixed), {"format": "pdf"})

    text = text_of(response)
    assert response["Content-Type"] == "application/pdf"
    assert "no-store" in response["Cache-Control"]
    for words in (
        "Extrait de compte",
        "Camille Démo",
        "Du 1er janvier 2026 au 31 décembre 2026",
        "Virement V1",
    ):
        assert words in text
    for amount in ("140,00 €", "15,00 €", "Solde au 31 décembre 2025"):
        assert amount in text
    assert [entry.object_id for entry in Entry.objects.filter(action="exported")] == [mixed.pk]


def test_it_is_taken_away_as_a_table_made_in_the_background(staff, mixed, run_commit_hooks):
    with run_commit_hooks():
        response = staff.post(
            f"{page_of(mixed)}?since=2026-03-01&until=2026-03-31", {"format": "csv"}, follow=True
        )

    export = Export.objects.get()
    assert "L’export se prépare" in response.text
    assert (export.format, export.state, export.row_count) == ("csv", "ready", 4)
    assert export.title == "Extrait de compte 01/03/2026 – 31/03/2026"  # not of whom: it is kept
    with export.file.open() as file:
        assert "Remboursement, chèque R1" in file.read().decode()


def test_a_long_one_is_cut_on_the_page_and_not_printed(staff, mixed, monkeypatch):
    monkeypatch.setattr(page_of_extracts, "SHOWN", 2)
    monkeypatch.setattr(page_of_extracts, "PRINTED", 4)

    page = staff.get(page_of(mixed), {"format": "pdf"})

    assert "et 3 autres lignes\u00a0: exportez-les toutes." in page.text
    assert "Trop long pour un PDF" in page.text


def test_it_costs_the_same_for_one_move_and_for_many(staff, mixed):
    pages = [page_of(mixed), reverse("admin:payments_extract_of_all")]

    def cost():
        with CaptureQueriesContext(connection) as queries:
            for page in pages:
                staff.get(page)
        return len(queries)

    cost()
    before = cost()
    for number in range(4):
        pay(create_charge(), 40, f"N{number}")

    assert cost() == before


def test_a_stranger_and_who_sees_no_payment_are_refused(client, mixed):
    addresses = [page_of(mixed), reverse("admin:payments_extract_of_all")]
    assert [client.get(one).status_code for one in addresses] == [302, 302]
    user = create_user(is_staff=True, second_factor=True)
    user.user_permissions.add(Permission.objects.get(codename="view_charge"))
    client.force_login(user)

    assert [client.get(one).status_code for one in addresses] == [403, 403]
    assert [client.post(one, {"format": "csv"}).status_code for one in addresses] == [403, 403]
    assert not tables.kind_of("payments.extract").may(user)
    assert Export.objects.count() == 0
