import io
import re
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.urls import reverse
from pypdf import PdfReader

from events.models import Booking, Event
from mailing.models import Email
from tests.factories import create_booking, create_event, create_price, register

pytestmark = pytest.mark.django_db

STATE = Booking.State


def read(response):
    assert response.status_code == 200
    return PdfReader(io.BytesIO(response.content))


def words(page):
    return " ".join(page.extract_text().split())


def tickets_of(client, booking):
    return read(client.get(reverse("bookings:booking_tickets", args=[booking.token])))


def ticket_of(client, place):
    return read(client.get(reverse("bookings:place_ticket", args=[place.code])))


def test_a_ticket_says_who_comes_to_what_when_where_and_at_what_price(client):
    begins = datetime(2027, 3, 1, 18, 30, tzinfo=ZoneInfo("Europe/Paris"))
    event = create_event(
        title="Comprendre l’IA sans jargon",
        starts_at=begins,
        venue="Médiathèque Émile Zola",
        address="218 boulevard de l’Aéroport, 34000 Montpellier",
        access="Tramway, arrêt Antigone.",
    )
    price = create_price(event, Decimal("1234.50"), name="Plein tarif")
    booking = create_booking(event, name="Camille Durand", price=price)
    place = booking.places[0]

    [page] = tickets_of(client, booking).pages

    text = words(page).replace("\u00a0", " ").replace("\u202f", " ")
    for expected in [
        "Comprendre l’IA sans jargon",
        "Lundi 1er mars 2027 18 h 30 – 20 h 30",
        "Médiathèque Émile Zola 218 boulevard de l’Aéroport, 34000 Montpellier",
        "Camille Durand",
        "1 234,50 € Plein tarif",
        f"Billet {place.number}",
        "Tramway, arrêt Antigone.",
    ]:
        assert expected in text
    address = settings.SITE_URL + place.get_absolute_url()
    assert [link["/A"]["/URI"] for link in page["/Annots"]] == [address]


def test_a_booking_gives_a_page_for_each_place_still_wanted(client):
    booking = create_booking(create_event(), places=5, name="Lou")
    booking.places[2].give_back()

    pages = tickets_of(client, booking).pages

    names = [re.search(r"Au nom de (Lou(?: \d)?)", words(page))[1] for page in pages]
    assert names == ["Lou", "Lou 1", "Lou 3", "Lou 4"]


def test_each_person_has_their_own_ticket_alone(client):
    booking = create_booking(create_event(), places=2, name="Lou")

    [page] = ticket_of(client, booking.places[1]).pages

    assert "Lou 1" in words(page)
    assert booking.places[0].number not in words(page)


def test_a_ticket_is_a_file_to_keep_and_no_cache_does(client):
    booking = create_booking(create_event(slug="essai"))

    response = client.get(reverse("bookings:booking_tickets", args=[booking.token]))

    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == 'attachment; filename="billets-essai.pdf"'
    assert "no-store" in response["Cache-Control"]


