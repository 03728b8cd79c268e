from datetime import UTC, datetime, timedelta
from decimal import Decimal
from gzip import compress

import pytest
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from events.agenda import Selection
from events.models import Audience, Event, Theme
from tests.factories import create_event

pytestmark = pytest.mark.django_db


def select(query=""):
    return Selection(QueryDict(query), Event.objects.upcoming())


def titles(query):
    return [event.title for event in select(query).events]


def offered(query, name):
    """What each value of a facet would give."""
    [facet] = [choice for choice in select(query).choices if choice.name == name]
    return {option.value: option.count for option in facet.options}


@pytest.fixture
def _events():
    water = Theme.objects.create(name="Eau", slug="eau")
    science, _ = Audience.objects.get_or_create(slug="chercheurs", defaults={"name": "Chercheurs"})
    students, _ = Audience.objects.get_or_create(slug="etudiants", defaults={"name": "Étudiants"})
    health = create_event(title="Santé", kind="atelier", level="expert", starts_in=timedelta(days=1))
    health.audiences.add(science)
    sea = create_event(
        title="Mer", format="en-ligne", venue="", price=Decimal(20), starts_in=timedelta(days=2)
    )
    sea.audiences.add(students, science)
    sea.themes.add(water)
    create_event(title="Vigne", level="intermediaire", starts_in=timedelta(days=3)).themes.add(water)
    create_event(title="Hier", starts_in=timedelta(days=-2))
    create_event(title="Brouillon", status=Event.Status.DRAFT)


@pytest.mark.usefixtures("_events")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Santé", "Mer", "Vigne"]),
        ("kind=atelier", ["Santé"]),
        ("kind=atelier&kind=conference", ["Santé", "Mer", "Vigne"]),
        ("level=expert&level=intermediaire", ["Santé", "Vigne"]),
        ("level=expert&format=en-ligne", []),
        ("audience=chercheurs", ["Santé", "Mer", "Vigne"]),  # Vigne is for everybody
        ("audience=etudiants", ["Mer", "Vigne"]),
        ("audience=etudiants&audience=chercheurs&theme=eau", ["Mer", "Vigne"]),
        ("price=gratuit", ["Santé", "Vigne"]),
        ("price=payant", ["Mer"]),
        ("price=payant&price=gratuit", ["Santé", "Mer", "Vigne"]),
        ("q=vigne&theme=eau", ["Vigne"]),
        ("q=vigne&theme=eau&level=expert", []),
    ],
)
def test_values_of_one_facet_widen_and_facets_narrow(query, expected):
    assert titles(query) == expected


@pytest.mark.usefixtures("_events")
@pytest.mark.parametrize(
    ("query", "name", "expected"),
    [
        ("", "level", {"debutant": 1, "intermediaire": 1, "expert": 1}),
        ("level=expert", "level", {"debutant": 1, "intermediaire": 1, "expert": 1}),
        ("theme=eau", "level", {"debutant": 1, "intermediaire": 1, "expert": 0}),
        ("theme=eau", "price", {"gratuit": 1, "payant": 1}),
        ("theme=eau&level=debutant", "format", {"sur-place": 0, "en-ligne": 1, "hybride": 0}),
        ("level=debutant", "theme", {"eau": 1}),
        ("q=vigne", "theme", {"eau": 1}),
    ],
)
def test_an_option_says_what_it_would_give_with_the_other_filters(query, name, expected):
    counts = offered(query, name)

    assert {value: counts.get(value, 0) for value in expected} == expected


@pytest.mark.usefixtures("_events")
def test_an_option_keeps_what_it_promised():
    for facet in select("theme=eau").choices:
        for option in facet.options:
            if facet.name != "theme":
                assert len(select(f"theme=eau&{facet.name}={option.value}").events) == option.count


@pytest.mark.usefixtures("_events")
def test_an_option_that_gives_nothing_cannot_be_chosen(client):
    page = client.get("/agenda/", {"theme": "eau"}).text

    assert '<input type="checkbox" name="level" value="expert" disabled>' in page
    assert '<input type="checkbox" name="level" value="debutant">' in page
    assert '<input type="checkbox" name="theme" value="eau" checked>' in page


