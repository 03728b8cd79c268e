"""A word that lowers a price, or opens a reserved one: what it is worth, for whom, how often, until when."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from events.models import CodeRefused, Place, Price
from tests.events.test_event import STATE
from tests.events.test_prices import amounts, refusal
from tests.factories import (
    create_event,
    create_price,
    create_promo_code,
    register,
)

pytestmark = pytest.mark.django_db
CODE = CodeRefused.Why
FOR = Price.ForWhom


@pytest.mark.parametrize(
    ("lowers", "amount"),
    [
        ({"percent": 50}, "10.00"),
        ({"percent": 33}, "13.40"),
        ({"amount_off": 5}, "15.00"),
        ({"amount_off": 30}, "0.00"),
    ],
)
def test_a_code_lowers_the_price_to_the_cent_and_never_below_zero(lowers, amount):
    event = create_event(price=Decimal(20))
    create_promo_code(event, **lowers)

    assert amounts(register(event, code=" bienvenue ")) == [Decimal(amount)]


def test_a_place_that_a_code_makes_free_is_confirmed_at_once():
    event = create_event(price=Decimal(20))
    create_promo_code(event, percent=100)

    booking = register(event, code="BIENVENUE")

    assert (booking.state, booking.charge) == (STATE.CONFIRMED, None)


def test_a_code_counts_places_and_gives_them_back_when_they_are_cancelled():
    event = create_event(price=Decimal(20))
    code = create_promo_code(event, percent=50, max_uses=3)
    booking = register(event, places=2, code=code.code)

    assert refusal(event, places=2, code=code.code) == CODE.USED_UP

    booking.cancel()

    assert register(event, places=3, code=code.code).charge.amount == 30


def test_a_code_of_one_price_lowers_that_one_only():
    event = create_event(price=Decimal(20))
    other = create_price(event, Decimal(8), for_whom=FOR.STUDENTS)
    create_promo_code(event, price=other, percent=50)
    full = event.prices.get(amount=20)

    mixed = register(event, places=[Place("Zoé", price=full), Place("Ali", price=other)], code="BIENVENUE")

    assert amounts(mixed) == [20, 4]
    assert refusal(event, price=full, code="BIENVENUE") == CODE.USELESS


@pytest.mark.parametrize(
    ("dates", "why"),
    [
        ({"valid_from": timedelta(days=1)}, CODE.TOO_EARLY),
        ({"valid_until": timedelta(days=-1)}, CODE.TOO_LATE),
    ],
)
def test_a_code_is_worth_nothing_out_of_its_dates(dates, why):
    event = create_event(price=Decimal(20))
    create_promo_code(event, percent=50, **{name: timezone.now() + when for name, when in dates.items()})

    assert refusal(event, code="BIENVENUE") == why


def test_a_code_of_another_event_is_unknown():
    create_promo_code(create_event(price=Decimal(20)), percent=50)

    assert refusal(create_event(price=Decimal(20)), code="BIENVENUE") == CODE.UNKNOWN
