"""What joining and renewing give, case by case: the days and the cents are written out, nothing is computed here.

A period is « 2026-01-01 2026-12-31 »; days are inclusive.
"""

from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
import time_machine

from members import plan_changes
from members.models import Application, Membership, PlanPrice
from members.offers import OfferRefused
from tests.factories import create_charge, create_member, create_plan, create_user

pytestmark = pytest.mark.django_db

ROLLING = {"months": 12}
MONTHLY = {"months": 1, "renewal_opens_days": 15}
CALENDAR = {"period": "calendar"}
BY_MONTH = {"period": "calendar", "late_join": "by_month"}
GIVEN = {"period": "calendar", "late_join": "next_free", "free_from_month": 9, "free_from_day": 1}
SEASON = {"period": "fixed", "fixed_starts_on": date(2026, 9, 1), "fixed_ends_on": date(2027, 8, 31)}
SEASON_BY_MONTH = SEASON | {"late_join": "by_month"}
GRACE = {"grace_days": 30}
BACKDATED = {"backdates": True}
SEATS = {"kind": "organisation", "seats_included": 3}


def days(text):
    return tuple(date.fromisoformat(day) for day in text.split())


def at(day, hour="12:00"):
    """That hour in Paris, whatever the season: noon UTC is the same day there."""
    return time_machine.travel(f"{day}T{hour}:00+00:00", tick=False)


def offer_of(plan, history, today, **terms):
    """The days, the total and the days added, or the words of the refusal."""
    member = create_member()
    for text in history:
        starts_on, ends_on = days(text)
        member.open_period(plan, starts_on=starts_on, ends_on=ends_on)
    (on,) = days(today)
    try:
        offer = plan.offer(on=on, after=member.last_period(on=on), **terms)
    except OfferRefused as refusal:
        return type(refusal).__name__
    return f"{offer.starts_on} {offer.ends_on}", f"{offer.total}", offer.added_days


