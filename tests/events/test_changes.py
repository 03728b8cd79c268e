"""What is told when an event changes, to whom, with what for their calendar."""

from datetime import UTC, datetime, timedelta
from email import policy
from email.parser import BytesParser

import icalendar
import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from events.models import Booking, Event
from mailing import delivery
from mailing.models import Email
from tests.admin import told
from tests.events.test_admin import form_of, page_of
from tests.factories import create_booking, create_event, create_staff, register

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 23, 11, tzinfo=UTC)
STARTS_AT = datetime(2026, 12, 17, 17, 30, tzinfo=UTC)  # 18:30 in Paris


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def event():
    return create_event(title="Débat", starts_at=STARTS_AT, venue="Salle A", address="1 rue de l’Essai")


def change(event, **fields):
    """What the page of the admin does."""
    before = Event.objects.get(pk=event.pk).particulars
    for name, value in fields.items():
        setattr(event, name, value)
    event.save(update_fields=list(fields))
    return event.announce_changes(before=before)


def changes(**filters):
    return Email.objects.filter(key__startswith="events.event_changed", **filters).order_by("pk")


def entries(email):
    """What the calendar that comes with a message says."""
    [attachment] = email.attachments
    return list(icalendar.Calendar.from_ical(attachment["content"]).events)


def later(event, **delta):
    return {"starts_at": event.starts_at + timedelta(**delta), "ends_at": event.ends_at + timedelta(**delta)}


# What is told


def test_another_date_is_told_with_the_one_before(event):
    register(event, "zoe@example.org")

    assert change(event, **later(event, days=1)) == 1

    email = changes().get()
    assert email.subject == "Changement\u00a0: Débat"
    assert (
        "- Nouvelle date\u00a0: vendredi 18 décembre 2026, 18\u00a0h\u00a030 – 20\u00a0h\u00a030\n"
        "- Au lieu de\u00a0: jeudi 17 décembre 2026, 18\u00a0h\u00a030 – 20\u00a0h\u00a030\n\n"
    ) in email.text
    assert "Nouveau lieu" not in email.text


def test_another_place_and_another_format_are_told_together(event):
    register(event)

    change(event, venue="Salle B", format=Event.Format.HYBRID)

    text = changes().get().text
    assert (
        "- Nouveau lieu\u00a0: Salle B, 1 rue de l’Essai, et en ligne\n"
        "- Au lieu de\u00a0: Salle A, 1 rue de l’Essai\n"
    ) in text
    assert "Nouvelle date" not in text


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("", "https://b.example.org", "Il y a désormais un lien de connexion."),
        ("https://a.example.org", "https://b.example.org", "Le lien de connexion est nouveau, l’ancien ne sert plus."),
        ("https://a.example.org", "", "Il n’y a plus de lien de connexion."),
    ],
)  # fmt: skip
def test_another_link_is_told_and_not_shown(event, before, after, line):
    Event.objects.update(online_url=before)
    event.refresh_from_db()
    register(event)

    change(event, online_url=after)

    text = changes().get().text
    assert f"- {line}\n" in text
    assert "b.example.org" not in text


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "Débats"},
        {"description": "Sans faute"},
        {"access": "Tram 1"},
        {"registration_closes_at": STARTS_AT - timedelta(days=1)},
        {"starts_at": STARTS_AT + timedelta(seconds=20)},
    ],
)
def test_what_changes_nothing_for_who_comes_is_not_told(event, fields):
    register(event)

    assert change(event, **fields) == 0
    assert list(changes()) == []


def test_the_room_of_an_event_online_is_told_to_nobody(event):
    event.format = Event.Format.ONLINE
    event.save()
    register(event)

    assert change(event, venue="Salle B") == 0


# To whom


def test_who_holds_or_waits_for_a_place_is_told_once(event):
    for state in Booking.State.values:
        create_booking(event, state, email=f"{state}@example.org")
    lapsed = create_booking(event, Booking.State.HELD, expires_at=timezone.now(), email="tard@example.org")

    assert change(event, venue="Salle B") == len(Booking.LIVE)
    assert {email.to for email in changes()} == {f"{state}@example.org" for state in Booking.LIVE}
    assert lapsed.email not in {email.to for email in changes()}


