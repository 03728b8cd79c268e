"""The treasurer's figures are those of the books, and add up whichever way they are cut."""

import calendar
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import hypothesis
import pytest
import time_machine
from django.conf import settings
from django.db import transaction
from hypothesis import strategies as st

from payments import books, treasury
from payments.models import Charge, Line, NotUndoable, Payment, Refund, RefundTooLarge
from payments.treasury import Treasury
from tests.factories import create_charge, create_staff

pytestmark = pytest.mark.django_db
YEAR = date(2026, 1, 1), date(2026, 12, 31)


def on(month, day, year=2026):
    """From eleven on: what is written in one second is in order."""
    return time_machine.travel(datetime(year, month, day, 11, tzinfo=UTC))


def basket(email="payeur@example.org", due_on=None, **amounts):
    return Charge.open(
        name=email.partition("@")[0].capitalize(),
        email=email,
        lines=[Line(nature, nature, Decimal(amount)) for nature, amount in amounts.items()],
        return_path="/",
        due_on=due_on,
    )


def pay(charge, amount, reference, method="transfer", **fields):
    return charge.record_payment(method=method, amount=Decimal(amount), reference=reference, **fields)


def of_last_year():
    with on(12, 30, 2025):
        owing = basket("hier@example.org", dues=90)
        pay(owing, 30, "V0")
    return owing


def of_the_spring(staff):
    with on(2, 3):
        whole = basket(dues=40, gift=10, training=100)
        pay(whole, 150, "V1", method="helloasso")
        cash = basket(dues=25)
        pay(cash, 25, "E1", method="cash")
        twice = basket("double@example.org", dues=40)
        pay(twice, 40, "C1", method="cheque")
        pay(twice, 40, "C2", method="cheque")
    with on(3, 10):
        training = whole.lines.get(nature="training")
        refund = whole.owe_refund(Decimal(100), reason=Refund.Reason.CANCELLED, line=training)
        refund.settle(method="transfer", reference="R1")
        mistaken = pay(basket("erreur@example.org", event=60), 60, "C3", method="cheque")
    with on(4, 2):
        mistaken.undo(by=staff)
        twice.refunds.to_make().get().apply_to(mistaken.charge, by=staff)  # 40 of 60
    return whole


def of_the_autumn(staff):
    with on(9, 1):
        contested = basket("conteste@example.org", event=70)
        payment = pay(contested, 70, "S1", method="stripe")
        lost = basket("perdu@example.org", training=200)
        pay(lost, 50, "V2")
        invoiced = basket("mairie@example.org", sponsorship=500, due_on=date(2026, 11, 30))
        invoiced.book()
        reduced = basket("geste@example.org", dues=30, gift=10)
        pay(reduced, 10, "E2", method="cash")
    with on(10, 5):
        contested.take_back(payment, amount=Decimal(70), reference="S2", kind=Payment.Kind.CHARGEBACK)
        lost.write_off(reason="Introuvable", by=staff)
        reduced.reduce(Decimal(15), reason="Geste")
        cancelled = basket("annule@example.org", event=45)
        pay(cancelled, 45, "H1", method="helloasso")
        cancelled.cancel(reason="Annulé")
    with on(11, 20):
        basket("panier@example.org", dues=1000)


@pytest.fixture
def year():
    staff = create_staff()
    of_last_year()
    of_the_spring(staff)
    of_the_autumn(staff)
    with on(12, 15):
        yield Treasury(*YEAR)


def by_label(rows):
    return {str(row.label): row.figures for row in rows}


def balance(since, until, *accounts):
    """Debits less credits of these accounts, in the books."""
    held = books.balances(since, until)
    return sum((held[one][0] - held[one][1] for one in accounts if one in held), Decimal(0))


def test_the_figures_are_those_of_the_books(year):
    february, october = date(2026, 2, 1), date(2026, 10, 1)
    periods = [
        YEAR,
        (february, date(2026, 3, 31)),
        (october, date(2026, 10, 31)),
        (date(2025, 1, 1), YEAR[1]),
    ]
    for since, until in periods:
        found = Treasury(since, until)
        natures, methods = by_label(found.natures), by_label(found.methods)
        for account in {"756", "754", "706"}:
            of = [name for name, number in settings.BOOKS["natures"].items() if number == account]
            figures = [natures[label] for name in of if (label := str(treasury.NATURES[name])) in natures]
            assert sum(one.asked for one in figures) == -balance(since, until, account)
        for account in {"512", "530", "580", "4191"}:
            of = [name for name, number in settings.BOOKS["methods"].items() if number == account]
            figures = [methods[label] for name in of if (label := str(treasury.METHODS[name])) in methods]
            assert sum(one.kept for one in figures) == balance(since, until, account)
        assert found.total.lost == balance(since, until, "654")
        assert found.total.due == balance(None, until, "411") == found.amount_due - found.credit


def test_a_payment_typed_late_and_valued_before_its_sum_was_in_the_books(year):
    invoiced = basket("retard@example.org", dues=40)
    invoiced.book(on=date(2026, 11, 10))
    pay(invoiced, 10, "V9", valued_on=date(2026, 10, 28))
    until = date(2026, 10, 31)
    before = balance(None, until, "411")

    found = Treasury(until.replace(day=1), until)

    assert found.total.due == before == found.amount_due - found.credit
    assert sum(row.figures.due for row in found.natures) == before