def test_months_are_those_of_paris():
    create_event(title="Juin", starts_at=datetime(2099, 6, 10, tzinfo=UTC))
    create_event(title="Juillet", starts_at=datetime(2099, 6, 30, 22, 30, tzinfo=UTC))  # 1 July in Paris

    assert titles("month=2099-06") == ["Juin"]
    assert titles("month=2099-07") == ["Juillet"]
    assert titles("month=2099-06&month=2099-07") == ["Juin", "Juillet"]
    assert offered("month=2099-06", "month") == {"2099-06": 1, "2099-07": 1}
    assert offered("month=2099-08", "month") == {"2099-06": 1, "2099-07": 1, "2099-08": 0}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("kind=inconnu", "Quoi « inconnu »"),
        ("theme=rien&theme=vide", "Thème « rien », Thème « vide »"),
        ("month=2026-13", "Mois « 2026-13 »"),
        ("month=2026-1", "Mois « 2026-1 »"),
        ("month=0001-01", "Mois « 0001-01 »"),
        ("month=9999-12", "Mois « 9999-12 »"),
        ("couleur=bleu", "« couleur »"),
        (f"level={'x' * 10_000}", f"Niveau « {'x' * 39}… »"),
    ],
)
def test_what_means_nothing_is_left_out_and_told(client, query, said):
    create_event()

    response = client.get(f"/agenda/?{query}")

    assert (response.status_code, len(response.context["page"]), response.context["selection"].chips) == (
        200,
        1,
        [],
    )
    assert f"Nous n’avons pas compris : {said}." in response.text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    "query", ["utm_source=lettre&fbclid=1", "q=&kind=", "page=xx", "page=99", "page=%00", ""]
)
def test_what_is_no_filter_is_not_commented_upon(client, query):
    create_event()

    response = client.get(f"/agenda/?{query}")

    assert (response.status_code, len(response.context["page"])) == (200, 1)
    assert response.context["selection"].remarks == []


@pytest.mark.parametrize(
    "query", ["q=%00", "level=%00expert", "month=%00", "%00=1", "q=sant%00e&theme=a%00b"]
)
@pytest.mark.parametrize("path", ["/agenda/", "/agenda/archives/", "/agenda/flux.ics", "/agenda/flux.atom"])
def test_a_nul_byte_is_passed_over(client, path, query):
    assert client.get(f"{path}?{query}").status_code == 200


@pytest.mark.usefixtures("_events")
@pytest.mark.parametrize(
    ("query", "address"),
    [
        ("", "/agenda/"),
        ("utm_source=x&level=expert&q=&couleur=bleu", "/agenda/?level=expert"),
        (
            "theme=eau&level=intermediaire&level=expert",
            "/agenda/?level=expert&amp;level=intermediaire&amp;theme=eau",
        ),
        (
            "level=expert&theme=eau&level=intermediaire&page=9",
            "/agenda/?level=expert&amp;level=intermediaire&amp;theme=eau",
        ),
        ("q=  Mer ", "/agenda/?q=Mer"),
    ],
)
def test_a_selection_has_one_address(client, settings, query, address):
    settings.SITE_URL = "https://portail.example.org"

    page = client.get(f"/agenda/?{query}").text

    assert f'<link rel="canonical" href="https://portail.example.org{address}">' in page
    assert f'<meta property="og:url" content="https://portail.example.org{address}">' in page


@pytest.mark.parametrize(
    ("query", "is_kept_out"),
    [("", False), ("level=debutant", False), ("q=mer", True), ("level=expert", True)],
)
def test_engines_are_kept_out_of_searches_and_of_empty_pages(client, query, is_kept_out):
    create_event(title="Mer")

    page = client.get(f"/agenda/?{query}").text

    assert ('<meta name="robots" content="noindex, follow">' in page) == is_kept_out


