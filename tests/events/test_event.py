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
    Registration,
    RegistrationClosed,
)
from mailing.models import Email
from payments.models import Refund
from tests.factories import (
    create_event,
    create_member,
    create_membership,
    create_registration,
    create_training,
    create_user,
    register,
)

pytestmark = pytest.mark.django_db
STATE = Registration.State
CAN = Event.Availability


def states(event):
    return list(event.registrations.order_by("pk").values_list("state", flat=True))


def subjects(email):
    return list(Email.objects.filter(to=email).order_by("pk").values_list("subject", flat=True))


def pay(booking, reference="1"):
    charge = booking.charge
    return charge.record_payment(method="sandbox", amount=charge.amount, reference=f"{charge.pk}-{reference}")


# Registering


def test_a_free_place_is_confirmed_at_once_and_told_by_mail():
    event = create_event(title="Débat", capacity=1)

    booking = register(event, "zoe@example.org")

    assert booking.registration.state == STATE.CONFIRMED
    assert booking.charge is None
    assert subjects("zoe@example.org") == ["Votre inscription est confirmée\u00a0: Débat"]


def test_a_paid_place_is_held_twenty_minutes_with_a_charge():
    with time_machine.travel("2026-11-23 10:00 +01:00", tick=False):
        booking = register(create_event(price=Decimal(20)))

        assert booking.registration.state == STATE.HELD
        assert booking.registration.expires_at == timezone.now() + timedelta(minutes=20)
        assert booking.charge.amount == Decimal(20)
        assert booking.charge.return_path == booking.get_absolute_url()


def test_when_full_the_next_ones_wait_in_their_order():
    event = create_event(capacity=1)
    register(event)

    first, second = register(event), register(event)

    assert states(event) == [STATE.CONFIRMED, STATE.WAITING, STATE.WAITING]
    assert (first.registration.rank, second.registration.rank) == (1, 2)


def test_when_full_without_a_waiting_list_it_is_refused_and_nothing_is_written():
    event = create_event(capacity=1, has_waiting_list=False)
    register(event)

    with pytest.raises(EventFull):
        register(event)

    assert event.bookings.count() == 1


def test_the_public_does_not_overtake_those_who_wait():
    event = create_event(capacity=1)
    create_registration(event, STATE.WAITING)

    assert register(event).registration.state == STATE.WAITING


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
    create_registration(event, email="zoe@example.org")

    with pytest.raises(IntegrityError), transaction.atomic():
        create_registration(event, STATE.WAITING, email="zoe@example.org")


def test_who_cancelled_may_come_back():
    event = create_event()
    register(event, "zoe@example.org").cancel()

    assert register(event, "zoe@example.org").registration.state == STATE.CONFIRMED


# Prices


def test_the_member_price_is_for_an_account_that_is_up_to_date():
    event = create_event(price=Decimal(20), member_price=Decimal(12))
    member, stranger = create_user(), create_user()
    create_membership(create_member(user=member, email=member.email))

    assert event.price_for(None) == Decimal(20)
    assert event.price_for(stranger) == Decimal(20)
    assert event.price_for(member) == Decimal(12)


def test_a_lapsed_member_pays_the_public_price():
    event = create_event(price=Decimal(20), member_price=Decimal(12))
    user, today = create_user(), timezone.localdate()
    ended = {"starts_on": today - timedelta(days=400), "ends_on": today - timedelta(days=1)}
    create_membership(create_member(user=user), **ended)

    assert event.price_for(user) == Decimal(20)


def test_a_member_does_not_lend_the_member_price_to_another_address():
    event = create_event(price=Decimal(20), member_price=Decimal(0))
    user = create_user()
    create_membership(create_member(user=user))

    friend = register(event, "ami@example.org", user=user)
    own = register(event, user.email, user=user)

    assert friend.charge.amount == Decimal(20)
    assert own.registration.state == STATE.CONFIRMED


def test_a_session_is_charged_as_training():
    event = create_event(kind=Event.Kind.TRAINING, training=create_training(), price=Decimal(300))

    booking = register(event)

    assert [line.nature for line in booking.charge.lines.all()] == ["training"]


