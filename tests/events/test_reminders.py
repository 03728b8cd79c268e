from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from events import reminders, tasks
from events.models import Booking, Event, ReminderRule
from mailing.models import Email
from tests.admin import typed
from tests.factories import create_booking, create_event, create_staff, register

pytestmark = pytest.mark.django_db
UNIT = ReminderRule.Unit


def paris(day, hour=12, minute=0, month=12):
    """That hour of December 2026 in Paris."""
    return datetime(2026, month, day, hour - 1, minute, tzinfo=UTC)


def run(now):
    with time_machine.travel(now, tick=False):
        return reminders.send_reminders(now=now)


def confirm(event, *, places=1, at=None, **fields):
    return create_booking(event, places=places, confirmed_at=at or paris(1), **fields)


@pytest.fixture
def event():
    """On Thursday 17 December 2026 from 18:30 to 20:30, with one person registered long before."""
    event = create_event(starts_at=paris(17, 18, 30))
    confirm(event)
    return event


def sent(**filters):
    """The rule of each message queued, in order."""
    keys = Email.objects.filter(**filters).order_by("pk").values_list("key", flat=True)
    return [key.split(".")[3] for key in keys]


# When


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (paris(10, 8, 59), []),
        (paris(10, 9), ["7days"]),
        (paris(13), ["7days"]),
        (paris(16, 8, 59), ["7days"]),
        (paris(16, 9), ["1days"]),
        (paris(17, 18, 29), ["1days"]),
        (paris(17, 18, 30), []),
        (paris(17, 23), []),
        (paris(18, 9, 59), []),
        (paris(18, 10), ["1after"]),
        (paris(24), ["1after"]),
        (paris(26), []),
    ],
)
def test_a_rule_holds_from_the_moment_it_is_due_until_the_next_one(event, now, expected):
    run(now)

    assert sent() == expected


def test_a_second_run_sends_nothing(event):
    assert run(paris(10)) == 1
    assert run(paris(10)) == 0
    assert run(paris(11)) == 0


def test_a_run_that_missed_three_days_catches_up_once(event):
    assert run(paris(13)) == 1
    assert sent() == ["7days"]


def test_runs_of_every_hour_send_each_rule_once(event):
    for hour in range(24 * 30):
        run(paris(1) + timedelta(hours=hour))

    assert sent() == ["7days", "1days", "1after"]


@pytest.mark.parametrize("format_", [Event.Format.ONLINE, Event.Format.HYBRID])
def test_an_event_online_is_recalled_two_hours_before_with_its_link(event, format_):
    Event.objects.update(format=format_, online_url="https://visio.example.org/salle")

    for now in (paris(16), paris(17, 16, 29)):
        run(now)
    assert sent() == ["1days"]
    run(paris(17, 16, 30))

    email = Email.objects.order_by("pk").last()
    assert sent() == ["1days", "2hours"]
    assert email.subject == f"jeudi 17 décembre à 18\u00a0h\u00a030\u00a0: {event.title}"
    assert "Le lien de connexion\u00a0:\nhttps://visio.example.org/salle\n" in email.text


def test_an_event_on_site_is_not_recalled_two_hours_before(event):
    run(paris(17, 17))

    assert sent() == ["1days"]


def test_the_link_is_not_in_a_reminder_sent_before_it_is_shown(event):
    Event.objects.update(format=Event.Format.HYBRID, online_url="https://visio.example.org/salle")

    run(paris(10))

    email = Email.objects.get()
    assert "visio.example.org" not in email.text
    assert "sera sur la page de votre place le mercredi 16 décembre à 18\u00a0h\u00a030." in email.text


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
    event = create_event(starts_at=starts_at)
    event.reminder_rules.filter(number=7).delete()
    confirm(event, at=starts_at - timedelta(days=30))

    assert run(before) == 0
    assert run(after) == 1


def test_two_hours_before_are_two_hours_in_the_night_that_has_three():
    event = create_event(starts_at=datetime(2027, 10, 31, 1, 30, tzinfo=UTC), format=Event.Format.ONLINE)
    rule = event.reminder_rules.get(unit=UNIT.HOURS)
    event.starts_at = timezone.localtime(event.starts_at)

    assert rule.due_at(event) == datetime(2027, 10, 30, 23, 30, tzinfo=UTC)


def test_an_event_just_after_midnight_belongs_to_its_day_in_paris():
    event = create_event(starts_at=datetime(2026, 12, 16, 23, 30, tzinfo=UTC))  # the 17th at 0:30
    confirm(event)

    assert run(paris(9)) == 0
    assert run(paris(10)) == 1


# To whom


def test_who_registered_after_a_rule_was_due_is_spared_it(event):
    with time_machine.travel(paris(12)):
        register(event, "tard@example.org")

    for day in (12, 13, 16):
        run(paris(day))

    assert sent(to="tard@example.org", key__contains="reminder") == ["1days"]


def test_only_confirmed_people_of_published_events_are_written_to(event):
    for state in (Booking.State.WAITING, Booking.State.CANCELLED, Booking.State.EXPIRED):
        create_booking(event, state, confirmed_at=paris(1))
    for status in (Event.Status.DRAFT, Event.Status.CANCELLED):
        confirm(create_event(starts_at=paris(17), status=status))

    assert run(paris(10)) == 1
    assert run(paris(18)) == 1


def test_a_place_given_back_is_not_reminded_of(event):
    booking = confirm(event, places=2, email="deux@example.org")
    with time_machine.travel(paris(9)):
        booking.cancel(booking.places[1])

    run(paris(10))

    text = Email.objects.get(to="deux@example.org", key__contains="reminder").text
    assert "Alex Démo 1" not in text


