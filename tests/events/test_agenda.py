from datetime import UTC, datetime, timedelta
from decimal import Decimal
from xml.etree import ElementTree

import icalendar
import pytest
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from events import agenda
from events.forms import AgendaFilter
from events.models import Event, Theme
from tests.factories import create_event

pytestmark = pytest.mark.django_db


def titles(query):
    return [event.title for event in agenda.select(AgendaFilter(QueryDict(query)).applied)]


@pytest.fixture
def _events():
    create_event(
        title="Santé", kind="atelier", level="expert", audience="chercheurs", starts_in=timedelta(days=1)
    )
    create_event(title="Mer", format="en-ligne", venue="", price=Decimal(20), starts_in=timedelta(days=2))
    create_event(title="Vigne", venue="Halle d’essai", summary="Des capteurs", starts_in=timedelta(days=3))
    create_event(title="Hier", starts_in=timedelta(days=-2))
    create_event(title="Brouillon", status=Event.Status.DRAFT)


@pytest.mark.usefixtures("_events")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Santé", "Mer", "Vigne"]),
        ("kind=atelier", ["Santé"]),
        ("level=expert&audience=chercheurs", ["Santé"]),
        ("level=expert&format=en-ligne", []),
        ("format=en-ligne", ["Mer"]),
        ("price=gratuit", ["Santé", "Vigne"]),
        ("price=payant", ["Mer"]),
        ("q=halle capteurs", ["Vigne"]),
        ("q=HALLE", ["Vigne"]),
        ("q=introuvable", []),
        ("kind=inconnu&theme=inconnu&price=1", ["Santé", "Mer", "Vigne"]),
        ("month=2026-13", ["Santé", "Mer", "Vigne"]),
    ],
)
def test_filters_combine_and_what_means_nothing_is_left_out(query, expected):
    assert titles(query) == expected


def test_a_theme_and_a_month_select():
    event = create_event(title="Juin", starts_at=datetime(2099, 6, 10, tzinfo=UTC))
    event.themes.add(Theme.objects.create(name="Eau", slug="eau"))
    create_event(title="Juillet", starts_at=datetime(2099, 6, 30, 22, 30, tzinfo=UTC))  # 1 July in Paris

    assert titles("theme=eau") == ["Juin"]
    assert titles("month=2099-06") == ["Juin"]
    assert titles("month=2099-07") == ["Juillet"]


@pytest.mark.usefixtures("_events")
def test_the_calendar_feed_takes_the_filters_and_tells_true_instants(client):
    response = client.get(reverse("events:feed_ics"), {"price": "payant"})

    entries = icalendar.Calendar.from_ical(response.content).walk("VEVENT")
    event = Event.objects.get(title="Mer")
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    assert [str(entry["SUMMARY"]) for entry in entries] == ["Mer"]
    assert entries[0].decoded("DTSTART") == event.starts_at.replace(microsecond=0)
    assert str(entries[0]["UID"]) == f"event-{event.pk}@localhost"


def test_a_cancelled_event_is_cancelled_in_a_calendar_too(client):
    event = create_event(status=Event.Status.CANCELLED, title="Rien; à voir, demain\nsoir")

    response = client.get(reverse("events:event_ics", args=[event.slug]))

    entry = icalendar.Calendar.from_ical(response.content).walk("VEVENT")[0]
    assert (str(entry["STATUS"]), str(entry["SUMMARY"])) == ("CANCELLED", event.title)


def test_the_join_link_is_not_in_a_public_calendar(client):
    event = create_event(online_url="https://visio.example.org/salle")

    assert b"visio" not in client.get(reverse("events:event_ics", args=[event.slug])).content


@pytest.mark.usefixtures("_events")
def test_the_atom_feed_takes_the_filters(client):
    response = client.get(reverse("events:feed_atom"), {"kind": "atelier"})

    atom = "{http://www.w3.org/2005/Atom}"
    entries = ElementTree.fromstring(response.content).findall(f"{atom}entry")
    link = f"http://localhost:8000{Event.objects.get(title='Santé').get_absolute_url()}"
    told = [(entry.findtext(f"{atom}title"), entry.find(f"{atom}link").get("href")) for entry in entries]
    assert told == [("Santé", link)]


def test_an_event_in_progress_is_still_in_the_agenda():
    create_event(title="En cours", starts_in=timedelta(minutes=-30))

    assert titles("") == ["En cours"]
    assert Event.objects.upcoming().get().ends_at > timezone.now()