movements = st.lists(
    st.tuples(
        st.sampled_from(["book", "pay", "pay", "give_back", "reduce", "cancel", "write_off", "undo"]),
        st.integers(0, 2),
        st.integers(1, 15),
        st.integers(-70, 0),
    ),
    min_size=3,
    max_size=9,
)


def move(charges, number, kind, which, tenths, days, staff):
    """Whatever is refused is not what is looked at here."""
    charge = Charge.objects.get(pk=charges[which].pk)
    amount = (charge.amount * tenths / 10).quantize(Decimal("0.01"))
    on = date(2026, 12, 15) + timedelta(days)
    verbs = {
        "book": lambda: charge.book(on=on),
        "pay": lambda: pay(charge, amount, f"P{number}", valued_on=on),
        "give_back": lambda: charge.owe_refund(amount, reason="gesture").settle(
            method="transfer", reference=f"R{number}", valued_on=on
        ),
        "reduce": lambda: charge.reduce(amount, reason="Geste"),
        "cancel": lambda: charge.cancel(reason="Annulé"),
        "write_off": lambda: charge.write_off(reason="Parti", by=staff),
        "undo": lambda: charge.payments.latest("pk").undo(by=staff),
    }
    with suppress(RefundTooLarge, NotUndoable, Payment.DoesNotExist):
        verbs[kind]()


@hypothesis.settings(max_examples=7, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
@hypothesis.given(movements=movements)
def test_in_any_period_what_is_due_by_nature_is_what_the_payers_owe_in_the_books(movements):
    with on(12, 15), transaction.atomic():
        staff = create_staff()
        charges = [basket(dues=40, gift=10), basket(event=30), basket(training=90, dues=1)]
        for number, movement in enumerate(movements):
            move(charges, number, *movement, staff)
        for month in (10, 11, 12):
            since, until = date(2026, month, 1), date(2026, month, calendar.monthrange(2026, month)[1])
            total, held = Treasury(since, until).total, balance(since, until, "411")
            assert total.due == balance(None, until, "411")
            assert total.asked - total.lost - total.kept == held
        transaction.set_rollback(True)


def test_months_methods_natures_and_ages_add_up_to_the_same(year):
    for until in (date(2026, 3, 31), date(2026, 4, 30), date(2026, 10, 31), YEAR[1]):
        found = Treasury(YEAR[0], until)
        total = found.total
        for rows in (found.months, found.methods):
            assert sum(row.figures.received for row in rows) == total.received
            assert sum(row.figures.given_back for row in rows) == total.given_back
        assert sum(row.figures.asked for row in found.months) == total.asked
        assert sum(row.figures.lost for row in found.months) == total.lost
        assert sum(row.amount for row in found.ages) == found.amount_due
        assert sum(row.amount for row in found.debtors(99)) == found.amount_due


def test_a_year_by_nature(year):
    found = {
        label: (one.asked, one.lost, one.received, one.given_back, one.due)
        for label, one in by_label(year.natures).items()
    }

    half = Decimal("0.50")
    assert found == {
        "cotisation": (120, 0, 112 + half, 0, 67 + half),
        "don": (20, 0, 12 + half, 0, 7 + half),
        "événement": (130, 0, 155, 70, 45),  # 45 of them to be given back
        "formation": (200, 150, 150, 100, 0),
        "parrainage": (500, 0, 0, 0, 500),
        "trop perçu": (0, 0, 40, 40, 0),  # used for something else
    }
    assert (year.amount_due, year.credit) == (665, 45)


def test_what_is_due_has_an_age_counted_from_the_day_agreed_or_that_of_the_books(year):
    found = {str(row.age.label): (row.charges, row.amount) for row in year.ages}

    assert found == {
        "pas encore échue": (0, 0),
        "0 à 30 jours": (1, 500),  # due on 30 November, booked in September
        "31 à 60 jours": (0, 0),
        "61 à 90 jours": (0, 0),
        "plus de 90 jours": (4, 165),
    }
    earlier = Treasury(date(2026, 9, 1), date(2026, 9, 30))
    assert [(row.age.name, row.amount) for row in earlier.ages if row.charges] == [
        ("coming", 500),
        ("30", 180),
        ("older", 80),
    ]


def test_who_owes_most_comes_first(year):
    assert [(one.name, one.charges, one.amount) for one in year.debtors(3)] == [
        ("Mairie", 1, 500),
        ("Conteste", 1, 70),
        ("Hier", 1, 60),
    ]


def test_a_period_without_anything_is_empty_and_has_its_months():
    found = Treasury(*YEAR)

    assert (found.natures, found.methods, found.owing) == ([], [], [])
    assert [row.label.month for row in found.months] == list(range(1, 13))
    assert found.total.is_empty


def test_it_costs_the_same_for_one_charge_and_for_many(django_assert_num_queries):
    def look():
        found = Treasury(*YEAR)
        return found.months, found.methods, found.total, found.ages, found.debtors(10)

    with on(6, 1):
        for number in range(3):
            pay(create_charge(), 10 + number, f"V{number}")
        with django_assert_num_queries(15):
            look()
        for number in range(3, 20):
            pay(create_charge(email=f"p{number}@example.org"), 10 + number, f"V{number}")
        with django_assert_num_queries(15):
            look()
