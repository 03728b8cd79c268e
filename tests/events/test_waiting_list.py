"""One open queue an event: places that come free are offered in its order, to whom they are enough for."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from events.models import CapacityTooLow, Event, EventFull, EventOver, OfferGone
from events.models.places import Chance
from mailing.models import Email
from payments.models import Refund
from tests.events.test_event import STATE, states, subjects
from tests.factories import create_booking, create_event, create_price, pay, register

pytestmark = pytest.mark.django_db


def later(**delta):
    return time_machine.travel(timezone.now() + timedelta(**delta))


def paris(text):
    return time_machine.travel(f"{text} +01:00", tick=False)


# Offers


def test_a_cancellation_offers_the_place_to_the_first_in_the_queue_by_mail():
    event = create_event(title="Débat", capacity=1)
    booking = register(event)
    register(event, "premiere@example.org")
    register(event, "seconde@example.org")

    booking.cancel()

    assert states(event) == [STATE.CANCELLED, STATE.OFFERED, STATE.WAITING]
    assert subjects("premiere@example.org")[-1] == "Une place s’est libérée pour vous\u00a0: Débat"
    assert len(subjects("seconde@example.org")) == 1


def test_an_offer_is_open_for_two_days():
    event = create_event(capacity=1)
    booking, waiting = register(event), register(event)

    with paris("2026-11-23 10:00"):
        Event.objects.update(starts_at="2027-01-20T10:00+01:00", ends_at="2027-01-20T12:00+01:00")
        booking.cancel()

        waiting.refresh_from_db()
        assert waiting.expires_at == timezone.now() + timedelta(hours=48)


@pytest.mark.parametrize(
    ("hours_before", "lifetime"),
    [(10, timedelta(hours=2)), (3, timedelta(minutes=30)), (2.25, timedelta(minutes=15))],
)
def test_an_offer_is_shorter_as_the_event_nears_and_never_outlasts_the_queue(hours_before, lifetime):
    event = create_event(capacity=1, queue_closes_hours=2)
    booking, waiting = register(event), register(event)

    with time_machine.travel(timezone.localtime().replace(hour=9, minute=0), tick=False):
        starts_at = timezone.now() + timedelta(hours=hours_before)
        Event.objects.update(starts_at=starts_at, ends_at=starts_at + timedelta(hours=1))
        booking.cancel()

        waiting.refresh_from_db()
        assert waiting.expires_at - timezone.now() == lifetime


def test_a_free_offer_accepted_is_a_place_and_a_second_time_it_is_gone():
    event = create_event(capacity=1)
    booking, waiting = register(event), register(event, "zoe@example.org")
    booking.cancel()

    waiting.accept()
    with pytest.raises(OfferGone):
        waiting.accept()

    assert states(event) == [STATE.CANCELLED, STATE.CONFIRMED]
    assert len(subjects("zoe@example.org")) == 3


def test_a_paid_offer_accepted_is_held_until_the_offer_ends():
    event = create_event(price=Decimal(20), capacity=1)
    booking, waiting = register(event), register(event)
    booking.cancel()
    waiting.refresh_from_db()
    until = waiting.expires_at

    waiting.accept()

    waiting.refresh_from_db()
    assert (waiting.state, waiting.expires_at, waiting.charge.amount) == (STATE.HELD, until, Decimal(20))


def test_an_offer_declined_goes_to_the_next():
    event = create_event(capacity=1)
    booking, first = register(event), register(event)
    register(event)
    booking.cancel()

    first.cancel()

    assert states(event) == [STATE.CANCELLED, STATE.CANCELLED, STATE.OFFERED]


def test_an_offer_that_ran_out_leaves_the_queue_and_goes_to_the_next():
    event = create_event(capacity=1)
    booking, first = register(event), register(event, "premiere@example.org")
    register(event)
    booking.cancel()

    with later(hours=48):
        with pytest.raises(OfferGone):
            first.accept()
        event.release_expired()
        event.release_expired()

    assert states(event) == [STATE.CANCELLED, STATE.EXPIRED, STATE.OFFERED]
    assert subjects("premiere@example.org")[-1].startswith("La place proposée n’est plus retenue")


@pytest.mark.parametrize(
    ("hour", "expected"), [("07:59", STATE.WAITING), ("08:00", STATE.OFFERED), ("20:00", STATE.WAITING)]
)
def test_offers_leave_between_8_and_20_in_paris(hour, expected):
    event = create_event(capacity=1, starts_in=timedelta(days=300))
    booking = register(event)
    register(event)

    with paris(f"2026-12-01 {hour}"):
        booking.cancel()

    assert states(event)[-1] == expected


def test_at_night_a_freed_place_waits_for_the_queue_and_not_for_the_next_visitor():
    event = create_event(capacity=1, starts_in=timedelta(days=300))
    booking = register(event)
    register(event)

    with paris("2026-12-01 23:00"):
        booking.cancel()
        assert register(event).state == STATE.WAITING
    with paris("2026-12-02 08:00"):
        event.release_expired()

    assert states(event) == [STATE.CANCELLED, STATE.OFFERED, STATE.WAITING]


# Parties


def test_a_party_of_three_waits_for_three_and_who_fits_goes_first():
    event = create_event(capacity=3)
    holders = [register(event) for _ in range(3)]
    family, single = register(event, places=3), register(event)

    holders[0].cancel()

    assert [
        booking.state for booking in event.bookings.filter(pk__in=[family.pk, single.pk]).order_by("pk")
    ] == [
        STATE.WAITING,
        STATE.OFFERED,
    ]


def test_a_party_is_served_before_a_later_one_once_there_is_room_for_it():
    event = create_event(capacity=3)
    holder = register(event, places=3)
    register(event, places=3)
    register(event)

    holder.cancel()

    assert states(event) == [STATE.CANCELLED, STATE.OFFERED, STATE.WAITING]


def test_a_visitor_who_fits_where_nobody_who_waits_does_is_served_at_once():
    event = create_event(capacity=3)
    register(event, places=2)
    register(event, places=2)

    assert register(event).state == STATE.CONFIRMED


def test_the_queue_waits_for_a_quota_too():
    event = create_event(capacity=2)
    create_price(event, name="Public")
    early = create_price(event, name="Tôt", quota=1)
    first = register(event, price=early)
    other = register(event, price=event.prices.get(name="Public"))
    register(event, price=early)
    register(event, price=event.prices.get(name="Public"))

    other.cancel()

    assert states(event) == [STATE.CONFIRMED, STATE.CANCELLED, STATE.WAITING, STATE.OFFERED]
    first.cancel()
    assert states(event) == [STATE.CANCELLED, STATE.CANCELLED, STATE.OFFERED, STATE.OFFERED]


# Rank, cut-off, staff


def test_rank_is_that_of_the_queue():
    event = create_event(capacity=1)
    register(event)
    waiting = [register(event) for _ in range(3)]

    assert [booking.rank for booking in waiting] == [1, 2, 3]
    waiting[0].cancel()
    assert [booking.rank for booking in waiting[1:]] == [1, 2]


def test_the_chance_is_told_from_what_was_given_back_last_year():
    past = create_event(starts_in=timedelta(days=-20))
    for state in [STATE.CONFIRMED] * 3 + [STATE.CANCELLED]:
        booking = create_booking(past, state, confirmed_at=timezone.now() - timedelta(days=30))
        if state == STATE.CANCELLED:
            booking.registrations.update(cancelled_at=timezone.now())
    event = create_event(capacity=8)
    create_booking(event, places=8)

    waiting = [create_booking(event, STATE.WAITING, places=places) for places in (1, 2, 4)]

    assert event.usual_share_given_back() == 0.25
    assert [booking.chance for booking in waiting] == [Chance.GOOD, Chance.FAIR, Chance.SLIM]


def test_after_the_cut_off_a_freed_place_is_to_whom_comes_first():
    event = create_event(capacity=1, starts_in=timedelta(hours=5), queue_closes_hours=2)
    booking = register(event)
    register(event)

    with later(hours=3, minutes=1):
        booking.cancel()
        assert register(event).state == STATE.CONFIRMED

    assert states(event) == [STATE.CANCELLED, STATE.WAITING, STATE.CONFIRMED]


def test_after_the_cut_off_nobody_joins_the_queue_any_more():
    event = create_event(capacity=1, starts_in=timedelta(hours=1), queue_closes_hours=2)
    register(event)

    assert event.availability == Event.Availability.FULL
    with pytest.raises(EventFull):
        register(event)


def test_staff_promote_out_of_order_for_a_reason_that_is_kept():
    event = create_event(capacity=3)
    register(event, places=2)
    family = register(event, places=2)
    speaker = create_booking(event, STATE.WAITING)

    speaker.promote(reason="Intervient à la table ronde")

    speaker.refresh_from_db()
    family.refresh_from_db()
    assert (speaker.state, speaker.staff_reason) == (STATE.OFFERED, "Intervient à la table ronde")
    assert family.state == STATE.WAITING


def test_staff_cannot_promote_beyond_the_capacity():
    event = create_event(capacity=1)
    register(event)
    waiting = register(event)

    with pytest.raises(EventFull):
        waiting.promote(reason="Ami du président")

    waiting.refresh_from_db()
    assert (waiting.state, waiting.staff_reason) == (STATE.WAITING, "")


def test_places_added_by_staff_go_to_the_queue():
    event = create_event(capacity=1)
    for _ in range(4):
        register(event)

    event.change_capacity(3)

    assert states(event) == [STATE.CONFIRMED, STATE.OFFERED, STATE.OFFERED, STATE.WAITING]


def test_an_event_is_not_reduced_below_the_places_taken():
    event = create_event(capacity=3)
    register(event, places=2)

    with pytest.raises(CapacityTooLow) as refused:
        event.change_capacity(1)

    assert refused.value.taken == 2
    assert Event.objects.get().capacity == 3


# Cancelling


def test_cancelling_twice_changes_nothing_more():
    event = create_event(capacity=1)
    booking = register(event, "zoe@example.org")
    booking.cancel()
    register(event)

    booking.cancel()

    assert states(event) == [STATE.CANCELLED, STATE.CONFIRMED]
    assert len(subjects("zoe@example.org")) == 2


def test_a_booking_cannot_be_cancelled_once_the_event_has_begun():
    event = create_event()
    booking = register(event)

    with time_machine.travel(event.starts_at + timedelta(minutes=1)), pytest.raises(EventOver):
        booking.cancel()


def test_a_cancelled_event_cancels_everybody_once_and_owes_what_was_paid():
    event = create_event(price=Decimal(20))
    paid, unpaid = register(event, "paye@example.org"), register(event, "du@example.org")
    pay(paid)

    event.cancel()
    event.cancel()

    assert states(event) == [STATE.CANCELLED, STATE.CANCELLED]
    assert [(refund.charge, refund.amount) for refund in Refund.objects.all()] == [(paid.charge, Decimal(20))]
    unpaid.charge.refresh_from_db()
    assert unpaid.charge.cancelled_at is not None
    assert Email.objects.filter(key__startswith="events.event_cancelled").count() == 2


# Holds


def test_a_payment_in_time_confirms_the_place():
    booking = register(create_event(price=Decimal(20), capacity=1), "zoe@example.org")

    pay(booking)

    booking.refresh_from_db()
    assert booking.state == STATE.CONFIRMED
    assert len(subjects("zoe@example.org")) == 2


def test_an_expired_hold_frees_the_place_for_the_queue():
    event = create_event(price=Decimal(20), capacity=1)
    register(event)
    register(event)

    with later(minutes=21):
        event.release_expired()

    assert states(event) == [STATE.EXPIRED, STATE.OFFERED]


def test_an_expired_hold_no_longer_counts_before_anything_has_run():
    event = create_event(price=Decimal(20), capacity=1)
    register(event)

    with later(minutes=21):
        assert register(event).state == STATE.HELD