def test_a_ticket_is_tagged_in_its_language_with_a_title_and_its_code_in_words(client):
    booking = create_booking(create_event(title="Bilan"))

    pdf = tickets_of(client, booking)

    root = pdf.trailer["/Root"]
    assert root["/Lang"] == "fr-FR"
    assert root["/MarkInfo"]["/Marked"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert pdf.metadata.title == "Billet pour\u00a0: Bilan"
    meta = root["/Metadata"].get_data().decode()
    assert "<pdfaid:part>3</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>" in re.sub(r"\s", "", meta)
    assert "<pdfuaid:part>1</pdfuaid:part>" in meta
    assert "H1" in tags(root["/StructTreeRoot"])
    assert "Figure" in tags(root["/StructTreeRoot"])


def tags(node):
    """The names of the structure of a document, from its root."""
    if not hasattr(node, "get"):
        return set()
    children = node.get("/K", [])
    children = children if isinstance(children, list) else [children]
    found = {node["/S"][1:]} if "/S" in node else set()
    return found.union(*(tags(child.get_object()) for child in children))


@pytest.mark.parametrize(
    "state",
    [state for state in STATE if state != STATE.CONFIRMED],
)
def test_nobody_has_a_ticket_before_or_after_their_place_is_theirs(client, state):
    booking = create_booking(create_event(), state)

    for address in [
        reverse("bookings:booking_tickets", args=[booking.token]),
        reverse("bookings:place_ticket", args=[booking.registrations.get().code]),
    ]:
        assert client.get(address).status_code == 404
    assert "billet" not in client.get(booking.registrations.get().get_absolute_url()).text


def test_a_stranger_finds_no_ticket(client):
    place = create_booking(create_event(), places=2).places[0]
    place.give_back()

    nowhere = "11111111-2222-3333-4444-555555555555"
    assert client.get(reverse("bookings:booking_tickets", args=[nowhere])).status_code == 404
    assert client.get(reverse("bookings:place_ticket", args=[nowhere])).status_code == 404
    assert client.get(reverse("bookings:place_ticket", args=[place.code])).status_code == 404


def test_a_place_handed_over_leaves_no_ticket_to_who_had_it(client):
    place = create_booking(create_event()).places[0]
    before = reverse("bookings:place_ticket", args=[place.code])

    place.hand_over(name="Sacha Petit", email="sacha@example.org")

    place.refresh_from_db()
    assert client.get(before).status_code == 404
    assert "Sacha Petit" in words(ticket_of(client, place).pages[0])


def test_pages_and_the_mail_lead_to_the_tickets(client):
    booking = register(create_event())
    place = booking.places[0]

    tickets = reverse("bookings:booking_tickets", args=[booking.token])
    ticket = reverse("bookings:place_ticket", args=[place.code])
    assert f'href="{tickets}"' in client.get(booking.get_absolute_url()).text
    assert f'href="{ticket}"' in client.get(place.get_absolute_url()).text
    assert settings.SITE_URL + tickets in Email.objects.get().text


@pytest.mark.parametrize(
    "name",
    [
        '#panic("a") $x$ \\ ] " <a> @b `c` */ //',
        "#sys.inputs",
        '"}, {"name": "autre',
        "Łukasz Škoda",
        "Ελένη Παπαδοπούλου",
        "Ольга Іваненко",
    ],
)
def test_a_name_is_printed_as_it_is_written_and_is_never_markup(client, name):
    booking = create_booking(create_event(title=name), name=name)

    [page] = tickets_of(client, booking).pages

    assert words(page).count(name) == 2


@pytest.mark.parametrize(
    "name",
    ["x" * 200, "Marie-Hélène " * 15, "👩🏽‍💻" * 25, "W" * 200],
    ids=["one word", "many", "drawings", "wide"],
)
def test_a_very_long_name_stays_on_its_page(client, name):
    access = "Une phrase pour venir. " * 200 + "\n.\n" * 200
    event = create_event(title="T" * 200, address="A" * 300, venue="V" * 200, access=access)

    assert len(tickets_of(client, create_booking(event, name=name)).pages) == 1


def test_letters_that_no_font_draws_leave_boxes_and_the_address_says_who(client):
    booking = create_booking(create_event(), name="王小明 😀", email="wang@example.org")

    [page] = tickets_of(client, booking).pages

    assert "Au nom de □□□ wang@example.org" in words(page)


def test_an_online_event_has_no_address_and_says_where_the_link_will_be(client):
    event = create_event(
        format=Event.Format.ONLINE,
        venue="",
        address="34000 Montpellier",
        online_url="https://visio.example.org",
    )

    [page] = tickets_of(client, create_booking(event)).pages

    assert "Où En ligne" in words(page)
    assert "Montpellier Méditerranée" in words(page)
    assert "34000" not in words(page)
    assert "Le lien de connexion sera sur la page de votre place." in words(page)
    assert "visio.example.org" not in words(page)


def test_an_event_of_several_days_says_both(client):
    begins = datetime(2027, 3, 1, 9, tzinfo=ZoneInfo("Europe/Paris"))
    event = create_event(starts_at=begins, lasts=timedelta(days=2, hours=8), format=Event.Format.HYBRID)

    text = words(tickets_of(client, create_booking(event)).pages[0]).replace("\u00a0", " ")

    assert "Du lundi 1er mars 2027, 9 h 00 au mercredi 3 mars 2027, 17 h 00" in text
    assert "Salle d'essai et en ligne" in text


def test_a_ticket_follows_the_language_of_the_page(client):
    booking = create_booking(create_event())

    pdf = read(
        client.get(
            reverse("bookings:booking_tickets", args=[booking.token]), headers={"Accept-Language": "en"}
        )
    )

    assert pdf.trailer["/Root"]["/Lang"] == "en-GB"


def test_a_booking_of_many_costs_as_few_queries_as_one(client, django_assert_num_queries):
    event = create_event()
    for places in (1, 20):
        booking = create_booking(event, places=places)
        with django_assert_num_queries(2):
            tickets_of(client, booking)
