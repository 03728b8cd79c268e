"""A mixed basket: what came in for it, and went back, by nature."""

from collections import Counter
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payments.models import Charge, Line, Refund
from payments.natures import EXCESS, Written, shares, shares_of, spread
from tests.factories import create_charge, create_staff

NATURES = ["dues", "event", "gift", "training"]
DAY, MOMENT = date(2027, 1, 1), datetime(2027, 1, 1)
cents = st.integers(1, 50_000).map(lambda number: Decimal(number) / 100)
baskets = st.dictionaries(st.sampled_from(NATURES), cents, min_size=1)


@settings(max_examples=40)
@given(baskets, st.integers(0, 100), st.randoms())
def test_parts_add_up_to_the_cent_whatever_the_order_of_the_weights(weights, percent, rng):
    whole = sum(weights.values())
    amount = (whole * percent / 100).quantize(Decimal("0.01"))
    shuffled = list(weights.items())
    rng.shuffle(shuffled)

    parts = spread(amount, weights)

    assert sum(parts.values()) == amount
    assert spread(amount, dict(shuffled)) == parts
    for key, weight in weights.items():
        part = parts.get(key, Decimal(0))
        assert 0 <= part <= weight
        assert abs(part - amount * weight / whole) < Decimal("0.01")


@st.composite
def histories(draw):
    """A basket, then what was written: payments, money given back, corrections of what is still owed."""
    owed = draw(baskets)
    left, held, rows = dict(owed), Decimal(0), []
    for number in range(draw(st.integers(1, 7))):
        at, on = MOMENT + timedelta(days=number), DAY + timedelta(days=draw(st.integers(0, 3)))
        kinds = ["pay", *["give"] * (held > 0), *["correct"] * (sum(left.values()) > 0)]
        kind, percent = draw(st.sampled_from(kinds)), draw(st.sampled_from([1, 33, 50, 67, 100]))
        if kind == "correct":
            nature = draw(st.sampled_from([key for key, amount in left.items() if amount]))
            amount = max((left[nature] * percent / 100).quantize(Decimal("0.01")), Decimal("0.01"))
            left[nature] -= amount
            rows.append(Written(at, None, on, amount, nature))
            continue
        amount = draw(cents)
        if kind == "give":
            amount = -max((held * percent / 100).quantize(Decimal("0.01")), Decimal("0.01"))
        held += amount
        rows.append(Written(at, number, on, amount))
    return owed, left, rows


@settings(max_examples=40)
@given(histories())
def test_each_payment_is_shared_whole_and_nothing_is_held_below_zero(history):
    owed, left, rows = history

    found = list(shares_of(1, owed, rows))

    by_payment, held = Counter(), Counter()
    for share in found:
        by_payment[share.payment] += share.amount
        held[share.nature] += share.amount
    amounts = {row.payment: row.amount for row in rows if row.payment is not None}
    assert {key: amount for key, amount in by_payment.items() if key is not None} == amounts
    assert by_payment[None] == 0  # a correction moves money, and brings none
    assert all(share.amount * amounts[share.payment] > 0 for share in found if share.payment is not None)
    assert all(amount >= 0 for amount in held.values())
    missing = [key for key in NATURES if held[key] < left.get(key, 0)]
    spare = [key for key in [*NATURES, EXCESS] if held[key] > left.get(key, 0)]
    assert not (missing and spare)


@settings(max_examples=40)
@given(histories())
def test_what_is_written_later_changes_no_share(history):
    owed, _left, rows = history

    payments = [row for row in rows if row.payment is not None]
    whole = list(shares_of(1, owed, rows))

    for count, last in enumerate(payments, start=1):
        known = [row for row in rows if row.at <= last.at]
        before = [share for share in shares_of(1, owed, known) if share.payment is not None]
        ours = {row.payment for row in payments[:count]}
        assert before == [share for share in whole if share.payment in ours]


@settings(max_examples=40)
@given(baskets, st.lists(st.integers(1, 9), min_size=1, max_size=5), st.randoms())
def test_a_covered_basket_holds_what_each_nature_owes_however_it_was_paid(owed, slices, rng):
    whole = sum(owed.values())
    amounts = [(whole * one / sum(slices)).quantize(Decimal("0.01"), "ROUND_DOWN") for one in slices]
    amounts.append(whole - sum(amounts))
    rng.shuffle(amounts)
    rows = [Written(MOMENT, number, DAY, amount) for number, amount in enumerate(amounts, 1) if amount]

    held = Counter()
    for share in shares_of(1, owed, rows):
        held[share.nature] += share.amount

    assert held == owed


# With the verbs


def basket(**amounts):
    return Charge.open(
        name="Camille Démo",
        email="payeur@example.org",
        lines=[Line(nature, nature, Decimal(amount)) for nature, amount in amounts.items()],
        return_path="/",
    )


def held(*charges):
    found = Counter()
    for share in shares(Charge.objects.filter(pk__in=[one.pk for one in charges])):
        found[share.nature] += share.amount
    return {nature: amount for nature, amount in found.items() if amount}


def pay(charge, amount, reference):
    return charge.record_payment(method="transfer", amount=Decimal(amount), reference=reference)


@pytest.mark.django_db
def test_a_training_that_is_given_back_leaves_the_dues_and_the_gift():
    charge = basket(dues=40, gift=10, training=100)
    pay(charge, 150, "1")
    line = charge.lines.get(nature="training")

    charge.owe_refund(Decimal(100), reason=Refund.Reason.CANCELLED, line=line).settle(
        method="transfer", reference="R"
    )

    assert held(charge) == {"dues": 40, "gift": 10}


@pytest.mark.django_db
def test_a_part_is_shared_in_proportion_and_what_is_reduced_pays_for_the_rest():
    charge = basket(dues=40, training=100)
    pay(charge, 70, "1")
    assert held(charge) == {"dues": 20, "training": 50}

    charge.reduce(Decimal(70), reason="Annulée", line=charge.lines.get(nature="training"))

    assert charge.paid_at is not None
    assert held(charge) == {"dues": 40, "training": 30}


@pytest.mark.django_db
def test_what_is_paid_twice_is_of_no_nature_and_goes_back_as_it_came():
    charge = basket(dues=40, gift=10)
    pay(charge, 50, "1")
    twice = pay(charge, 50, "2")
    assert held(charge) == {"dues": 40, "gift": 10, EXCESS: 50}

    twice.undo(by=create_staff())

    assert held(charge) == {"dues": 40, "gift": 10}


@pytest.mark.django_db
def test_money_that_comes_once_all_is_cancelled_is_of_no_nature():
    charge = basket(dues=40)
    charge.cancel()

    pay(charge, 40, "1")

    assert held(charge) == {EXCESS: 40}


@pytest.mark.django_db
def test_a_thousand_charges_cost_three_queries(django_assert_num_queries):
    charges = [create_charge(), basket(dues=1, gift=2), basket(event=3)]
    for charge in charges:
        pay(charge, charge.amount, f"V{charge.pk}")

    with django_assert_num_queries(3):
        assert held(*charges) == {"dues": 41, "gift": 2, "event": 3}
