import io
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from pypdf import PdfReader

from events.models import Appearance, Booking, Event, Slot, Speaker
from events.sign_in_sheet import half_days
from tests.events.test_tickets import tags
from tests.factories import create_booking, create_event, create_member, create_organisation, create_staff

pytestmark = pytest.mark.django_db

PARIS = ZoneInfo("Europe/Paris")
MORNING, AFTERNOON = "morning", "afternoon"


@pytest.fixture
def staff(client):
    client.force_login(create_staff())
    return client


def sheet_of(client, event):
    response = client.get(reverse("admin:events_event_sign_in_sheet", args=[event.pk]))
    assert response.status_code == 200
    return PdfReader(io.BytesIO(response.content))


def words(pdf):
    return " ".join(" ".join(page.extract_text() for page in pdf.pages).split()).replace("\u00a0", " ")


def at(day, hour, minute=0):
    return datetime(2027, 3, day, hour, minute, tzinfo=PARIS)


def create_at(start, end, **fields):
    return create_event(starts_at=start, lasts=end - start, **fields)


def test_a_sheet_says_of_what_it_is_and_has_a_row_for_each_person_who_comes(staff):
    event = create_at(at(1, 18, 30), at(1, 20, 30), title="Comprendre l’IA", address="34000 Montpellier")
    for name in ["Zoé", "émile", "Emil Nolde", "Élodie"]:
        create_booking(event, name=name)
    create_booking(event, Booking.State.WAITING, name="Pas encore")
    create_booking(event, name="Parti").places[0].give_back()
    create_booking(create_event(), name="Ailleurs")

    text = words(sheet_of(staff, event))

    assert "Feuille d’émargement Comprendre l’IA Quand Lundi 1er mars 2027 18 h 30 – 20 h 30 Où" in text
    assert "Salle d'essai 34000 Montpellier N° Nom Signature" in text
    assert "1 Élodie 2 Emil Nolde 3 émile 4 Zoé" in text
    assert [name for name in ["Pas encore", "Parti", "Ailleurs", "Avec"] if name in text] == []


def test_the_organisation_is_that_of_the_member_or_of_whoever_pays(staff):
    event = create_event()
    create_booking(event, name="Alix", email="Alix@example.org")
    create_member(email="alix@example.org", organisation="Université de Montpellier")
    create_booking(event, name="Bo", invoice_to="Société d’essai\n1 rue du Port")
    create_booking(event, name="王小明", email="wang@example.org")
    create_organisation()

    text = words(sheet_of(staff, event))

    assert "1 Alix Université de Montpellier 2 Bo Société d’essai 3 □□□ wang@example.org" in text


def test_a_long_list_repeats_what_it_is_and_its_columns_on_each_page(staff):
    event = create_event(title="Bilan")
    create_booking(event, places=60, name="Lou")

    pdf = sheet_of(staff, event)

    texts = [" ".join(page.extract_text().split()) for page in pdf.pages]
    last = len(texts)
    assert last > 2
    for number, text in enumerate(texts, start=1):
        assert "Bilan" in text
        assert "N° Nom Signature" in text
        assert f"Page {number} / {last}" in text


def test_a_sheet_is_tagged_so_that_a_screen_reader_walks_its_table(staff):
    event = create_event()
    create_booking(event)

    root = sheet_of(staff, event).trailer["/Root"]

    assert root["/Lang"] == "fr-FR"
    assert {"H1", "Table", "TH", "TR", "TD"} <= tags(root["/StructTreeRoot"])


def test_nobody_yet_is_said(staff):
    assert "Personne n’a encore de place confirmée." in words(sheet_of(staff, create_event()))


def test_an_event_of_several_half_days_has_a_column_for_each_and_its_speakers_sign_too(staff):
    event = create_at(at(1, 9), at(2, 12, 30), kind=Event.Kind.WORKSHOP)
    create_booking(event, name="Lou")
    speaker = Speaker.objects.create(name="Alex Martin", slug="alex", role="Chercheuse")
    Appearance.objects.create(event=event, speaker=speaker)

    pdf = sheet_of(staff, event)

    text = words(pdf)
    columns = "N° Nom lundi 1er mars, matin lundi 1er mars, après-midi mardi 2 mars, matin"
    assert text.count(columns) == 2
    assert "Avec Alex Martin" in text
    assert "1 Alex Martin Chercheuse" in text
    page = pdf.pages[0].mediabox
    assert page.width > page.height


def test_many_half_days_take_several_sheets_of_four(staff):
    event = create_at(at(1, 9), at(5, 17))
    create_booking(event, name="Lou")

    pages = [" ".join(page.extract_text().split()) for page in sheet_of(staff, event).pages]

    assert [page.count("matin") for page in pages] == [2, 3, 2]  # a later one also in its heading
    assert all("1 Lou" in page for page in pages)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (at(1, 18, 30), at(1, 20, 30), [(1, AFTERNOON)]),
        (at(1, 9), at(1, 17), [(1, MORNING), (1, AFTERNOON)]),
        (at(1, 9), at(1, 13, 30), [(1, MORNING)]),
        (at(1, 14), at(2, 12), [(1, AFTERNOON), (2, MORNING)]),
        (at(27, 9), at(28, 17), [(27, MORNING), (27, AFTERNOON), (28, MORNING), (28, AFTERNOON)]),
    ],
)
def test_half_days_are_cut_at_one_o_clock_in_paris(start, end, expected):
    event = create_at(start, end)

    assert half_days(event) == [(date(2027, 3, day), half) for day, half in expected]


def test_only_the_half_days_of_the_programme_count():
    event = create_at(at(1, 9), at(4, 18))
    for start, end in [
        (at(1, 9), at(1, 12)),
        (at(1, 11), at(1, 12)),
        (at(4, 14), at(4, 14, 20)),
        (at(4, 12), at(4, 13)),
    ]:
        Slot.objects.create(event=event, title="Atelier", starts_at=start, ends_at=end)

    days = [(date(2027, 3, 1), MORNING), (date(2027, 3, 4), MORNING), (date(2027, 3, 4), AFTERNOON)]
    assert half_days(event) == days
    assert event.ends_at - event.starts_at > timedelta(days=3)