def test_five_people_with_one_address_get_one_message_that_names_them(event):
    booking = confirm(event, places=5, email="famille@example.org")

    assert run(paris(10)) == 2

    email = Email.objects.get(to="famille@example.org")
    assert [line for line in email.text.splitlines() if line.startswith("- ")] == [
        f"- {place.name}" for place in booking.places
    ]
    assert (
        f"Je ne peux pas venir, je rends ma place\u00a0:\nhttp://localhost:8000{booking.get_absolute_url()}\n"
        in email.text
    )


def test_each_address_of_a_party_hears_of_its_own_place(event):
    booking = confirm(event, places=2, email="contact@example.org")
    guest = booking.places[1]
    guest.email = "invitee@example.org"
    guest.save()

    run(paris(10))

    text = Email.objects.get(to="invitee@example.org").text
    assert (
        f"Je ne peux pas venir, je rends ma place\u00a0:\nhttp://localhost:8000{guest.get_absolute_url()}\n"
        in text
    )
    assert str(booking.token) not in text
    assert "invitee" not in Email.objects.get(to="contact@example.org").text


def test_the_reminder_offers_not_to_come(event):
    run(paris(16))

    email, place = Email.objects.get(), event.bookings.get().places[0]
    assert email.subject == f"jeudi 17 décembre\u00a0: {event.title}"
    assert "C’est bientôt\u00a0: nous vous attendons." in email.text
    assert (
        f"Voir ma place et mon billet\u00a0:\nhttp://localhost:8000{place.get_absolute_url()}\n" in email.text
    )
    assert (
        f"Je ne peux pas venir, je rends ma place\u00a0:\nhttp://localhost:8000{place.get_absolute_url()}\n"
        in email.text
    )


# What staff choose


def test_a_new_event_has_the_rules_of_every_event_and_a_copy_those_of_its_own(event):
    event.reminder_rules.filter(number=7).delete()
    event.reminder_rules.create(number=3, unit=UNIT.DAYS)
    run(paris(16))

    twin = event.copy(starts_at=paris(24, 18, 30))

    rules = [(7, UNIT.DAYS), (1, UNIT.DAYS), (2, UNIT.HOURS), (1, UNIT.AFTER)]
    assert list(create_event().reminder_rules.values_list("number", "unit")) == rules
    assert list(twin.reminder_rules.values_list("number", "unit")) == [*rules[1:], (3, UNIT.DAYS)]
    assert list(twin.reminder_rules.exclude(sent_for=None)) == []


def test_an_event_without_rules_is_silent(event):
    event.reminder_rules.all().delete()

    assert [run(paris(day)) for day in (10, 16, 18)] == [0, 0, 0]


def test_a_rule_written_again_is_not_sent_again(event):
    run(paris(10))
    event.reminder_rules.filter(number=7).delete()
    event.reminder_rules.create(number=7, unit=UNIT.DAYS)

    assert run(paris(11)) == 0


def test_a_rule_that_staff_change_is_another_one(event, client):
    run(paris(10))
    client.force_login(create_staff())
    page = reverse("admin:events_event_change", args=[event.pk])

    with time_machine.travel(paris(11), tick=False):
        form = typed(client.get(page), **{"reminder_rules-0-number": "5"})
        assert client.post(page, form).status_code == 302

    assert [run(paris(day)) for day in (11, 12, 13)] == [0, 1, 0]
    assert sent(key__contains="reminder") == ["7days", "5days"]


def test_a_rule_is_there_once(event):
    with pytest.raises(IntegrityError), transaction.atomic():
        event.reminder_rules.create(number=7, unit=UNIT.DAYS)


def test_saving_an_event_again_gives_no_rule_back(event):
    event.reminder_rules.all().delete()

    event.save()

    assert event.reminder_rules.count() == 0


# When the event moves


def move(event, starts_at, *, at):
    """What staff do, and what is told."""
    with time_machine.travel(at, tick=False):
        before = event.particulars
        event.starts_at, event.ends_at = starts_at, starts_at + timedelta(hours=2)
        event.save(update_fields=["starts_at", "ends_at"])
        event.announce_changes(before=before)


def test_an_event_moved_later_is_reminded_of_anew(event):
    run(paris(10))
    move(event, paris(28, 18, 30), at=paris(11))

    assert [run(paris(day)) for day in (12, 17, 20, 21, 27)] == [0, 0, 0, 1, 1]


def test_an_event_moved_nearer_is_not_reminded_of_right_after_it_was_told(event):
    move(event, paris(5, 18, 30), at=paris(2))

    assert [run(paris(day)) for day in (2, 3, 4)] == [0, 0, 1]
    assert sent(key__contains="reminder") == ["1days"]


def test_a_date_that_comes_back_is_not_reminded_of_twice(event):
    run(paris(10))
    move(event, paris(20, 18, 30), at=paris(11))
    move(event, paris(17, 18, 30), at=paris(11, 13))

    assert run(paris(12)) == 0
    assert run(paris(16)) == 1


def test_the_schedule_frees_expired_holds_and_serves_the_queue_once(time_machine_travel):
    event = create_event(price=20, capacity=1)
    register(event)
    register(event)

    with time_machine_travel(minutes=21):
        assert tasks.release_expired_holds() == 1
        assert tasks.release_expired_holds() == 0

    states = [Booking.State.EXPIRED, Booking.State.OFFERED]
    assert list(event.bookings.order_by("pk").values_list("state", flat=True)) == states


def test_the_schedule_serves_the_queue_of_an_event_that_has_grown():
    event = create_event(capacity=1)
    register(event)
    waiting = register(event)
    Event.objects.filter(pk=event.pk).update(capacity=2)

    tasks.release_expired_holds()

    waiting.refresh_from_db()
    assert waiting.state == Booking.State.OFFERED
