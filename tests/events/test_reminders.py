from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from events import reminders, tasks
from events.models import Event, Registration
from mailing.models import Email
from tests.factories import create_event, create_registration, register

pytestmark = pytest.mark.django_db


def paris(day, hour=12, minute=0):
    """That hour of December 2026 in Paris."""
    return datetime(2026, 12, day, hour - 1, minute, tzinfo=UTC)


@pytest.fixture
def event():
    """On Thursday 17 December 2026 at 18:30, with one person registered long before."""
    event = create_event(starts_at=paris(17, 18, 30))
    create_registration(event, confirmed_at=paris(1))
    return event


def sent():
    """The rule of each reminder queued, in order."""
    return [int(email.key.split(".")[2]) for email in Email.objects.order_by("pk")]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (paris(10, 8, 59), []),
        (paris(10, 9), [7]),
        (paris(13), [7]),
        (paris(16, 8, 59), [7]),
        (paris(16, 9), [1]),
        (paris(17, 18, 29), [1]),
        (paris(17, 18, 30), []),
        (paris(20), []),
    ],
)
def test_a_rule_is_due_from_nine_in_the_morning_until_the_next_one(event, now, expected):
    reminders.send_reminders(now=now)

    assert sent() == expected


def test_a_second_run_sends_nothing(event):
    assert reminders.send_reminders(now=paris(10)) == 1
    assert reminders.send_reminders(now=paris(10)) == 0
    assert reminders.send_reminders(now=paris(11)) == 0


def test_a_run_that_missed_three_days_catches_up_once(event):
    assert reminders.send_reminders(now=paris(13)) == 1
    assert sent() == [7]


def test_runs_of_every_hour_send_each_rule_once(event):
    for hour in range(24 * 20):
        reminders.send_reminders(now=paris(1) + timedelta(hours=hour))

    assert sent() == [7, 1]


def test_who_registered_after_a_rule_was_due_is_spared_it(event):
    with time_machine.travel(paris(12)):
        register(event, "tard@example.org")

    for day in (12, 13, 16):
        reminders.send_reminders(now=paris(day))

    keys = Email.objects.filter(to="tard@example.org", key__contains="reminder").values_list("key", flat=True)
    assert [key.split(".")[2] for key in keys] == ["1"]


def test_only_confirmed_people_of_published_events_are_reminded(event):
    for state in ("waiting", "cancelled", "expired"):
        create_registration(event, state, confirmed_at=paris(1))
    for status in (Event.Status.DRAFT, Event.Status.CANCELLED):
        create_registration(create_event(starts_at=paris(17), status=status), confirmed_at=paris(1))

    assert reminders.send_reminders(now=paris(10)) == 1


@pytest.mark.parametrize(
    ("starts_at", "before", "after"),
    [
        # Clocks go forward on 28 March 2027 and back on 31 October 2027: nine o'clock stays nine o'clock.
        (datetime(2027, 3, 28, 8, tzinfo=UTC), datetime(2027, 3, 27, 7, 59, tzinfo=UTC), datetime(2027, 3, 27, 8, tzinfo=UTC)),
        (datetime(2027, 3, 29, 8, tzinfo=UTC), datetime(2027, 3, 28, 6, 59, tzinfo=UTC), datetime(2027, 3, 28, 7, tzinfo=UTC)),
        (datetime(2027, 11, 1, 8, tzinfo=UTC), datetime(2027, 10, 31, 7, 59, tzinfo=UTC), datetime(2027, 10, 31, 8, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_nine_in_the_morning_is_that_of_paris_on_both_sides_of_a_change_of_hour(starts_at, before, after):
    registration = create_registration(
        create_event(starts_at=starts_at), confirmed_at=starts_at - timedelta(days=30)
    )
    key = f"events.reminder.1.{registration.pk}"

    reminders.send_reminders(now=before)
    assert not Email.objects.filter(key=key).exists()
    reminders.send_reminders(now=after)
    assert Email.objects.filter(key=key).exists()


def test_an_event_just_after_midnight_belongs_to_its_day_in_paris():
    event = create_event(starts_at=datetime(2026, 12, 16, 23, 30, tzinfo=UTC))  # the 17th at 0:30
    create_registration(event, confirmed_at=paris(1))

    reminders.send_reminders(now=paris(9))
    assert sent() == []
    reminders.send_reminders(now=paris(10))
    assert sent() == [7]


def test_the_reminder_offers_not_to_come(event):
    reminders.send_reminders(now=paris(16))

    email, booking = Email.objects.get(), event.bookings.get()
    assert email.subject == f"jeudi 17 décembre\u00a0: {event.title}"
    assert "Nous vous attendons jeudi 17 décembre à 18\u00a0h\u00a030." in email.text
    assert f"Je ne peux pas venir\u00a0:\nhttp://localhost:8000{booking.get_absolute_url()}\n" in email.text


def test_the_schedule_frees_expired_holds_and_serves_the_queue_once(time_machine_travel):
    event = create_event(price=20, capacity=1)
    register(event)
    register(event)

    with time_machine_travel(minutes=21):
        assert tasks.release_expired_holds() == 1
        assert tasks.release_expired_holds() == 0

    states = [Registration.State.EXPIRED, Registration.State.HELD]
    assert list(event.registrations.values_list("state", flat=True)) == states


def test_the_schedule_serves_the_queue_of_an_event_that_has_grown():
    event = create_event(capacity=1)
    register(event)
    waiting = register(event)
    Event.objects.filter(pk=event.pk).update(capacity=2)

    tasks.release_expired_holds()

    assert Registration.objects.get(booking=waiting).state == Registration.State.CONFIRMED
