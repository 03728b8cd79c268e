"""Every message of the events, read as its reader reads it."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core import mail
from django.utils import timezone

from events import emails
from events.addressees import addressees
from events.models import AccessNeed, Event
from mailing import delivery, outbox
from mailing.models import Email
from tests.factories import create_booking, create_event, create_price, create_staff

pytestmark = pytest.mark.django_db
FOLDER = Path(settings.BASE_DIR) / "templates/events/email"
MAILS = {path.name.removesuffix("_message.txt") for path in FOLDER.glob("*_message.txt")} - {"base"}
FRENCH = re.compile(r"\b(vous|nous|votre|inscription|réservation|lien|annul\w+)\b", re.IGNORECASE)
LOOSE_FRENCH = re.compile(r"\w'\w| [;!?:](\s|$)|« | »|\d (h|€)")


@pytest.fixture(params=["fr", "en"])
def language(request):
    return request.param


@pytest.fixture
def party(language):
    """Three people, one of whom has another address, at an event with everything that a message can say."""
    words = {"title": "Debate", "venue": "Salle A", "address": "1 rue A", "access": "Tram 1"}
    event = create_event(
        format=Event.Format.HYBRID, online_url="https://visio.example.org/a", link_shown_hours=10_000, **words
    )
    price = create_price(event, 20, name="Standard")
    booking = create_booking(event, places=3, price=price, language=language, name="Zoé Démo")
    guest = booking.places[2]
    guest.email = "invitee@example.org"
    guest.save()
    booking.charge = booking.open_charge(payable_until=None)
    booking.expires_at = timezone.now() + timedelta(hours=12)
    booking.save()
    return booking


def tell_everything(booking):
    """Call each function that writes, once."""
    event, place = booking.event, booking.places[2]
    before = event.particulars._replace(
        starts_at=event.starts_at - timedelta(days=1),
        venue="Salle B",
        online_url="https://visio.example.org/b",
    )
    need = AccessNeed.objects.create(registration=place, text="…", answer="…", answered_at=timezone.now())
    event.accessibility_email = "acces@example.org"
    emails.booking_confirmed(booking)
    emails.booking_requested(booking)
    emails.booking_waiting(booking)
    emails.places_held(booking)
    emails.places_offered(booking)
    emails.offer_expired(booking)
    emails.booking_link(booking, day=timezone.localdate())
    emails.booking_moved(booking, from_event=event)
    emails.place_handed_over(place, before="avant@example.org")
    emails.access_need_asked(need)
    emails.access_need_answered(need)
    for one in addressees([booking]):
        emails.event_changed(one, event=event, before=before)
        for rule in event.reminder_rules.all():
            emails.reminder(one, event=event, rule=rule)
    emails.place_cancelled(booking, place, refund=20)
    emails.booking_cancelled(booking, booking.places, refund=20)
    for one in addressees([booking]):
        emails.event_cancelled(one)
    booking.staff_reason = "Full"
    emails.booking_refused(booking)
    message = event.group_messages.create(subject="Room", text="Come early", author=create_staff())
    emails.group_message(message, place)


@pytest.fixture
def written(party, monkeypatch):
    """Each message with the name of its template."""
    found, queue = [], outbox.queue

    def noted(template, **kwargs):
        email = queue(template, **kwargs)
        found.append((template.removeprefix("events/email/"), email))
        return email

    monkeypatch.setattr(outbox, "queue", noted)
    tell_everything(party)
    return [(name, email) for name, email in found if email is not None]


def test_each_message_of_the_folder_was_written(written):
    assert {name for name, _email in written} == MAILS


def test_nothing_of_a_template_is_left_in_a_message(written):
    leftover = re.compile(r"\{\{|\}\}|\{%|%\}|\bNone\b|\n\s*\n\s*\n|%\(|  ")

    assert [
        (name, email.text) for name, email in written if leftover.search(email.subject + email.text)
    ] == []
    assert [name for name, email in written if email.text != email.text.strip() + "\n"] == []


def test_each_message_says_to_whom_it_speaks_of_what_and_when(written):
    for name, email in written:
        assert "Debate" in email.subject + email.text, name
        assert re.search(r"\d{4}", email.text), name
        assert email.text.startswith(("Bonjour", "Hello")), name


def test_a_message_is_in_one_language(written, language):
    """What goes to the accessibility contact is in French, whoever asked."""
    theirs = [email for name, email in written if name != "access_need_asked"]

    for email in theirs:
        text = re.sub(r"https?://\S+", "", email.subject + email.text)
        if language == "en":
            assert FRENCH.findall(text) == [], email.text
        else:
            assert LOOSE_FRENCH.findall(text) == [], email.text


def test_the_html_part_says_the_same_and_each_address_can_be_clicked(written):
    for name, email in written:
        addresses = [line for line in email.text.splitlines() if line.startswith("http")]
        assert [address for address in addresses if f'href="{address}"' not in email.html] == [], name
        assert "{{" not in email.html


def test_no_key_of_a_message_says_to_whom_it_went(written):
    assert [email.key for _name, email in written if "@" in email.key] == []


def test_every_message_goes(written):
    delivery.deliver_due()

    assert len(mail.outbox) == Email.objects.count()
    assert {email.state for email in Email.objects.all()} == {Email.State.SENT}
