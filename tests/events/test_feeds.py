from datetime import UTC, datetime, timedelta
from decimal import Decimal
from xml.etree import ElementTree

import icalendar
import pytest
from django.urls import reverse
from django.utils import timezone

from events.models import Event, Theme
from tests.factories import create_event
from tests.node_tools import read_ics

pytestmark = pytest.mark.django_db

ATOM = "{http://www.w3.org/2005/Atom}"
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
SITE = "http://localhost:8000"
BEFORE_SUMMER, AFTER_SUMMER = (
    datetime(2026, 3, 29, 0, 30, tzinfo=UTC),
    datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
)
FIRST_HALF_PAST_TWO = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
SECOND_HALF_PAST_TWO = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def entries(client, query=None):
    response = client.get(reverse("events:feed_ics"), query)
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    return icalendar.Calendar.from_ical(response.content).walk("VEVENT")


def same(text):
    return datetime.fromisoformat(text)


@pytest.fixture
def _events():
    create_event(title="Santé", kind="atelier", starts_in=timedelta(days=1))
    create_event(title="Mer", format="en-ligne", venue="", price=Decimal(20), starts_in=timedelta(days=2))
    create_event(title="Hier", starts_in=timedelta(days=-2))
    create_event(title="Brouillon", status=Event.Status.DRAFT)


# iCalendar


@pytest.mark.usefixtures("_events")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["Santé", "Mer"]),
        ({"price": "payant"}, ["Mer"]),
        ({"kind": ["atelier", "conference"], "q": "sante"}, ["Santé"]),
        ({"kind": "inconnu", "month": "2026-13"}, ["Santé", "Mer"]),
    ],
)
def test_the_calendar_takes_the_filters_of_the_agenda(client, query, expected):
    assert [str(entry["SUMMARY"]) for entry in entries(client, query)] == expected


def test_the_calendar_says_how_often_to_read_it_again(client):
    content = client.get(reverse("events:feed_ics")).content

    lines = content.decode().splitlines()
    assert "METHOD:PUBLISH" in lines
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT2H" in lines
    assert "X-PUBLISHED-TTL:PT2H" in lines
    assert read_ics(content)["properties"]["name"] == "IA Montpellier Méditerranée"


@pytest.mark.parametrize(
    "starts_at",
    [
        BEFORE_SUMMER - timedelta(days=1),
        BEFORE_SUMMER,  # 1:30, the last half hour of winter
        AFTER_SUMMER,  # 3:30: there was no 2:30
        AFTER_SUMMER + timedelta(days=1),
        FIRST_HALF_PAST_TWO - timedelta(days=1),
        FIRST_HALF_PAST_TWO,
        SECOND_HALF_PAST_TWO,
        SECOND_HALF_PAST_TWO + timedelta(days=1),
    ],
    ids=str,
)
def test_another_program_reads_the_same_instants_on_both_sides_of_a_change_of_hour(client, starts_at):
    event = create_event(starts_at=starts_at, lasts=timedelta(hours=3))

    [entry] = read_ics(client.get(reverse("events:event_ics", args=[event.slug])).content)["entries"]

    assert (same(entry["start"]), same(entry["end"])) == (starts_at, starts_at + timedelta(hours=3))


def test_another_program_reads_everything_that_an_entry_says(client):
    event = create_event(
        title="L’eau; le vin, « la mer »\\ & après",
        summary="Une phrase très longue, avec des virgules, " * 5,
        venue="Halle d’essai",
        address="12 rue d’Essai, 34000 Montpellier",
        latitude=Decimal("43.610769"),
        longitude=Decimal("3.876716"),
    )
    event.themes.add(Theme.objects.create(name="Eau, climat", slug="eau"))

    [entry] = read_ics(client.get(reverse("events:feed_ics")).content)["entries"]

    stamp = event.updated_at.replace(microsecond=0)
    assert (same(entry.pop("stamp")), same(entry.pop("modified"))) == (stamp, stamp)
    assert (same(entry.pop("start")), same(entry.pop("end"))) == (
        event.starts_at.replace(microsecond=0),
        event.ends_at.replace(microsecond=0),
    )
    assert entry == {
        "uid": f"event-{event.pk}@localhost",
        "sequence": 0,
        "status": "CONFIRMED",
        "summary": event.title,
        "description": event.summary,
        "location": "Halle d’essai, 12 rue d’Essai, 34000 Montpellier",
        "url": SITE + event.get_absolute_url(),
        "geo": [43.610769, 3.876716],
        "categories": ["Eau, climat"],
    }


def test_a_cancellation_is_the_same_entry_with_a_greater_sequence(client):
    event = create_event()
    [before] = read_ics(client.get(reverse("events:feed_ics")).content)["entries"]

    event.cancel()

    [after] = read_ics(client.get(reverse("events:feed_ics")).content)["entries"]
    assert after["uid"] == before["uid"]
    assert after["sequence"] > before["sequence"]
    assert (before["status"], after["status"]) == ("CONFIRMED", "CANCELLED")