def test_each_other_address_of_a_party_is_told_of_its_own_place(event):
    booking = create_booking(event, places=3, email="contact@example.org")
    for place in booking.places[1:]:
        place.email = "Invitee@example.org"
        place.save()

    assert change(event, venue="Salle B") == 2

    contact, guest = changes(to="contact@example.org").get(), changes(to="invitee@example.org").get()
    assert booking.get_absolute_url() in contact.text
    assert str(booking.token) not in guest.text + str(guest.attachments)
    assert [str(entry["uid"]) for entry in entries(contact)] == [f"reservation-{booking.pk}@localhost"]
    assert [str(entry["uid"]) for entry in entries(guest)] == [
        f"place-{place.pk}@localhost" for place in booking.places[1:]
    ]


def test_who_waits_is_told_that_nothing_is_to_be_done_again(event):
    create_booking(event, Booking.State.WAITING)

    change(event, venue="Salle B")

    email = changes().get()
    assert "Votre demande reste enregistrée, il n’y a rien à refaire." in email.text
    assert entries(email)[0]["status"] == "TENTATIVE"


@pytest.mark.parametrize("status", [Event.Status.DRAFT, Event.Status.CANCELLED])
def test_an_event_that_is_not_public_tells_nobody(event, status):
    create_booking(event)
    Event.objects.update(status=status)

    assert change(event, venue="Salle B") == 0


def test_an_event_that_is_over_tells_nobody():
    event = create_event(starts_in=timedelta(days=-3))
    create_booking(event)

    assert change(event, venue="Salle B") == 0


# The entry of a calendar


def test_each_change_is_told_once_with_a_greater_sequence(event):
    register(event)

    for venue in ("Salle B", "Salle C", "Salle A"):
        change(event, venue=venue)
        assert event.announce_changes(before=Event.objects.get(pk=event.pk).particulars) == 0

    sequences = [entries(email)[0]["sequence"] for email in changes()]
    assert len(sequences) == len(set(sequences)) == 3
    assert sequences == sorted(sequences)


def test_the_same_change_announced_twice_is_told_once(event):
    register(event)
    before = event.particulars
    event.venue = "Salle B"
    event.save()

    assert event.announce_changes(before=before) == 1
    assert event.announce_changes(before=before) == 0


@pytest.mark.parametrize(
    ("starts_at", "expected"),
    [
        # On both sides of the two changes of hour: 18:30 in Paris.
        (datetime(2027, 3, 27, 17, 30, tzinfo=UTC), "20270327T173000Z"),
        (datetime(2027, 3, 28, 16, 30, tzinfo=UTC), "20270328T163000Z"),
        (datetime(2027, 10, 30, 16, 30, tzinfo=UTC), "20271030T163000Z"),
        (datetime(2027, 10, 31, 17, 30, tzinfo=UTC), "20271031T173000Z"),
    ],
)
def test_the_entry_is_at_the_new_instant_on_both_sides_of_a_change_of_hour(event, starts_at, expected):
    register(event)

    change(event, starts_at=timezone.localtime(starts_at), ends_at=starts_at + timedelta(hours=2))

    email = changes().get()
    [entry] = entries(email)
    assert entry["dtstart"].to_ical().decode() == expected
    assert "18\u00a0h\u00a030 – 20\u00a0h\u00a030\n- Au lieu de" in email.text