@pytest.mark.parametrize(
    ("query", "marked"),
    [
        ("", []),
        ("level=debutant", ["Je découvre"]),
        ("level=intermediaire&level=expert", ["Je pratique"]),
        ("level=expert", []),
    ],
)
def test_two_doors_lead_in_and_the_one_taken_is_marked(client, query, marked):
    doors = client.get(f"/agenda/?{query}").text.split('class="agenda-doors"')[1].split("</nav>")[0]

    links = [link for link in doors.split("<a ")[1:] if "aria-current" in link]
    assert [link.split("<strong>")[1].split("<")[0] for link in links] == marked


def test_an_event_in_progress_is_still_in_the_agenda():
    create_event(title="En cours", starts_in=timedelta(minutes=-30))

    assert titles("") == ["En cours"]
    assert Event.objects.upcoming().get().ends_at > timezone.now()


def create_many(number):
    """Events to come, with all that a row shows."""
    publics = [Audience.objects.get_or_create(slug=slug, defaults={"name": slug})[0] for slug in ("a", "b")]
    theme, _ = Theme.objects.get_or_create(slug="eau", defaults={"name": "Eau"})
    now = timezone.now()
    rows = [
        Event(
            title=f"Un rendez-vous au titre plutôt long, comme ils le sont souvent, et c’est le {index}",
            slug=f"serie-{index}",
            kind="conference",
            summary="Une phrase entière qui dit de quoi il sera question ce jour-là, et pour qui.",
            status="published",
            venue="Amphithéâtre de démonstration",
            address="12 rue d’Essai, 34000 Montpellier",
            starts_at=now + timedelta(days=1, hours=index),
            ends_at=now + timedelta(days=1, hours=index + 2),
            capacity=20,
        )
        for index in range(number)
    ]
    events = Event.objects.bulk_create(rows)
    Event.themes.through.objects.bulk_create(
        Event.themes.through(event=event, theme=theme) for event in events
    )
    Event.audiences.through.objects.bulk_create(
        Event.audiences.through(event=event, audience=public) for event in events for public in publics
    )


FILTERED = reverse("events:agenda") + "?level=debutant&price=gratuit&audience=a&q=rendez"


@pytest.mark.parametrize("address", [reverse("events:agenda"), FILTERED], ids=["bare", "filtered"])
def test_the_agenda_runs_the_same_queries_and_stays_light_with_a_thousand_events(
    client, django_assert_max_num_queries, address
):
    create_many(10)
    with django_assert_max_num_queries(22) as few:
        client.get(address)
    Event.objects.all().delete()
    create_many(1000)

    with django_assert_max_num_queries(22) as many:
        response = client.get(address)

    assert len(response.context["page"]) == 30
    assert response.context["page"].paginator.count == 1000
    assert len(many) == len(few)
    assert len(response.content) < 100_000
    assert len(compress(response.content)) < 20_000


def test_the_month_takes_the_same_filters_and_hands_them_on(client):
    create_event(title="Atelier de juin", kind="atelier", starts_at=datetime(2099, 6, 3, 16, 0, tzinfo=UTC))
    create_event(title="Autre chose", starts_at=datetime(2099, 6, 4, 16, 0, tzinfo=UTC))
    today = timezone.localdate()

    response = client.get(reverse("events:calendar", args=[2099, 6]), {"kind": "atelier"})

    held = [event for week in response.context["weeks"] for _day, events in week for event in events]
    links = response.text.split('<nav class="month-links"')[1].split("</nav>")[0]
    assert [event.title for event in held] == ["Atelier de juin"]
    assert [link.split('"')[0] for link in links.split('href="')[1:]] == [
        "/agenda/calendrier/2099/5/?kind=atelier",
        f"/agenda/calendrier/{today.year}/{today.month}/?kind=atelier",
        "/agenda/calendrier/2099/7/?kind=atelier",
    ]
    assert '<a href="/agenda/?kind=atelier">Vue en liste</a>' in response.text
