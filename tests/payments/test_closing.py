"""Closing a month, and the files an accountant asks for."""

import csv
from datetime import date, datetime
from decimal import Decimal
from uuid import uuid4

import pytest
import time_machine
from django.db.models import ProtectedError
from django.urls import reverse

from journal.models import Entry
from members.models import Application
from payments import books, fec, invoicing, tasks
from payments.models import Adjustment, Charge, Closing, MonthNotOver, MonthsBefore, Refund
from tests import papers
from tests.admin import assert_same_queries
from tests.factories import create_charge, create_plan, create_role

pytestmark = pytest.mark.django_db
PARIS = "2026-12-%02dT10:00+01:00"


@pytest.fixture(autouse=True)
def december():
    with time_machine.travel(datetime.fromisoformat(PARIS % 10), tick=False) as clock:
        yield clock


@pytest.fixture
def treasurer(client):
    user = create_role("Trésorerie")
    client.force_login(user)
    return user


def pay(charge, amount=40, reference="1", method="transfer", **fields):
    return charge.record_payment(method=method, amount=Decimal(amount), reference=reference, **fields)


def year_of_a_small_association(staff):
    """October to December: dues, an overpayment given back, a gift cancelled, a loss."""
    pay(create_charge(40), valued_on=date(2026, 10, 5))
    pay(create_charge(40), 65, "2", valued_on=date(2026, 11, 30))
    Refund.objects.get().settle(method="transfer", reference="R", recorded_by=staff)
    lost = create_charge(120)
    pay(lost, 20, "3", "cash", valued_on=date(2026, 12, 1))
    lost.write_off(reason="Liquidation", by=staff)


def rows_of(text):
    return list(csv.DictReader(text.splitlines(), delimiter="\t"))


def amount(text):
    return Decimal(text.replace(",", "."))


def test_months_are_closed_in_order(treasurer):
    year_of_a_small_association(treasurer)

    with pytest.raises(MonthsBefore):
        Closing.close(date(2026, 11, 1), by=treasurer)
    closing = Closing.close(date(2026, 10, 1), by=treasurer)

    assert (closing.entry_count, closing.total) == (2, 80)


def test_empty_months_need_no_closing(treasurer):
    pay(create_charge(40), valued_on=date(2026, 11, 5))

    assert Closing.close(date(2026, 11, 17), by=treasurer).month == date(2026, 11, 1)


@pytest.mark.parametrize("month", [date(2026, 12, 1), date(2027, 1, 1)])
def test_a_month_that_is_not_over_stays_open(treasurer, month):
    with pytest.raises(MonthNotOver):
        Closing.close(month, by=treasurer)


def test_closing_twice_changes_nothing(treasurer):
    first = Closing.close(date(2026, 11, 1), by=treasurer)

    assert Closing.close(date(2026, 11, 1), by=treasurer) == first
    assert Closing.objects.count() == 1


def test_money_of_a_closed_month_is_written_on_the_first_open_day_and_keeps_its_own(treasurer):
    Closing.close(date(2026, 11, 1), by=treasurer)

    payment = pay(create_charge(40), valued_on=date(2026, 11, 28))

    assert (payment.valued_on, payment.booked_on) == (date(2026, 11, 28), date(2026, 12, 1))
    assert payment.charge.booked_on == date(2026, 12, 1)


def test_the_last_day_of_the_year_recorded_in_january(december, treasurer):
    charge = create_charge(40)
    december.move_to(datetime.fromisoformat("2027-01-02T09:00+01:00"))
    before = pay(charge, valued_on=date(2026, 12, 31))
    Closing.close(date(2026, 12, 1), by=treasurer)
    after = pay(create_charge(40), reference="2", valued_on=date(2026, 12, 31))

    assert (before.booked_on, after.booked_on) == (date(2026, 12, 31), date(2027, 1, 1))
    assert after.valued_on == date(2026, 12, 31)