@pytest.mark.parametrize(
    "fields",
    [
        {"ends_at": timezone.now()},
        {"price": Decimal(10), "member_price": Decimal(11)},
        {"price": Decimal(-1)},
        {"kind": Event.Kind.TRAINING},
    ],
)
def test_the_database_refuses_an_impossible_event(fields):
    with pytest.raises(IntegrityError), transaction.atomic():
        create_event(**fields)


# Cancelling and waiting


def test_a_cancellation_gives_the_place_to_the_first_in_the_queue_by_mail():
    event = create_event(title="Débat", capacity=1)
    booking = register(event)
    register(event, "premiere@example.org")
    register(event, "seconde@example.org")

    booking.cancel()

    assert states(event) == [STATE.CANCELLED, STATE.CONFIRMED, STATE.WAITING]
    assert subjects("premiere@example.org")[-1] == "Votre inscription est confirmée\u00a0: Débat"
    assert len(subjects("seconde@example.org")) == 1


def test_cancelling_twice_changes_nothing_more():
    event = create_event(capacity=1)
    booking = register(event, "zoe@example.org")
    booking.cancel()
    register(event)

    booking.cancel()

    assert states(event) == [STATE.CANCELLED, STATE.CONFIRMED]
    assert len(subjects("zoe@example.org")) == 2


def test_a_registration_cannot_be_cancelled_once_the_event_has_begun():
    event = create_event()
    booking = register(event)

    with time_machine.travel(event.starts_at + timedelta(minutes=1)), pytest.raises(EventOver):
        booking.cancel()


def test_a_freed_paid_place_is_offered_for_two_days():
    event = create_event(price=Decimal(20), capacity=1)
    booking = register(event)
    waiting = register(event)

    booking.cancel()

    registration = Registration.objects.get(booking=waiting)
    assert registration.state == STATE.HELD
    assert registration.expires_at - timezone.now() > timedelta(hours=47)
    assert registration.booking.charge.amount == Decimal(20)


def test_an_offer_never_outlasts_the_start_of_the_event():
    event = create_event(price=Decimal(20), capacity=1, starts_in=timedelta(hours=5))
    booking = register(event)
    waiting = register(event)

    booking.cancel()

    assert Registration.objects.get(booking=waiting).expires_at == event.starts_at


def test_places_added_by_staff_go_to_the_queue():
    event = create_event(capacity=1)
    for _ in range(4):
        register(event)

    Event.objects.filter(pk=event.pk).update(capacity=3)
    served = event.promote_waiting()

    assert served == 2
    assert states(event) == [STATE.CONFIRMED] * 3 + [STATE.WAITING]


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


# Paying


def test_a_payment_in_time_confirms_the_place():
    booking = register(create_event(price=Decimal(20), capacity=1), "zoe@example.org")

    pay(booking)

    assert Registration.objects.get(booking=booking).state == STATE.CONFIRMED
    assert len(subjects("zoe@example.org")) == 2


def test_an_expired_hold_frees_the_place_for_the_queue():
    event = create_event(price=Decimal(20), capacity=1)
    register(event)
    register(event)

    with time_machine.travel(timezone.now() + timedelta(minutes=21)):
        event.release_expired_holds()

    assert states(event) == [STATE.EXPIRED, STATE.HELD]


def test_an_expired_hold_no_longer_counts_before_anything_has_run():
    event = create_event(price=Decimal(20), capacity=1)
    register(event)

    with time_machine.travel(timezone.now() + timedelta(minutes=21)):
        assert register(event).registration.state == STATE.HELD


def test_a_cancelled_paid_place_is_owed_back():
    booking = register(create_event(price=Decimal(20)))
    pay(booking)

    booking.cancel()

    assert Refund.objects.get().amount == Decimal(20)


def test_paying_a_cancelled_booking_owes_the_money_back_and_gives_no_place():
    booking = register(create_event(price=Decimal(20)))
    booking.cancel()

    pay(booking)

    assert Registration.objects.get(booking=booking).state == STATE.CANCELLED
    assert Refund.objects.get().reason == Refund.Reason.CANCELLED


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
        create_registration(event)

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

    assert subjects("francaise@example.org")[-1] == "Une place s’est libérée pour vous\u00a0: Débat"
    assert subjects("english@example.org")[-1] != "Votre inscription est annulée\u00a0: Débat"
    assert Booking.objects.get(pk=waiting.pk).charge.language == "fr"
