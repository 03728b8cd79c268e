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
from events.models import AccessNeed, Event, Place
from mailing import delivery, outbox
from mailing.models import Email
from tests.factories import create_booking, create_event, create_price, create_staff, register

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
    emails.place_handed_over(place, former="Ann Démo", before="avant@example.org")
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


def paragraphs(**which):
    return Email.objects.get(**which).text.strip().split("\n\n")


def test_who_takes_a_place_hears_whose_it_was_and_who_booked_it():
    places = [Place("Zoé", "zoe@example.org"), Place("Ann", "ann@example.org")]
    booking = register(create_event(), "zoe@example.org", name="Zoé", places=places)

    booking.places[1].hand_over(name="Ali", email="ali@example.org")

    told = "La place de Ann est désormais au nom de Ali. L’ancien billet n’est plus valable."
    assert paragraphs(to="ali@example.org")[:2] == [
        "Bonjour Ali,",
        "Ann vous donne sa place, dans une réservation faite par Zoé.",
    ]
    assert paragraphs(to="ann@example.org", key__endswith=".from")[:2] == ["Bonjour Ann,", told]
    assert paragraphs(to="zoe@example.org", key__endswith=".contact")[:2] == ["Bonjour Zoé,", told]


def test_who_takes_the_place_of_who_booked_it_hears_one_name():
    booking = register(create_event(), places=[Place("Zoé")], name="Zoé")

    booking.places[0].hand_over(name="Ali", email="ali@example.org")

    assert paragraphs(to="ali@example.org")[1] == "Zoé vous donne sa place."


def test_the_accessibility_contact_is_told_why_they_are_written_to():
    event = create_event(title="Débat", accessibility_email="acces@example.org")

    register(event, places=[Place("Lou", access_need="Boucle magnétique")])

    assert paragraphs(to="acces@example.org")[-1] == (
        "Vous recevez ce message parce que cette adresse reçoit les besoins d’accessibilité de "
        "«\u00a0Débat\u00a0»."
    )


def test_only_the_first_thing_to_do_is_a_filled_button():
    booking = create_booking(create_event())

    emails.booking_confirmed(booking)

    html = Email.objects.get().html
    fills = re.findall(r"background-color:(#\w+);color:(#\w+);border:2px", html)
    assert fills == [("#0f2740", "#ffffff"), ("#fdfbf5", "#0f2740")]


@pytest.mark.parametrize(
    ("places", "subject", "end"),
    [
        (1, "La place proposée n’est plus retenue", "la place est proposée à la personne suivante."),
        (
            2,
            "Les places proposées ne sont plus retenues",
            "les places sont proposées aux personnes suivantes.",
        ),
    ],
)
def test_an_offer_that_ran_out_counts_its_places(places, subject, end):
    booking = create_booking(create_event(title="Débat"), places=places)

    emails.offer_expired(booking)

    assert Email.objects.get().subject == f"{subject}\u00a0: Débat"
    assert paragraphs()[1] == f"Nous n’avons pas eu votre réponse à temps\u00a0: {end}"
