"""A payment that arrives when the place is no longer held: another place if there is one, else the money back."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from events.models import Booking
from mailing.models import Email
from payments.models import Charge, Refund
from tests.events.test_event import states, subjects
from tests.factories import create_event, pay, register

pytestmark = pytest.mark.django_db
STATE = Booking.State


@pytest.mark.parametrize("is_released", [True, False])
def test_paid_late_a_place_is_given_if_there_is_one(is_released):
    event = create_event(price=Decimal(20), capacity=1)
    booking = register(event)

    with time_machine.travel(timezone.now() + timedelta(minutes=30)):
        if is_released:
            event.release_expired()
        pay(booking)

    assert Booking.objects.get(pk=booking.pk).state == STATE.CONFIRMED
    assert Refund.objects.count() == 0


def test_paid_late_without_a_place_the_money_is_owed_back_and_told():
    event = create_event(price=Decimal(20), capacity=1)
    booking = register(event, "tard@example.org")

    with time_machine.travel(timezone.now() + timedelta(minutes=30)):
        register(event)
        pay(booking)

    refund = Refund.objects.get()
    assert Booking.objects.get(pk=booking.pk).state == STATE.EXPIRED
    assert (refund.charge, refund.amount, refund.reason) == (
        booking.charge,
        Decimal(20),
        Refund.Reason.NO_PLACE,
    )
    assert subjects("tard@example.org")[-1] == "Nous vous devons 20,00\u00a0€"


def test_paid_late_after_registering_again_the_first_payment_is_owed_back():
    event = create_event(price=Decimal(20))
    first = register(event, "zoe@example.org")

    with time_machine.travel(timezone.now() + timedelta(minutes=30)):
        second = register(event, "zoe@example.org")
        pay(second)
        pay(first)

    assert states(event) == [STATE.EXPIRED, STATE.CONFIRMED]
    assert Refund.objects.get().charge == first.charge


@pytest.mark.parametrize(
    ("hours", "is_cancelled", "reason"),
    [(1, True, Refund.Reason.CANCELLED), (5, False, Refund.Reason.NO_PLACE)],
)
def test_paid_late_for_an_event_called_off_or_over_the_money_is_owed_back(hours, is_cancelled, reason):
    event = create_event(price=Decimal(20), starts_in=timedelta(hours=2))
    booking = register(event, "tard@example.org")

    with time_machine.travel(timezone.now() + timedelta(hours=hours)):
        event.release_expired()
        if is_cancelled:
            event.cancel()
        pay(booking)

    assert states(event) == [STATE.EXPIRED]
    assert [(refund.amount, refund.reason) for refund in Refund.objects.all()] == [(Decimal(20), reason)]
    assert subjects("tard@example.org")[-1] == "Nous vous devons 20,00\u00a0€"


@pytest.mark.parametrize(("asked_less", "paid"), [(0, 25), (5, 15)])
def test_paid_late_without_a_place_all_that_came_in_is_owed_back(asked_less, paid):
    event = create_event(price=Decimal(20), capacity=1)
    booking = register(event, "tard@example.org")
    if asked_less:
        booking.charge.reduce(Decimal(asked_less), reason="geste")

    with time_machine.travel(timezone.now() + timedelta(minutes=30)):
        register(event)
        booking.charge.record_payment(method="transfer", amount=Decimal(paid), reference="tard")

    charge = Charge.objects.get(pk=booking.charge_id)
    assert (charge.amount_received, charge.amount_promised) == (paid, paid)
    assert charge.amount_kept == charge.amount_owed == 0


@pytest.mark.parametrize("verb", ["reduce", "owe_refund"])
def test_a_place_given_back_brings_no_more_than_what_was_kept_of_its_price(verb):
    event = create_event(price=Decimal(20))
    booking = register(event, "zoe@example.org")
    if verb == "reduce":
        booking.charge.reduce(Decimal(5), reason="geste")
        booking.charge.record_payment(method="transfer", amount=Decimal(15), reference="1")
    else:
        pay(booking)
        booking.charge.owe_refund(Decimal(5), reason=Refund.Reason.GESTURE)

    Booking.objects.get(pk=booking.pk).cancel()

    charge = Charge.objects.get(pk=booking.charge_id)
    assert states(event) == [STATE.CANCELLED]
    assert charge.amount_promised == charge.amount_received
    assert "15,00" in Email.objects.get(key=f"events.cancelled.{booking.pk}").text