def test_the_message_is_one_that_calendars_read(event):
    booking = register(event, "zoe@example.org")
    change(event, **later(event, days=1))
    Email.objects.exclude(key__contains="changed").delete()

    delivery.deliver_due()

    message = BytesParser(policy=policy.default).parsebytes(mail.outbox[0].message().as_bytes())
    assert message.get_content_type() == "multipart/mixed"
    [body, attached] = message.iter_parts()
    assert [part.get_content_type() for part in body.iter_parts()] == ["text/plain", "text/html"]
    assert attached["Content-Type"].params == {"charset": "utf-8", "method": "PUBLISH"}
    assert (attached.get_content_type(), attached.get_filename()) == ("text/calendar", "rendez-vous.ics")
    calendar = icalendar.Calendar.from_ical(attached.get_content())
    assert (calendar["method"], calendar["version"]) == ("PUBLISH", "2.0")
    [entry] = calendar.events
    assert entry["uid"] == f"reservation-{booking.pk}@localhost"
    assert (entry["status"], entry["summary"]) == ("CONFIRMED", "Débat")
    assert {"dtstamp", "organizer", "sequence", "dtend", "url"} <= {name.lower() for name in entry}


def test_a_purged_message_forgets_its_entry(event):
    register(event)

    Email.objects.all().erase()

    assert Email.objects.get().attachments == []


# Calling off


def test_an_event_called_off_is_cancelled_in_every_calendar(event):
    booking = create_booking(event, places=2, email="contact@example.org")
    guest = booking.places[1]
    guest.email = "invitee@example.org"
    guest.save()
    create_booking(event, Booking.State.WAITING, email="attente@example.org")
    before = event.sequence + booking.sequence

    event.cancel()
    event.cancel()

    emails = Email.objects.filter(key__startswith="events.event_cancelled")
    assert sorted(email.to for email in emails) == [
        "attente@example.org",
        "contact@example.org",
        "invitee@example.org",
    ]
    for email in emails:
        [entry] = entries(email)
        assert (entry["status"], entry["summary"]) == ("CANCELLED", "Annulé\u00a0: Débat")
        assert entry["sequence"] > before
        assert email.attachments[0]["content_type"] == "text/calendar; method=CANCEL"


def test_a_booking_cancelled_is_cancelled_in_the_calendar_of_each(event):
    booking = create_booking(event, places=2, email="contact@example.org")
    guest = booking.places[1]
    guest.email = "invitee@example.org"
    guest.save()

    booking.cancel()

    for to in ("contact@example.org", "invitee@example.org"):
        [entry] = entries(Email.objects.get(to=to))
        assert (entry["status"], entry["sequence"]) == ("CANCELLED", booking.sequence + 1)


# In the admin


@pytest.fixture
def staff(client):
    user = create_staff()
    client.force_login(user)
    return client


def save(client, event, **fields):
    return client.post(page_of(event), form_of(client, event, **fields), follow=True)


def test_staff_who_move_an_event_tell_everybody_and_read_how_many(staff, event):
    register(event)

    page = save(staff, event, starts_at="2026-12-18T18:30", ends_at="2026-12-18T20:30")

    assert "1 personne est prévenue du changement." in told(page)
    assert changes().count() == 1


def test_staff_who_correct_a_text_tell_nobody(staff, event):
    register(event)

    save(staff, event, summary="On en parle vraiment", description="Sans faute")

    event.refresh_from_db()
    assert event.summary == "On en parle vraiment"
    assert changes().count() == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"starts_at": "2026-11-20T18:30", "ends_at": "2026-11-20T20:30"},
        {"starts_at": "2026-12-17T18:30", "ends_at": "2026-12-17T18:00"},
    ],
)
def test_a_date_that_is_past_or_ends_before_it_starts_is_refused(staff, event, fields):
    register(event)

    page = save(staff, event, **fields)

    event.refresh_from_db()
    assert len(page.context["errors"]) == 1
    assert (event.starts_at, changes().count()) == (STARTS_AT, 0)


def test_an_event_that_people_came_to_is_not_moved(staff):
    event = create_event(starts_at=STARTS_AT - timedelta(days=60))
    create_booking(event)

    page = save(staff, event, starts_at="2026-12-18T18:30", ends_at="2026-12-18T20:30")

    assert page.context["errors"] == [
        ["Des personnes étaient inscrites à cette date\u00a0: dupliquez l’événement."]
    ]
