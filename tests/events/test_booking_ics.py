"""The entry of a booking, or of one place, as a calendar downloads it."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import icalendar
import pytest
import time_machine
from django.utils import timezone

from events import personal_ics
from events.models import Booking, Event
from mailing.models import Email
from tests.factories import create_booking, create_event, register

pytestmark = pytest.mark.django_db
STATE = Booking.State
LINK = "https://visio.example.org/salle"


def read(client, held):
    response = client.get(f"{held.get_absolute_url()}agenda.ics")
    assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
    [entry] = icalendar.Calendar.from_ical(response.content).events
    return entry


def age(held):
    """The SEQUENCE that its calendar reads now."""
    held = type(held).objects.get(pk=held.pk)
    return personal_ics.entry(held)["sequence"]


@pytest.mark.parametrize(
    ("state", "status", "title"),
    [
        (STATE.REQUESTED, "TENTATIVE", "À valider\u00a0: Débat"),
        (STATE.WAITING, "TENTATIVE", "En attente\u00a0: Débat"),
        (STATE.OFFERED, "TENTATIVE", "Place proposée\u00a0: Débat"),
        (STATE.HELD, "TENTATIVE", "À payer\u00a0: Débat"),
        (STATE.CONFIRMED, "CONFIRMED", "Débat"),
        (STATE.REFUSED, "CANCELLED", "Annulé\u00a0: Débat"),
        (STATE.CANCELLED, "CANCELLED", "Annulé\u00a0: Débat"),
        (STATE.EXPIRED, "CANCELLED", "Annulé\u00a0: Débat"),
    ],
)
def test_a_calendar_never_takes_a_request_for_a_place(client, state, status, title):
    booking = create_booking(create_event(title="Débat"), state)

    for held in (booking, booking.places[0]):
        entry = read(client, held)
        assert (entry["status"], entry["summary"]) == (status, title)


def test_a_hold_that_ran_out_is_no_place_even_before_the_schedule_says_so(client):
    booking = create_booking(create_event(), STATE.HELD, expires_at=timezone.now() - timedelta(seconds=1))

    assert read(client, booking)["status"] == "CANCELLED"


def test_who_still_waits_when_it_begins_does_not_come(client, time_machine_travel):
    booking = create_booking(create_event(starts_in=timedelta(hours=1)), STATE.WAITING)

    with time_machine_travel(hours=1):
        assert read(client, booking)["status"] == "CANCELLED"


def test_a_booking_and_a_place_of_it_are_two_entries_for_ever(client):
    booking = register(create_event(), places=2)
    first, second = booking.places

    uids = [read(client, held)["uid"] for held in (booking, first, second)]
    booking.cancel(second)

    assert uids == [
        f"reservation-{booking.pk}@localhost",
        *(f"place-{place.pk}@localhost" for place in (first, second)),
    ]
    assert [read(client, held)["uid"] for held in (booking, first, second)] == uids
    assert [read(client, held)["status"] for held in (booking, first, second)] == [
        "CONFIRMED",
        "CONFIRMED",
        "CANCELLED",
    ]


def test_an_entry_says_who_comes_where_and_leads_to_its_own_page(client):
    event = create_event(venue="Salle A", address="1 rue de l’Essai")
    booking = register(event, name="Zoé Démo", places=2)

    whole, alone = read(client, booking), read(client, booking.places[1])

    assert whole["location"] == "Salle A, 1 rue de l’Essai"
    assert "Pour\u00a0: Zoé Démo, Zoé Démo 1" in whole["description"]
    assert whole["url"] == f"http://localhost:8000{booking.get_absolute_url()}"
    assert str(booking.token) not in str(alone.to_ical())


def test_the_link_is_there_for_who_is_confirmed_once_it_is_shown(client, time_machine_travel):
    event = create_event(format=Event.Format.ONLINE, venue="", online_url=LINK)
    coming, waiting = create_booking(event), create_booking(event, STATE.WAITING)

    assert LINK not in read(client, coming)["description"]
    with time_machine_travel(days=29, hours=1):
        assert LINK in read(client, coming)["description"]
        assert LINK not in read(client, waiting)["description"]
        assert read(client, coming)["location"] == "En ligne"


@pytest.mark.parametrize(
    ("starts_at", "expected"),
    [
        (datetime(2027, 3, 27, 17, 30, tzinfo=UTC), b"20270327T173000Z"),
        (datetime(2027, 3, 28, 16, 30, tzinfo=UTC), b"20270328T163000Z"),
        (datetime(2027, 10, 31, 0, 30, tzinfo=UTC), b"20271031T003000Z"),
        (datetime(2027, 10, 31, 1, 30, tzinfo=UTC), b"20271031T013000Z"),
    ],
)
def test_instants_are_those_of_the_event_on_both_sides_of_a_change_of_hour(client, starts_at, expected):
    booking = create_booking(create_event(starts_at=starts_at))

    entry = read(client, booking)

    assert entry["dtstart"].to_ical() == expected
    assert entry["dtstart"].dt == starts_at


def test_the_sequence_only_grows_whatever_happens():
    event, other = create_event(), create_event()
    booking = register(event, places=2)
    place, ages = booking.places[0], [age(booking)]

    def after(act):
        act()
        ages.append(age(booking))

    def move_event():
        before = event.particulars
        event.venue = "Ailleurs"
        event.save()
        event.announce_changes(before=before)

    after(move_event)
    after(lambda: place.hand_over(name="Lou Démo", email="lou@example.org"))
    after(lambda: booking.cancel(booking.places[1]))
    after(lambda: Booking.objects.get(pk=booking.pk).move(other))
    after(lambda: Booking.objects.get(pk=booking.pk).cancel())

    assert ages == sorted(set(ages))
    assert len(ages) == 6


def test_from_the_queue_to_a_place_the_sequence_grows():
    event = create_event(capacity=1)
    first, second = register(event), register(event)
    waiting = age(second)

    first.cancel()
    offered = age(second)
    Booking.objects.get(pk=second.pk).accept()

    assert waiting < offered < age(second)


def test_who_gave_a_place_away_loses_it_in_the_calendar_too():
    booking = register(create_event(), "contact@example.org", places=2)
    place = booking.places[1]
    place.hand_over(name="Lou Démo", email="lou@example.org")
    place.refresh_from_db()

    place.hand_over(name="Max Démo", email="max@example.org")

    [lost] = Email.objects.filter(to="lou@example.org", key__endswith=".from")
    [got] = Email.objects.filter(to="max@example.org")
    entries = [
        icalendar.Calendar.from_ical(email.attachments[0]["content"]).events[0] for email in (lost, got)
    ]
    assert [entry["status"] for entry in entries] == ["CANCELLED", "CONFIRMED"]
    assert {str(entry["uid"]) for entry in entries} == {f"place-{place.pk}@localhost"}


def test_a_confirmation_brings_the_entry_and_each_guest_their_own():
    event = create_event()
    booking = create_booking(event, STATE.WAITING, places=2, email="contact@example.org")
    guest = booking.places[1]
    guest.email = "invitee@example.org"
    guest.save()

    booking.confirm()

    contact, invited = Email.objects.order_by("pk")
    assert f"UID:reservation-{booking.pk}@" in contact.attachments[0]["content"]
    assert f"UID:place-{guest.pk}@" in invited.attachments[0]["content"]
    assert invited.subject == f"Votre place est confirmée\u00a0: {event.title}"


def test_the_pages_lead_to_the_entry_while_it_is_of_use(client):
    booking = register(create_event(starts_in=timedelta(days=1)))
    place = booking.places[0]

    for held in (booking, place):
        assert f'href="{held.get_absolute_url()}agenda.ics"' in client.get(held.get_absolute_url()).text
    booking.cancel()
    for held in (booking, place):
        assert "agenda.ics" not in client.get(held.get_absolute_url()).text


@pytest.mark.parametrize("prefix", ["", "place/"])
def test_an_unknown_entry_is_not_found(client, prefix):
    assert client.get(f"/reservations/{prefix}{uuid4()}/agenda.ics").status_code == 404


def test_the_entry_is_in_the_language_of_who_booked(client):
    booking = create_booking(create_event(title="Débat"), STATE.WAITING, language="en")

    assert read(client, booking)["summary"] == "Waiting: Débat"


def test_an_entry_is_the_same_each_time_it_is_read(client):
    booking = register(create_event())
    address = f"{booking.get_absolute_url()}agenda.ics"

    with time_machine.travel(timezone.now(), tick=False):
        assert client.get(address).content == client.get(address).content
