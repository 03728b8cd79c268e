"""Who has to be let in, and what staff do to a booking: approve, refuse, move to another date."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from events import tasks
from events.models import (
    AlreadyRegistered,
    EventFull,
    EventOver,
    MembersOnly,
)
from mailing.models import Email
from tests.events.test_event import STATE, states, subjects
from tests.factories import (
    create_booking,
    create_event,
    create_member,
    create_membership,
    create_user,
    register,
)

pytestmark = pytest.mark.django_db


def test_a_request_holds_no_place_until_staff_approve_it():
    event = create_event(capacity=1, needs_approval=True)
    first, second = register(event), register(event)

    assert (states(event), event.places_taken) == ([STATE.REQUESTED] * 2, 0)

    second.approve()
    first.approve()

    assert states(event) == [STATE.WAITING, STATE.CONFIRMED]


@pytest.mark.parametrize("fields", [{"has_waiting_list": False}, {"queue_closes_hours": 9999}])
def test_nobody_is_approved_into_a_queue_that_does_not_exist(fields):
    event = create_event(capacity=1, needs_approval=True, **fields)
    first, second = register(event), register(event)
    first.approve()

    with pytest.raises(EventFull):
        second.approve()

    assert states(event) == [STATE.CONFIRMED, STATE.REQUESTED]


def test_nobody_is_approved_once_the_event_has_begun():
    event = create_event(needs_approval=True)
    booking = register(event)

    with time_machine.travel(event.starts_at), pytest.raises(EventOver):
        booking.approve()


def test_once_the_event_has_begun_nobody_waits_any_more():
    event = create_event(capacity=1, needs_approval=True)
    asking, waiting = register(event), create_booking(event, STATE.WAITING)

    with time_machine.travel(event.starts_at):
        tasks.release_expired_holds()
        tasks.release_expired_holds()

    assert states(event) == [STATE.EXPIRED, STATE.EXPIRED]
    assert "proposition" not in "".join(subjects(asking.email) + subjects(waiting.email))


def test_more_places_never_let_in_who_was_not_approved():
    event = create_event(capacity=1, needs_approval=True)
    register(event)

    event.change_capacity(10)

    assert states(event) == [STATE.REQUESTED]


def test_an_approved_paid_place_may_be_paid_for_two_days():
    event = create_event(price=Decimal(20), needs_approval=True)
    booking = register(event)

    booking.approve()

    booking.refresh_from_db()
    assert booking.state == STATE.HELD
    assert booking.expires_at - timezone.now() > timedelta(hours=47)


def test_a_refusal_says_why_and_the_address_may_ask_again():
    event = create_event(title="Atelier", needs_approval=True)
    booking = register(event, "zoe@example.org")

    booking.refuse(reason="Réservé aux chercheurs.")
    booking.approve()

    booking.refresh_from_db()
    assert booking.state == STATE.REFUSED
    assert "Réservé aux chercheurs." in Email.objects.get(key__startswith="events.refused").text
    assert register(event, "zoe@example.org").state == STATE.REQUESTED


def test_members_only_means_an_account_up_to_date():
    event = create_event(is_members_only=True)
    member, stranger = create_user(), create_user()
    create_membership(create_member(user=member))

    assert register(event, member.email, user=member).state == STATE.CONFIRMED
    for user in (None, stranger):
        with pytest.raises(MembersOnly):
            register(event, user=user)


# Moving to another date


def test_a_booking_moves_to_another_date_and_frees_its_place():
    first, second = create_event(title="Lundi", capacity=1), create_event(title="Mardi", capacity=1)
    booking = register(first, "zoe@example.org")
    register(first)

    booking.move(second)

    booking.refresh_from_db()
    assert (booking.event, booking.state) == (second, STATE.CONFIRMED)
    assert states(first) == [STATE.OFFERED]
    assert subjects("zoe@example.org")[-1] == "Votre inscription change de date\u00a0: Mardi"


def test_a_booking_does_not_move_where_there_is_no_room():
    first, second = create_event(), create_event(capacity=1)
    register(second)
    booking = register(first)

    with pytest.raises(EventFull):
        booking.move(second)

    booking.refresh_from_db()
    assert booking.event == first


def test_a_booking_does_not_move_where_its_address_has_one_already():
    first, second = create_event(), create_event()
    booking = register(first, "zoe@example.org")
    register(second, "zoe@example.org")

    with pytest.raises(AlreadyRegistered):
        booking.move(second)

    booking.refresh_from_db()
    assert booking.event == first