def test_a_closed_month_says_when_its_rows_were_changed_behind_its_back(treasurer):
    charge = create_charge(40)
    pay(charge, valued_on=date(2026, 11, 5))
    closing = Closing.close(date(2026, 11, 1), by=treasurer)
    assert closing.is_intact

    charge.lines.update(amount=30)

    assert not closing.is_intact


def test_forgetting_a_payer_leaves_a_closed_month_intact(treasurer):
    charge = create_charge(40)
    pay(charge, 20, valued_on=date(2026, 11, 5))
    closing = Closing.close(date(2026, 11, 1), by=treasurer)

    charge.reduce(Decimal(10), reason="Camille Démo a changé d’avis", by=treasurer)
    charge.cancel(reason="Camille Démo est partie", by=treasurer)

    Charge.objects.filter(pk=charge.pk).forget_payers()

    assert closing.is_intact
    said = [*Charge.objects.values_list("name", "cancel_reason"), *Adjustment.objects.values_list("reason")]
    assert "Camille" not in str(said)


def test_whoever_closed_a_month_stays_known(treasurer):
    Closing.close(date(2026, 11, 1), by=treasurer)

    with pytest.raises(ProtectedError):
        treasurer.delete()


# Files


def test_the_file_of_entries_has_the_columns_of_the_law_and_adds_up(treasurer):
    year_of_a_small_association(treasurer)
    Closing.close(date(2026, 10, 1), by=treasurer)

    rows = rows_of("".join(fec.lines(date(2026, 10, 1), date(2026, 12, 31))))

    assert list(rows[0]) == fec.COLUMNS
    assert len(fec.COLUMNS) == 18
    debits, credits = (sum(amount(row[side]) for row in rows) for side in ("Debit", "Credit"))
    assert debits == credits == sum(entry.amount for entry in books.entries())
    assert [int(row["EcritureNum"]) for row in rows[::2]] == list(range(1, len(rows) // 2 + 1))
    assert [row["EcritureDate"] for row in rows] == sorted(row["EcritureDate"] for row in rows)
    assert {row["EcritureDate"][:6]: row["ValidDate"] for row in rows} == {
        "202610": "20261210",
        "202611": "",
        "202612": "",
    }
    by_account = {}
    for row in rows:
        by_account[row["CompteNum"]] = (
            by_account.get(row["CompteNum"], 0) + amount(row["Debit"]) - amount(row["Credit"])
        )
    assert {number: left for number, left in by_account.items() if left} == {
        "512": 80,
        "530": 20,
        "654": 100,
        "756": -200,
    }


def test_numbers_follow_those_of_the_months_before(treasurer):
    year_of_a_small_association(treasurer)

    whole = rows_of("".join(fec.lines(date(2026, 1, 1), date(2026, 12, 31))))
    november = rows_of("".join(fec.lines(date(2026, 11, 1), date(2026, 11, 30))))

    assert november == [row for row in whole if row["EcritureDate"].startswith("202611")]


def test_numbers_begin_again_with_each_accounting_year(december, treasurer):
    year_of_a_small_association(treasurer)
    december.move_to(datetime.fromisoformat("2027-02-02T09:00+01:00"))
    pay(create_charge(40), reference="27")

    both = rows_of("".join(fec.lines(date(2026, 10, 1), date(2027, 2, 28))))
    alone = rows_of("".join(fec.lines(date(2027, 1, 1), date(2027, 2, 28))))

    assert [row["EcritureNum"] for row in both if row["EcritureDate"] > "2027"] == ["1", "1", "2", "2"]
    assert [row for row in both if row["EcritureDate"] > "2027"] == alone
    assert both[0]["EcritureNum"] == "1"


def test_a_payer_has_one_account_whatever_they_are_called_and_however_much_they_owe(treasurer):
    pay(create_charge(40, name="Zoé", email="zoe@example.org"))
    pay(create_charge(40, name="Zoé Ravel", email="zoe@example.org"), reference="2")
    forgotten = create_charge(40, name="Alex", email="alex@example.org")
    pay(forgotten, reference="3")
    Charge.objects.filter(pk=forgotten.pk).forget_payers()

    rows = rows_of("".join(fec.lines(date(2026, 12, 1), date(2026, 12, 31))))

    payers = {(row["CompAuxNum"], row["CompAuxLib"]) for row in rows if row["CompteNum"] == "411"}
    assert payers == {("zoe@example.org", "Zoé Ravel"), (forgotten.number, forgotten.number)}
    assert {row["CompAuxNum"] for row in rows if row["CompteNum"] != "411"} == {""}


def test_a_sale_bears_the_number_of_its_invoice_and_a_correction_that_of_its_credit_note(settings, treasurer):
    papers.know_ourselves(settings)
    charge = papers.create_billed(("event", 90), ("dues", 100))
    first, second = sorted(invoicing.invoice(charge), key=lambda one: one.total)
    pay(charge, 50, valued_on=date(2026, 12, 1))
    charge.reduce(Decimal(20), reason="Geste", line=charge.lines.get(nature="dues"))
    tasks.issue_credit_notes()
    note = charge.documents.get(kind="credit_note")
    plain = create_charge(40)
    pay(plain, reference="2")

    rows = rows_of("".join(fec.lines(date(2026, 12, 1), date(2026, 12, 31))))

    assert [(row["PieceRef"], row["PieceDate"], row["CompteNum"], row["Credit"]) for row in rows[1::2]] == [
        (charge.number, "20261201", "411", "50,00"),
        (first.number, "20261210", "706", "90,00"),
        (second.number, "20261210", "756", "100,00"),
        (plain.number, "20261210", "756", "40,00"),
        (note.number, "20261210", "411", "20,00"),
        (plain.number, "20261210", "411", "40,00"),
    ]


def test_an_invoice_issued_after_its_month_was_closed_changes_nothing_in_its_file(settings, treasurer):
    papers.know_ourselves(settings)
    charge = papers.create_billed(("event", 90))
    pay(charge, 90, valued_on=date(2026, 11, 5))
    Closing.close(date(2026, 11, 1), by=treasurer)
    november = date(2026, 11, 1), date(2026, 11, 30)
    before = list(fec.lines(*november))
    with time_machine.travel(datetime.fromisoformat(PARIS % 11), tick=False):
        invoicing.invoice(charge)

    assert list(fec.lines(*november)) == before


def test_dues_of_people_and_of_organisations_have_accounts_of_their_own(settings, treasurer):
    accounts = {"person": "7561", "organisation": "7562"}
    settings.BOOKS = settings.BOOKS | {"dues": accounts}
    for number, (kind, price) in enumerate([("person", 40), ("organisation", 300)]):
        who = {"first_name": "Alex", "last_name": "Démo", "email": f"{kind}@example.org"}
        who |= {"organisation": "Coopérative d’essai"} if kind == "organisation" else {}
        plan = create_plan(kind=kind, price=Decimal(price))
        application = Application.submit(plan, request_key=uuid4(), **who)
        pay(application.charge, price, str(number))
    pay(create_charge(10), 10, "sans formule")

    rows = rows_of("".join(fec.lines(date(2026, 12, 1), date(2026, 12, 31))))

    sold = {row["CompteNum"]: (row["CompteLib"], row["Credit"]) for row in rows if row["JournalCode"] == "VE"}
    del sold["411"]
    assert sold == {
        "7561": ("Cotisations sans contrepartie", "40,00"),
        "7562": ("Cotisations avec contrepartie", "300,00"),
        "756": ("Cotisations", "10,00"),
    }


def test_a_name_with_a_tab_or_a_new_line_cuts_no_line(treasurer):
    charge = create_charge(40)
    Charge.objects.filter(pk=charge.pk).update(name="Zoé\tDémo\r\net fils")
    pay(charge)

    rows = rows_of("".join(fec.lines(date(2026, 12, 1), date(2026, 12, 31))))

    assert {row["CompAuxLib"] for row in rows} == {"Zoé Démo et fils", ""}
    assert len(rows) == 4


def test_the_file_is_named_for_the_siren_and_the_last_day(settings):
    settings.ASSOCIATION = settings.ASSOCIATION | {"siret": "12345678200010"}

    assert fec.filename(date(2026, 12, 31)) == "123456782FEC20261231.txt"


# Pages


def test_the_treasurer_closes_a_month_and_takes_the_files_away(client, treasurer):
    pay(create_charge(40), valued_on=date(2026, 11, 5))

    answer = client.post(reverse("admin:payments_closing_close"), {"month": "2026-11"}, follow=True)
    period = {"since": "2026-11", "until": "2026-11"}
    page = client.get(reverse("admin:payments_books"), period)
    file = client.get(reverse("admin:payments_books_fec"), period)
    journal = client.get(reverse("admin:payments_books_csv"), period)

    assert "Novembre 2026 est clos." in answer.text
    assert "411 Adhérents et clients" in page.text
    assert "FEC20261130.txt" in file.headers["Content-Disposition"]
    assert "no-store" in file.headers["Cache-Control"]
    assert len(rows_of(file.getvalue().decode())) == 4
    assert len(journal.getvalue().decode().splitlines()) == 3
    taken = Entry.objects.filter(action="exported").about(Charge.objects.get()).order_by("pk")
    assert [(one.actor, one.note) for one in taken] == [
        (treasurer, fec.filename(date(2026, 11, 30))),
        (treasurer, "journal-2026-11-2026-11.csv"),
    ]


@pytest.mark.parametrize(
    ("month", "sentence"),
    [
        ("2026-12", "Ce mois n’est pas fini."),
        ("2026-11", "Un mois d’avant est encore ouvert"),
        ("0026-10", "Cette date a plus de dix ans"),
        ("novembre", "Écrivez un mois sous la forme 2026-11."),
        ("", "Ce champ est obligatoire."),
    ],
)
def test_a_month_that_cannot_be_closed_is_said_next_to_it(client, treasurer, month, sentence):
    pay(create_charge(40), valued_on=date(2026, 10, 5))

    answer = client.post(reverse("admin:payments_closing_close"), {"month": month})

    assert answer.status_code == 400
    assert sentence in answer.text
    assert not Closing.objects.exists()


@pytest.mark.parametrize("page", ["books", "books_csv", "books_fec"])
@pytest.mark.parametrize("since", ["2026-12", "demain"])
def test_months_that_do_not_follow_are_refused(client, treasurer, page, since):
    answer = client.get(reverse(f"admin:payments_{page}"), {"since": since, "until": "2026-11"})

    assert answer.status_code == 400


def test_the_last_month_of_all_is_only_far_away(client, treasurer):
    answer = client.get(reverse("admin:payments_books"), {"since": "2026-11", "until": "9999-12"})

    assert answer.status_code == 200


@pytest.mark.parametrize("page", ["closing_close", "books", "books_csv", "books_fec", "closing_changelist"])
def test_the_books_are_for_the_treasurers(client, page):
    client.force_login(create_role("Formations"))

    assert client.get(reverse(f"admin:payments_{page}")).status_code == 403


def test_the_list_of_closings_costs_the_same_for_one_and_for_many(client, treasurer):
    months = iter(date(year, month, 1) for year in range(2015, 2026) for month in range(1, 13))

    assert_same_queries(
        client,
        reverse("admin:payments_closing_changelist"),
        lambda: Closing.close(next(months), by=treasurer),
    )


def test_the_books_are_read_in_as_many_queries_whatever_they_hold(django_assert_num_queries):
    for number in range(3):
        pay(create_charge(40), reference=str(number))

    with django_assert_num_queries(4):
        assert len(list(books.entries())) == 6
    assert not Adjustment.objects.exists()
