from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
import time_machine
from django.core import mail
from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from events.models import (
    AlreadyRegistered,
    Booking,
    Event,
    EventFull,
    EventOver,
    RegistrationClosed,
)
from mailing.models import Email
from tests.factories import (
    create_booking,
    create_event,
    register,
)

pytestmark = pytest.mark.django_db
STATE = Booking.State
CAN = Event.Availability


def states(event):
    return list(event.bookings.order_by("pk").values_list("state", flat=True))


def subjects(email):
    return list(Email.objects.filter(to=email).order_by("pk").values_list("subject", flat=True))


# Registering


def test_a_free_place_is_confirmed_at_once_and_told_by_mail():
    event = create_event(title="Débat", capacity=1)

    booking = register(event, "zoe@example.org")

    assert booking.state == STATE.CONFIRMED
    assert booking.charge is None
    assert subjects("zoe@example.org") == ["Votre inscription est confirmée\u00a0: Débat"]


def test_a_paid_place_is_held_twenty_minutes_with_a_charge():
    with time_machine.travel("2026-11-23 10:00 +01:00", tick=False):
        booking = register(create_event(price=Decimal(20)))

        assert booking.state == STATE.HELD
        assert booking.expires_at == timezone.now() + timedelta(minutes=20)
        assert booking.charge.amount == Decimal(20)
        assert booking.charge.return_path == booking.get_absolute_url()


def test_when_full_the_next_ones_wait_in_their_order():
    event = create_event(capacity=1)
    register(event)

    first, second = register(event), register(event)

    assert states(event) == [STATE.CONFIRMED, STATE.WAITING, STATE.WAITING]
    assert (first.rank, second.rank) == (1, 2)


def test_when_full_without_a_waiting_list_it_is_refused_and_nothing_is_written():
    event = create_event(capacity=1, has_waiting_list=False)
    register(event)

    with pytest.raises(EventFull):
        register(event)

    assert event.bookings.count() == 1


def test_the_public_does_not_overtake_those_who_wait():
    event = create_event(capacity=1)
    create_booking(event, STATE.WAITING)

    assert register(event).state == STATE.WAITING


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"status": Event.Status.DRAFT}, RegistrationClosed),
        ({"status": Event.Status.CANCELLED}, RegistrationClosed),
        ({"starts_in": timedelta(days=-2)}, EventOver),
        ({"starts_in": timedelta(minutes=-5)}, EventOver),
        ({"registration_opens_at": timezone.now() + timedelta(days=365)}, RegistrationClosed),
        ({"registration_closes_at": timezone.now() - timedelta(days=1)}, RegistrationClosed),
    ],
)
def test_an_event_that_is_not_open_takes_nobody(fields, refusal):
    event = create_event(**fields)

    with pytest.raises(refusal):
        register(event)

    assert event.bookings.count() == 0


def test_the_same_address_registers_once_whatever_its_case():
    event = create_event()
    booking = register(event, "zoe@example.org")

    with pytest.raises(AlreadyRegistered) as refusal:
        register(event, "ZOE@example.org")

    assert refusal.value.booking == booking


def test_two_clicks_on_the_same_form_are_one_booking():
    event, key = create_event(), uuid4()

    first = event.register(name="Zoé", email="zoe@example.org", request_key=key)
    second = event.register(name="Zoé", email="zoe@example.org", request_key=key)

    assert first == second
    assert event.bookings.count() == 1
    assert len(subjects("zoe@example.org")) == 1


def test_the_database_itself_refuses_two_live_registrations_of_one_address():
    event = create_event()
    create_booking(event, email="zoe@example.org")

    with pytest.raises(IntegrityError), transaction.atomic():
        create_booking(event, STATE.WAITING, email="zoe@example.org")


def test_who_cancelled_may_come_back():
    event = create_event()
    register(event, "zoe@example.org").cancel()

    assert register(event, "zoe@example.org").state == STATE.CONFIRMED


# What a visitor is told


@pytest.mark.parametrize(
    ("fields", "taken", "expected"),
    [
        ({"status": Event.Status.CANCELLED}, 0, CAN.CANCELLED),
        ({"starts_in": timedelta(hours=-1)}, 0, CAN.OVER),
        ({"registration_opens_at": timezone.now() + timedelta(days=365)}, 0, CAN.NOT_YET),
        ({"registration_closes_at": timezone.now() - timedelta(days=1)}, 0, CAN.CLOSED),
        ({}, 3, CAN.OPEN),
        ({"capacity": 8}, 2, CAN.OPEN),
        ({"capacity": 8}, 3, CAN.FEW),
        ({"capacity": 2}, 2, CAN.QUEUE),
        ({"capacity": 2, "has_waiting_list": False}, 2, CAN.FULL),
    ],
)
def test_availability(fields, taken, expected):
    event = create_event(**fields)
    for _ in range(taken):
        create_booking(event)

    assert event.availability == expected
    assert Event.objects.with_places().get(pk=event.pk).availability == expected


def test_mail_leaves_after_the_commit_only(run_commit_hooks):
    with run_commit_hooks():
        register(create_event(), "zoe@example.org")
        assert mail.outbox == []

    assert [message.to for message in mail.outbox] == [["zoe@example.org"]]


def test_a_mail_is_in_the_language_of_its_reader_whoever_acts():
    event = create_event(price=Decimal(20), capacity=1, title="Débat")
    with translation.override("en"):
        first = register(event, "english@example.org")
    waiting = register(event, "francaise@example.org")

    with translation.override("en"):
        first.cancel()
        waiting.accept()

    waiting.refresh_from_db()
    assert subjects("francaise@example.org")[1] == "Une place s’est libérée pour vous\u00a0: Débat"
    assert subjects("english@example.org")[-1] != "Votre inscription est annulée\u00a0: Débat"
    assert waiting.charge.language == "fr"
