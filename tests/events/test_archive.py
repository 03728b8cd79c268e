from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from events.models import Event
from tests.factories import create_event, create_resource

pytestmark = pytest.mark.django_db

ARCHIVE = reverse("events:archive")


def titles(client, query=None):
    return [event.title for event in client.get(ARCHIVE, query).context["page"]]


@pytest.fixture
def _events():
    create_event(title="Printemps", starts_at=datetime(2024, 4, 2, 16, 0, tzinfo=UTC), level="expert")
    create_event(title="Réveillon", starts_at=datetime(2024, 12, 31, 23, 30, tzinfo=UTC))  # 2025 in Paris
    create_event(title="Hier", starts_in=timedelta(days=-1))
    create_event(title="Annulé", starts_in=timedelta(days=-1), status=Event.Status.CANCELLED)
    create_event(title="Brouillon", starts_in=timedelta(days=-1), status=Event.Status.DRAFT)
    create_event(title="En cours", starts_in=timedelta(minutes=-5))
    create_event(title="Demain", starts_in=timedelta(days=1))


@pytest.mark.usefixtures("_events")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["Hier", "Réveillon", "Printemps"]),
        ({"year": "2024"}, ["Printemps"]),
        ({"year": "2025"}, ["Réveillon"]),
        ({"year": ["2024", "2025"]}, ["Réveillon", "Printemps"]),
        ({"level": "expert"}, ["Printemps"]),
        ({"q": "reveilon"}, ["Réveillon"]),
        ({"year": "20xx"}, ["Hier", "Réveillon", "Printemps"]),
    ],
)
def test_the_archive_holds_what_took_place_the_last_first_and_takes_filters(client, query, expected):
    assert titles(client, query) == expected


@pytest.mark.usefixtures("_events")
def test_the_archive_is_cut_in_years_of_paris(client):
    page = client.get(ARCHIVE, {"year": ["2024", "2025"]}).text

    assert [part.split("</h2>")[0] for part in page.split("<h2>")[1:]] == ["2025", "2024"]


def test_a_past_event_says_what_remains_of_it(client):
    event = create_event(starts_in=timedelta(days=-1))
    create_resource(event, kind="supports")
    create_resource(event, kind="replay")
    create_resource(event, kind="supports")
    create_resource(event, kind="document", is_public=False)
    create_event(starts_in=timedelta(days=-2))

    rows = client.get(ARCHIVE).text.split('<article class="event-row past-row">')[1:]

    told = [row.split("<strong>")[2].split("</strong>")[0] for row in rows if "event-row-terms" in row]
    assert told == ["Enregistrement, supports"]


def test_the_archive_has_pages_that_keep_the_filters(client):
    for _ in range(31):
        create_event(starts_in=timedelta(days=-3))

    response = client.get(ARCHIVE, {"level": "debutant"})

    assert len(response.context["page"]) == 30
    assert 'href="?level=debutant&amp;page=2"' in response.text


def test_an_empty_archive_has_its_words_and_stays_out_of_engines(client):
    page = client.get(ARCHIVE).text

    assert "Aucun rendez-vous n’a encore eu lieu." in page
    assert '<meta name="robots" content="noindex, follow">' in page


@pytest.mark.parametrize("number", [1, 30])
def test_the_archive_runs_the_same_queries_however_long_it_is(client, django_assert_num_queries, number):
    for _ in range(number):
        create_resource(create_event(starts_in=timedelta(days=-3)))

    with django_assert_num_queries(13):
        client.get(ARCHIVE)


def test_no_event_can_take_the_address_of_the_archive():
    event = create_event()
    event.slug = "archives"

    with pytest.raises(ValidationError) as refused:
        event.full_clean()

    assert list(refused.value.message_dict) == ["slug"]
