from collections import Counter
from decimal import Decimal
from uuid import uuid4

import pytest

from events.models import Booking, CodeRefused, OfferGone
from mailing.models import Email
from payments.models import Refund
from tests.factories import create_event, create_price, create_promo_code, register

STATE = Booking.State
pytestmark = pytest.mark.usefixtures("daytime")


def states(event):
    return Counter(event.bookings.values_list("state", flat=True))


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
    first = event.bookings.waiting().first()

    event.bookings.filter(state=STATE.CONFIRMED).first().cancel()

    first.refresh_from_db()
    assert first.state == STATE.OFFERED
    assert states(event) == {STATE.CONFIRMED: 4, STATE.OFFERED: 1, STATE.WAITING: 6, STATE.CANCELLED: 1}


def test_cancellations_and_registrations_at_once_leave_no_place_empty_and_none_sold_twice(at_once):
    event = create_event(capacity=5)
    holders = [register(event) for _ in range(5)]
    for _ in range(3):
        register(event)

    cancels = [booking.cancel for booking in holders[:4]]
    at_once(*cancels, *[register_one(event, index) for index in range(8)])

    assert states(event) == {STATE.CONFIRMED: 1, STATE.OFFERED: 4, STATE.WAITING: 7, STATE.CANCELLED: 4}
    served = event.bookings.filter(state=STATE.OFFERED).values_list("queued_at", flat=True)
    assert max(served) < event.bookings.waiting().first().queued_at


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
    early = [register(event) for _ in range(6)]

    at_once(
        lambda: event.change_capacity(5),
        event.serve_queue,
        *[register_one(event, index) for index in range(4)],
    )

    assert states(event) == {STATE.CONFIRMED: 2, STATE.OFFERED: 3, STATE.WAITING: 5}
    served = event.bookings.exclude(state=STATE.WAITING).values_list("pk", flat=True)
    assert sorted(served) == [booking.pk for booking in early[:5]]


def test_the_last_use_of_a_code_is_had_by_one_of_fifty(at_once):
    event = create_event(price=Decimal(20))
    code = create_promo_code(event, percent=50, max_uses=3)

    results = at_once(*[lambda: register(event, code=code.code)] * 50)

    assert code.uses == 3
    assert Counter(type(result) for result in results) == {Booking: 3, CodeRefused: 47}
    assert event.bookings.count() == 3


def test_parties_of_three_never_pass_a_quota_nor_the_capacity(at_once):
    event = create_event(capacity=10)
    early, late = create_price(event, quota=7, name="A"), create_price(event, quota=8, name="B")

    at_once(*[lambda price=price: register(event, places=3, price=price) for price in (early, late) * 10])

    assert event.places_taken <= 10
    assert [price.places_taken for price in (early, late)] in ([3, 6], [6, 3])


def test_an_offer_accepted_twice_at_once_is_one_place(at_once):
    event = create_event(capacity=1)
    holder, waiting = register(event), register(event)
    holder.cancel()

    results = at_once(waiting.accept, waiting.accept, waiting.accept)

    assert Counter(type(result) for result in results) == {type(None): 1, OfferGone: 2}
    assert states(event) == {STATE.CANCELLED: 1, STATE.CONFIRMED: 1}


def test_accepting_and_declining_at_once_leave_the_place_to_one(at_once):
    event = create_event(capacity=1)
    holder, first = register(event), register(event)
    register(event)
    holder.cancel()

    at_once(first.accept, first.cancel)

    assert states(event) == {STATE.CANCELLED: 2, STATE.OFFERED: 1}


def test_two_moves_that_cross_never_wait_for_each_other_for_ever(at_once):
    monday, tuesday = create_event(), create_event()
    here = [register(monday) for _ in range(6)]
    there = [register(tuesday) for _ in range(6)]

    moves = [lambda booking=booking: booking.move(tuesday) for booking in here]
    results = at_once(*moves, *[lambda booking=booking: booking.move(monday) for booking in there])

    assert results == [None] * 12
    assert set(monday.bookings.all()) == set(there)