OFFERS = {
    # Joining
    "a year from today": (ROLLING, [], "2026-11-23", ("2026-11-23 2027-11-22", "40.00", 365)),
    "a year from 1 January": (ROLLING, [], "2026-01-01", ("2026-01-01 2026-12-31", "40.00", 365)),
    "a year from 31 December": (ROLLING, [], "2026-12-31", ("2026-12-31 2027-12-30", "40.00", 365)),
    "a year from a leap day": (ROLLING, [], "2028-02-29", ("2028-02-29 2029-02-27", "40.00", 365)),
    "a year up to a leap day": (ROLLING, [], "2027-03-01", ("2027-03-01 2028-02-29", "40.00", 366)),
    "a year over a leap day": (ROLLING, [], "2027-06-15", ("2027-06-15 2028-06-14", "40.00", 366)),
    "a month from the 31st to February": (MONTHLY, [], "2026-01-31", ("2026-01-31 2026-02-27", "40.00", 28)),
    "a month from the 31st to a leap February": (
        MONTHLY, [], "2028-01-31", ("2028-01-31 2028-02-28", "40.00", 29),
    ),
    "a month from the 31st to a month of 30": (MONTHLY, [], "2026-03-31", ("2026-03-31 2026-04-29", "40.00", 30)),
    "six months from 31 August": ({"months": 6}, [], "2026-08-31", ("2026-08-31 2027-02-27", "40.00", 181)),
    "a month over the new year": (MONTHLY, [], "2026-12-15", ("2026-12-15 2027-01-14", "40.00", 31)),
    "the civil year on its first day": (CALENDAR, [], "2026-01-01", ("2026-01-01 2026-12-31", "40.00", 365)),
    "the civil year in November, full price": (
        CALENDAR, [], "2026-11-23", ("2026-11-23 2026-12-31", "40.00", 39),
    ),
    "the civil year on its last day": (CALENDAR, [], "2026-12-31", ("2026-12-31 2026-12-31", "40.00", 1)),
    "a leap civil year": (CALENDAR, [], "2028-01-01", ("2028-01-01 2028-12-31", "40.00", 366)),
    # Joining late
    "by month in January is the whole year": (BY_MONTH, [], "2026-01-31", ("2026-01-31 2026-12-31", "40.00", 335)),
    "by month in February": (BY_MONTH, [], "2026-02-01", ("2026-02-01 2026-12-31", "36.67", 334)),
    "by month on the last of a month counts it": (BY_MONTH, [], "2026-06-30", ("2026-06-30 2026-12-31", "23.33", 185)),
    "by month in July is half": (BY_MONTH, [], "2026-07-01", ("2026-07-01 2026-12-31", "20.00", 184)),
    "by month in November": (BY_MONTH, [], "2026-11-23", ("2026-11-23 2026-12-31", "6.67", 39)),
    "by month in December": (BY_MONTH, [], "2026-12-31", ("2026-12-31 2026-12-31", "3.33", 1)),
    "the next year is not given on 31 August": (GIVEN, [], "2026-08-31", ("2026-08-31 2026-12-31", "40.00", 123)),
    "the next year is given on 1 September": (GIVEN, [], "2026-09-01", ("2026-09-01 2027-12-31", "40.00", 487)),
    "the next year is given on 31 December": (GIVEN, [], "2026-12-31", ("2026-12-31 2027-12-31", "40.00", 366)),
    "a season before it begins": (SEASON, [], "2026-06-15", ("2026-09-01 2027-08-31", "40.00", 365)),
    "a season that has begun": (SEASON, [], "2026-11-23", ("2026-11-23 2027-08-31", "40.00", 282)),
    "a season on its last day": (SEASON, [], "2027-08-31", ("2027-08-31 2027-08-31", "40.00", 1)),
    "a season that is over": (SEASON, [], "2027-09-01", "AddsNoDay"),
    "a season by month, ten of twelve": (SEASON_BY_MONTH, [], "2026-11-23", ("2026-11-23 2027-08-31", "33.33", 282)),
    "a season by month, before it begins": (
        SEASON_BY_MONTH, [], "2026-06-15", ("2026-09-01 2027-08-31", "40.00", 365),
    ),
    # Renewing early
    "the day the renewal opens": (
        ROLLING, ["2026-01-01 2026-12-31"], "2026-11-01", ("2027-01-01 2027-12-31", "40.00", 365),
    ),
    "the day before it opens": (ROLLING, ["2026-01-01 2026-12-31"], "2026-10-31", "TooEarly"),
    "on the last day": (ROLLING, ["2026-01-01 2026-12-31"], "2026-12-31", ("2027-01-01 2027-12-31", "40.00", 365)),
    "twice in a row": (
        ROLLING, ["2026-01-01 2026-12-31", "2027-01-01 2027-12-31"], "2026-12-31", "TooEarly",
    ),
    "early, ending on a leap day": (
        ROLLING, ["2027-03-01 2028-02-29"], "2028-02-10", ("2028-03-01 2029-02-28", "40.00", 365),
    ),
    "early, month by month from the 31st": (
        MONTHLY, ["2026-01-31 2026-02-27"], "2026-02-20", ("2026-02-28 2026-03-27", "40.00", 28),
    ),
    "the civil year early": (
        CALENDAR, ["2026-01-01 2026-12-31"], "2026-12-01", ("2027-01-01 2027-12-31", "40.00", 365),
    ),
    "the civil year early pays a whole year by month too": (
        BY_MONTH, ["2026-01-01 2026-12-31"], "2026-12-01", ("2027-01-01 2027-12-31", "40.00", 365),
    ),
    "the given year is not given twice": (
        GIVEN, ["2026-09-01 2027-12-31"], "2027-12-01", ("2028-01-01 2028-12-31", "40.00", 366),
    ),
    "a season again adds no day": (SEASON, ["2026-09-01 2027-08-31"], "2027-08-01", "AddsNoDay"),
    # Renewing in grace: the old period goes on
    "in grace, first day": (
        ROLLING | GRACE, ["2026-01-01 2026-12-31"], "2027-01-01", ("2027-01-01 2027-12-31", "40.00", 365),
    ),
    "in grace, last day": (
        ROLLING | GRACE, ["2026-01-01 2026-12-31"], "2027-01-30", ("2027-01-01 2027-12-31", "40.00", 336),
    ),
    "the day after grace": (
        ROLLING | GRACE, ["2026-01-01 2026-12-31"], "2027-01-31", ("2027-01-31 2028-01-30", "40.00", 365),
    ),
    "the civil year in grace, whole price": (
        BY_MONTH | GRACE, ["2026-01-01 2026-12-31"], "2027-01-15", ("2027-01-01 2027-12-31", "40.00", 351),
    ),
    "a short period in grace that would be over": (
        {"months": 1, "grace_days": 60}, ["2026-01-01 2026-01-31"], "2026-03-15", "AddsNoDay",
    ),
    # Renewing after a lapse
    "lapsed yesterday": (ROLLING, ["2025-11-23 2026-11-22"], "2026-11-23", ("2026-11-23 2027-11-22", "40.00", 365)),
    "lapsed for years": (ROLLING, ["2020-01-01 2020-12-31"], "2026-11-23", ("2026-11-23 2027-11-22", "40.00", 365)),
    "lapsed, the civil year by month": (
        BY_MONTH, ["2025-01-01 2025-12-31"], "2026-11-23", ("2026-11-23 2026-12-31", "6.67", 39),
    ),
    "lapsed, and the next year is given as to anybody": (
        GIVEN, ["2025-01-01 2025-12-31"], "2026-10-01", ("2026-10-01 2027-12-31", "40.00", 457),
    ),
    "lapsed, back-dated": (
        ROLLING | BACKDATED, ["2025-07-01 2026-06-30"], "2026-11-23", ("2026-07-01 2027-06-30", "40.00", 220),
    ),
    "lapsed too long ago to be back-dated": (
        ROLLING | BACKDATED, ["2024-07-01 2025-06-30"], "2026-11-23", "AddsNoDay",
    ),
    # Several periods
    "two years at once": (
        ROLLING | {"max_terms": 3}, [], "2026-11-23", ("2026-11-23 2028-11-22", "80.00", 731), {"terms": 2},
    ),
    "three years from a leap day": (
        ROLLING | {"max_terms": 3}, [], "2028-02-29", ("2028-02-29 2031-02-27", "120.00", 1095), {"terms": 3},
    ),
    "two civil years, the first by month": (
        BY_MONTH | {"max_terms": 2}, [], "2026-11-23", ("2026-11-23 2027-12-31", "46.67", 404), {"terms": 2},
    ),
    "two civil years, renewed early": (
        CALENDAR | {"max_terms": 2}, ["2026-01-01 2026-12-31"], "2026-12-01",
        ("2027-01-01 2028-12-31", "80.00", 731), {"terms": 2},
    ),
    "more than the plan sells": (ROLLING | {"max_terms": 2}, [], "2026-11-23", "TooManyTerms", {"terms": 3}),
    "none": (ROLLING, [], "2026-11-23", "TooManyTerms", {"terms": 0}),
    # What is chosen
    "a chosen amount": (
        ROLLING | {"is_amount_chosen": True}, [], "2026-11-23",
        ("2026-11-23 2027-11-22", "55.50", 365), {"amount": Decimal("55.50")},
    ),
    "less than the minimum": (
        ROLLING | {"is_amount_chosen": True}, [], "2026-11-23", "AmountTooLow", {"amount": Decimal("39.99")},
    ),
    "the minimum follows the months left": (
        BY_MONTH | {"is_amount_chosen": True}, [], "2026-11-23",
        ("2026-11-23 2026-12-31", "6.67", 39), {"amount": Decimal("6.67")},
    ),
    "a chosen amount where there is no choice is not taken": (
        ROLLING, [], "2026-11-23", ("2026-11-23 2027-11-22", "40.00", 365), {"amount": Decimal(1)},
    ),
    "seats that are included": (SEATS, [], "2026-11-23", ("2026-11-23 2027-11-22", "40.00", 365), {"seats": 3}),
    "seats on top": (SEATS, [], "2026-11-23", ("2026-11-23 2027-11-22", "65.00", 365), {"seats": 5}),
    "seats on top, by month": (
        SEATS | BY_MONTH, [], "2026-11-23", ("2026-11-23 2026-12-31", "10.84", 39), {"seats": 5},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", OFFERS.values(), ids=OFFERS)
def test_an_offer(case):
    fields, history, today, expected, *terms = case
    plan = create_plan(price=Decimal(40), since=date(2020, 1, 1), **fields)
    PlanPrice.objects.filter(plan=plan).update(seat_amount=Decimal("12.50"))

    with at(today):
        assert offer_of(plan, history, today, **(terms[0] if terms else {})) == expected


def test_a_price_is_that_of_the_first_day_of_the_period():
    plan = create_plan(price=Decimal(40), since=date(2020, 1, 1), **CALENDAR)
    plan.prices.create(amount=Decimal(45), since=date(2027, 1, 1))
    history = ["2026-01-01 2026-12-31"]

    assert offer_of(plan, history, "2026-12-01")[1] == "45.00"
    assert offer_of(plan, [], "2026-12-01")[1] == "40.00"


@pytest.mark.parametrize(
    ("headcount", "total"), [(0, "100.00"), (9, "100.00"), (10, "250.00"), (249, "250.00"), (250, "900.00")]
)
def test_a_price_by_size(headcount, total):
    plan = create_plan(price=Decimal(100), since=date(2020, 1, 1), kind="organisation")
    plan.prices.create(amount=Decimal(250), since=date(2020, 1, 1), from_headcount=10)
    plan.prices.create(amount=Decimal(900), since=date(2020, 1, 1), from_headcount=250)
    plan.prices.create(amount=Decimal(1), since=date(2019, 1, 1), from_headcount=500)

    assert offer_of(plan, [], "2026-11-23", headcount=headcount)[1] == total


def test_seats_without_a_price_on_top_are_refused():
    assert offer_of(create_plan(**SEATS), [], "2026-11-23", seats=4) == "TooManySeats"


def test_a_plan_without_a_price_yet_sells_nothing():
    assert offer_of(create_plan(since=date(2027, 1, 1)), [], "2026-11-23") == "PlanClosed"


# From the application to the period

PAYMENTS = {
    # plan, periods before, applied on, paid on, the period, the cents
    "paid at once": (ROLLING, [], "2026-11-23", "2026-11-23", "2026-11-23 2027-11-22", "40.00"),
    "paid ten days later": (ROLLING, [], "2026-11-23", "2026-12-03", "2026-12-03 2027-12-02", "40.00"),
    "a renewal paid after the end": (
        ROLLING, ["2025-12-01 2026-11-30"], "2026-11-23", "2026-12-03", "2026-12-03 2027-12-02", "40.00",
    ),
    "a renewal paid in grace": (
        ROLLING | GRACE, ["2025-12-01 2026-11-30"], "2026-11-23", "2026-12-03", "2026-12-01 2027-11-30", "40.00",
    ),
    "a civil year paid later in the year": (
        CALENDAR, [], "2026-03-01", "2026-03-20", "2026-03-20 2026-12-31", "40.00",
    ),
    "a civil year paid in the next one": (
        CALENDAR, [], "2026-12-20", "2027-01-05", "2027-01-05 2027-12-31", "40.00",
    ),
    "by month, paid a month later: the price does not move": (
        BY_MONTH, [], "2026-10-31", "2026-11-02", "2026-11-02 2026-12-31", "10.00",
    ),
    "by month, paid in the next year: it does not buy a whole one": (
        BY_MONTH, [], "2026-12-20", "2027-01-05", "paid", "3.33",
    ),
    "the next year is given to who applied before and paid after its day": (
        GIVEN, [], "2026-08-30", "2026-09-02", "2026-09-02 2027-12-31", "40.00",
    ),
    "a season paid after its end": (SEASON, [], "2027-08-20", "2027-09-02", "paid", "40.00"),
    "a renewal of the civil year paid before it": (
        CALENDAR, ["2026-01-01 2026-12-31"], "2026-12-01", "2026-12-24", "2027-01-01 2027-12-31", "40.00",
    ),
    "three years paid later stay three": (
        ROLLING | {"max_terms": 3}, [], "2026-11-23", "2026-12-03", "2026-12-03 2029-12-02", "120.00",
    ),
    "applied on a leap day, paid the day after": (
        ROLLING, [], "2028-02-29", "2028-03-01", "2028-03-01 2029-02-28", "40.00",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", PAYMENTS.values(), ids=PAYMENTS)
def test_a_period_opens_with_the_money(case):
    fields, history, applied, paid, expected, cents = case
    plan = create_plan(price=Decimal(40), since=date(2020, 1, 1), **fields)
    user = create_user()
    member = create_member(user=user, email=user.email)
    for text in history:
        starts_on, ends_on = days(text)
        member.open_period(plan, starts_on=starts_on, ends_on=ends_on)

    with at(applied):
        identity = {"first_name": "Camille", "last_name": "Démo", "email": user.email}
        application = Application.submit(
            plan, request_key=uuid4(), user=user, member=member, terms=fields.get("max_terms", 1), **identity
        )
        assert Membership.objects.count() == len(history)
    with at(paid):
        application.charge.record_payment(method="transfer", amount=application.charge.amount, reference="1")

    application.refresh_from_db()
    period = application.membership
    assert (f"{period.starts_on} {period.ends_on}" if period else application.state) == expected
    assert f"{application.charge.amount_received}" == cents
    assert period is None or f"{period.amount}" == cents


# Giving the money back: the period, the day it is stopped, what is left of it, the cents owed, the period bought after

REFUNDS = {
    "half way, joined again the next day": (
        "2026-01-01 2026-12-31", "2026-07-01", "2026-07-02", "2026-01-01 2026-07-01", "2026-07-02 2027-07-01",
    ),
    "joined again the same day: that day is not sold twice": (
        "2026-01-01 2026-12-31", "2026-07-01", "2026-07-01", "2026-01-01 2026-07-01", "2026-07-02 2027-07-01",
    ),
    "on the first day": (
        "2026-01-01 2026-12-31", "2026-01-01", "2026-03-01", "2026-01-01 2026-01-01", "2026-03-01 2027-02-28",
    ),
    "before it begins: nothing is left of it": (
        "2027-01-01 2027-12-31", "2026-12-01", "2026-12-01", None, "2026-12-01 2027-11-30",
    ),
    "in a leap year": (
        "2028-01-01 2028-12-31", "2028-02-29", "2028-03-01", "2028-01-01 2028-02-29", "2028-03-01 2029-02-28",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUNDS.values(), ids=REFUNDS)
def test_a_refund_stops_the_period_and_the_next_one_starts_after_it(case):
    period, stopped, again, left, next_days = case
    plan = create_plan(price=Decimal(40), since=date(2020, 1, 1), **ROLLING)
    member, charge = create_member(), create_charge(40)
    starts_on, ends_on = days(period)
    bought = member.open_period(plan, starts_on=starts_on, ends_on=ends_on, charge=charge, amount=Decimal(40))
    charge.record_payment(method="transfer", amount=Decimal(40), reference="1")

    with at(stopped):
        bought.refund_and_stop()
    with at(again):
        offer = plan.offer(
            on=date.fromisoformat(again), after=member.last_period(on=date.fromisoformat(again))
        )

    kept = [f"{one.starts_on} {one.ends_on}" for one in member.memberships.effective()]
    assert kept == ([left] if left else [])
    assert [f"{refund.amount}" for refund in charge.refunds.all()] == ["40.00"]
    assert f"{offer.starts_on} {offer.ends_on}" == next_days


# Changing plan inside a period: price of the old one, of the new one, the day, the cents, the old and the new period

CHANGES = {
    "dearer, half way": (40, 100, "2026-07-02", "30.08", "2026-01-01 2026-07-01", "2026-07-02 2026-12-31"),
    "dearer, on the second day": (40, 100, "2026-01-02", "59.84", "2026-01-01 2026-01-01", "2026-01-02 2026-12-31"),
    "dearer, on the first day": (40, 100, "2026-01-01", "60.00", None, "2026-01-01 2026-12-31"),
    "dearer, on the last day": (40, 100, "2026-12-31", "0.16", "2026-01-01 2026-12-30", "2026-12-31 2026-12-31"),
    "cheaper, half way": (100, 40, "2026-07-02", "-30.08", "2026-01-01 2026-07-01", "2026-07-02 2026-12-31"),
    "cheaper, on the last day": (100, 40, "2026-12-31", "-0.16", "2026-01-01 2026-12-30", "2026-12-31 2026-12-31"),
    "the same price": (40, 40, "2026-07-02", "0.00", "2026-01-01 2026-07-01", "2026-07-02 2026-12-31"),
    "to a free plan": (40, 0, "2026-07-02", "-20.05", "2026-01-01 2026-07-01", "2026-07-02 2026-12-31"),
}  # fmt: skip


@pytest.mark.parametrize("case", CHANGES.values(), ids=CHANGES)
def test_a_change_of_plan_charges_or_gives_back_the_difference_and_never_both(case):
    before, after, today, cents, old_days, new_days = case
    old, new = create_plan(price=Decimal(before), **CALENDAR), create_plan(price=Decimal(after), **ROLLING)
    with at("2026-01-01"):
        identity = {"first_name": "Camille", "last_name": "Démo", "email": "camille@example.org"}
        joined = Application.submit(old, request_key=uuid4(), **identity)
        joined.charge.record_payment(method="transfer", amount=joined.charge.amount, reference="1")
        joined.refresh_from_db()

    with at(today):
        change = plan_changes.change(joined.membership, new, request_key=uuid4())
        if change.charge:
            assert f"{change.charge.amount}" == cents
            change.charge.record_payment(method="transfer", amount=change.charge.amount, reference="2")

    change.refresh_from_db()
    joined.membership.refresh_from_db()
    kept = [f"{one.starts_on} {one.ends_on}" for one in Membership.objects.effective().order_by("starts_on")]
    credits = [f"{-refund.amount}" for refund in joined.charge.refunds.all()]
    charged = [f"{change.charge.amount}"] if change.charge else []
    assert kept == [text for text in (old_days, new_days) if text]
    assert charged + credits == ([] if cents == "0.00" else [cents])
    assert f"{change.membership.amount}" == cents