@pytest.mark.parametrize(
    ("change", "is_planned"),
    [
        (
            {
                "starts_at": datetime(2099, 1, 1, 18, 0, tzinfo=UTC),
                "ends_at": datetime(2099, 1, 1, 20, 0, tzinfo=UTC),
            },
            True,
        ),
        ({"venue": "Ailleurs"}, True),
        ({"format": "en-ligne"}, True),
        ({"description": "Autrement dit"}, False),
    ],
)
def test_another_time_or_place_is_the_same_entry_with_a_greater_sequence(client, change, is_planned):
    event = create_event()
    [before] = read_ics(client.get(reverse("events:feed_ics")).content)["entries"]

    for name, value in change.items():
        setattr(event, name, value)
    event.save()

    [after] = read_ics(client.get(reverse("events:feed_ics")).content)["entries"]
    assert after["uid"] == before["uid"]
    assert after["sequence"] - before["sequence"] == is_planned
    assert after["status"] == "CONFIRMED"


def test_the_join_link_is_not_in_a_public_calendar(client):
    event = create_event(online_url="https://visio.example.org/salle")

    for address in (
        reverse("events:event_ics", args=[event.slug]),
        reverse("events:feed_ics"),
        reverse("events:feed_atom"),
    ):
        assert b"visio" not in client.get(address).content


# Atom


def feed_of(client, query=None):
    response = client.get(reverse("events:feed_atom"), query)
    assert response["Content-Type"].startswith("application/atom+xml")
    return ElementTree.fromstring(response.content)


def moment(element):
    """RFC 3339, with its offset."""
    written = datetime.fromisoformat(element.findtext(f"{ATOM}updated"))
    assert written.tzinfo is not None
    return written


@pytest.mark.usefixtures("_events")
@pytest.mark.parametrize("query", [{}, {"kind": "atelier"}, {"q": "introuvable"}])
def test_a_feed_has_all_that_rfc_4287_asks_for(client, query):
    feed = feed_of(client, query)

    assert feed.tag == f"{ATOM}feed"
    assert feed.get(LANGUAGE) == "fr"
    assert feed.findtext(f"{ATOM}title") == "Agenda – IA Montpellier Méditerranée"
    assert feed.findtext(f"{ATOM}author/{ATOM}name") == "IA Montpellier Méditerranée"
    assert moment(feed) <= timezone.now()
    links = {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")}
    suffix = "?" + "&".join(f"{name}={value}" for name, value in query.items()) if query else ""
    assert links == {"alternate": f"{SITE}/agenda/{suffix}", "self": f"{SITE}/agenda/flux.atom{suffix}"}
    assert feed.findtext(f"{ATOM}id") == f"{SITE}/agenda/{suffix}"
    for entry in feed.findall(f"{ATOM}entry"):
        assert {f"{ATOM}{name}" for name in ("id", "title", "updated", "link", "summary")} <= {
            child.tag for child in entry
        }
        assert moment(entry) <= moment(feed)
    ids = [entry.findtext(f"{ATOM}id") for entry in feed.findall(f"{ATOM}entry")]
    assert len(set(ids)) == len(ids)


@pytest.mark.usefixtures("_events")
def test_a_feed_takes_the_filters_and_says_when_and_where(client):
    [entry] = feed_of(client, {"kind": "atelier"}).findall(f"{ATOM}entry")

    event = Event.objects.get(title="Santé")
    assert entry.findtext(f"{ATOM}title") == "Santé"
    assert entry.find(f"{ATOM}link").get("href") == SITE + event.get_absolute_url()
    assert entry.find(f"{ATOM}summary").get("type") == "html"
    assert "Salle d" in entry.findtext(f"{ATOM}summary")


def test_an_entry_keeps_its_identity_when_its_address_changes(client):
    event = create_event()
    before = feed_of(client).findtext(f"{ATOM}entry/{ATOM}id")

    Event.objects.filter(pk=event.pk).update(slug="une-autre-adresse")

    assert feed_of(client).findtext(f"{ATOM}entry/{ATOM}id") == before


# Both


@pytest.mark.parametrize("name", ["events:feed_ics", "events:feed_atom"])
def test_a_feed_that_did_not_change_is_not_sent_again(client, name):
    event = create_event()
    etag = client.get(reverse(name))["ETag"]

    again = client.get(reverse(name), headers={"If-None-Match": etag})
    event.title = "Un autre titre"
    event.save()
    changed = client.get(reverse(name), headers={"If-None-Match": etag})

    assert (again.status_code, changed.status_code) == (304, 200)


@pytest.mark.parametrize("name", ["events:feed_ics", "events:feed_atom"])
@pytest.mark.parametrize("number", [1, 20])
def test_a_feed_runs_the_same_queries_however_long_it_is(client, django_assert_num_queries, name, number):
    for _ in range(number):
        create_event()

    with django_assert_num_queries(2):
        client.get(reverse(name))


def test_the_agenda_tells_how_to_subscribe_to_what_it_shows(client):
    create_event()

    page = client.get("/agenda/", {"level": "debutant", "month": timezone.localdate().strftime("%Y-%m")}).text

    for address in (
        "webcal://localhost:8000/agenda/flux.ics?level=debutant",
        f"{SITE}/agenda/flux.ics?level=debutant",
        f"{SITE}/agenda/flux.atom?level=debutant",
    ):
        assert f'href="{address}"' in page
