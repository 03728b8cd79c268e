from collections import Counter
from decimal import Decimal
from uuid import uuid4

from events.models import Booking, Event, Registration
from mailing.models import Email
from payments.models import Refund
from tests.factories import create_event, register

STATE = Registration.State


def states(event):
    return Counter(event.registrations.values_list("state", flat=True))


def register_one(event, index):
    return lambda: event.register(
        name=f"Personne {index}", email=f"p{index}@example.org", request_key=uuid4()
    )


def test_forty_people_at_once_for_five_places(at_once):
    event = create_event(capacity=5)

    results = at_once(*[register_one(event, index) for index in range(40)])

    assert [type(result) for result in results] == [Booking] * 40
    assert states(event) == {STATE.CONFIRMED: 5, STATE.WAITING: 35}
    assert Email.objects.count() == 40


def test_a_cancellation_promotes_the_first_in_the_queue(at_once):
    event = create_event(capacity=5)
    at_once(*[register_one(event, index) for index in range(12)])
    first = event.registrations.waiting().first()

    event.registrations.confirmed().first().booking.cancel()

    first.refresh_from_db()
    assert first.state == STATE.CONFIRMED
    assert states(event) == {STATE.CONFIRMED: 5, STATE.WAITING: 6, STATE.CANCELLED: 1}


def test_cancellations_and_registrations_at_once_leave_no_place_empty_and_none_sold_twice(at_once):
    event = create_event(capacity=5)
    holders = [register(event) for _ in range(5)]
    for _ in range(3):
        register(event)

    cancels = [booking.cancel for booking in holders[:4]]
    at_once(*cancels, *[register_one(event, index) for index in range(8)])

    assert states(event) == {STATE.CONFIRMED: 5, STATE.WAITING: 7, STATE.CANCELLED: 4}
    served = event.registrations.confirmed().order_by("pk").values_list("pk", flat=True)
    assert max(served) < event.registrations.waiting().first().pk


def test_two_clicks_at_once_are_one_booking(at_once):
    event, key = create_event(capacity=5), uuid4()

    results = at_once(*[lambda: event.register(name="Zoé", email="zoe@example.org", request_key=key)] * 6)

    assert {result.pk for result in results} == {Booking.objects.get().pk}
    assert Email.objects.count() == 1


def test_the_same_address_from_six_forms_at_once_is_registered_once(at_once):
    event = create_event(capacity=5)

    at_once(*[lambda: register(event, "zoe@example.org")] * 6)

    assert states(event) == {STATE.CONFIRMED: 1}


def test_holds_of_a_paid_event_count_too(at_once):
    event = create_event(capacity=5, price=Decimal(20))

    at_once(*[register_one(event, index) for index in range(20)])

    assert states(event) == {STATE.HELD: 5, STATE.WAITING: 15}


def test_paying_and_cancelling_at_once_never_deadlock_and_never_lose_money(at_once):
    event = create_event(price=Decimal(20), capacity=8)
    bookings = [register(event) for _ in range(8)]

    def pay(booking):
        charge = booking.charge
        return lambda: charge.record_payment(method="sandbox", amount=charge.amount, reference=str(charge.pk))

    results = at_once(*[pay(booking) for booking in bookings], *[booking.cancel for booking in bookings])

    assert [result for result in results if isinstance(result, Exception)] == []
    assert states(event) == {STATE.CANCELLED: 8}
    assert Refund.objects.count() == 8


def test_calling_an_event_off_while_people_pay_tells_and_owes_everybody_once(at_once):
    event = create_event(price=Decimal(20), capacity=6)
    bookings = [register(event) for _ in range(6)]

    def pay(booking):
        charge = booking.charge
        return lambda: charge.record_payment(method="sandbox", amount=charge.amount, reference=str(charge.pk))

    results = at_once(*[pay(booking) for booking in bookings], event.cancel, event.cancel)

    assert [result for result in results if isinstance(result, Exception)] == []
    assert states(event) == {STATE.CANCELLED: 6}
    assert Refund.objects.count() == 6
    assert Email.objects.filter(key__startswith="events.event_cancelled").count() == 6


def test_places_added_while_people_register_go_to_the_queue(at_once):
    event = create_event(capacity=2)
    for _ in range(6):
        register(event)
    Event.objects.filter(pk=event.pk).update(capacity=5)

    at_once(event.promote_waiting, event.promote_waiting, *[register_one(event, index) for index in range(4)])

    assert states(event) == {STATE.CONFIRMED: 5, STATE.WAITING: 5}
    assert list(event.registrations.confirmed().values_list("pk", flat=True)) == list(
        event.registrations.order_by("pk").values_list("pk", flat=True)[:5]
    )
