"""What a visitor reads on the agenda, the month table, an event's page and the trainings."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from events.models import Booking, Event, Theme
from tests.factories import (
    create_booking,
    create_event,
    create_partner,
    create_staff,
    create_training,
)

pytestmark = pytest.mark.django_db

WAITING = Booking.State.WAITING


class Words(HTMLParser):
    """The text of a page, outside its scripts, as one line."""

    def __init__(self, html):
        super().__init__()
        self.parts, self.is_script = [], False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.is_script = tag == "script"

    def handle_endtag(self, tag):
        self.is_script = False

    def handle_data(self, data):
        if not self.is_script:
            self.parts.append(data)

    def __str__(self):
        return " ".join(self.parts).replace("\n", " ")


def words(response):
    return " ".join(str(Words(response.content.decode())).split())


def counted(client, address, django_assert_max_num_queries):
    with django_assert_max_num_queries(30) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


STATES = {
    "without limit": ({}, 0, 0, "places disponibles"),
    "many places": ({"capacity": 20}, 8, 0, "12 places disponibles"),
    "few places": ({"capacity": 10}, 6, 0, "plus que 4 places"),
    "one place": ({"capacity": 1}, 0, 0, "dernière place"),
    "a queue": ({"capacity": 1}, 1, 2, "complet, liste d’attente ouverte"),
    "full": ({"capacity": 1, "has_waiting_list": False}, 1, 0, "complet"),
    "not yet": (
        {"registration_opens_at": datetime(2099, 1, 1, tzinfo=UTC)},
        0,
        0,
        "inscriptions pas encore ouvertes",
    ),
    "closed": ({"registration_closes_at": datetime(2020, 1, 1, tzinfo=UTC)}, 0, 0, "inscriptions closes"),
    "cancelled": ({"status": Event.Status.CANCELLED}, 0, 0, "annulé"),
    "under way": ({"starts_in": timedelta(hours=-1)}, 0, 0, "en cours"),
}


@pytest.mark.parametrize(("fields", "taken", "queue", "expected"), STATES.values(), ids=STATES)
def test_a_row_of_the_agenda_says_in_words_whether_one_can_come(client, fields, taken, queue, expected):
    event = create_event(**fields)
    for _ in range(taken):
        create_booking(event)
    for _ in range(queue):
        create_booking(event, WAITING)

    page = client.get(reverse("events:agenda")).content.decode()

    row = page.split('<span class="availability')[1].split(">", 1)[1].split("</span>")[0]
    assert row.strip() == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "Gratuit"),
        ({"price": Decimal(20)}, "20,00\u00a0€"),
        ({"price": Decimal(20), "member_price": Decimal(20)}, "20,00\u00a0€"),
        ({"price": Decimal(20), "member_price": Decimal(10)}, "20,00\u00a0€ 10,00\u00a0€ adhérents"),
        (
            {"price": Decimal("1234.5"), "member_price": Decimal(0)},
            "1\u202f234,50\u00a0€ gratuit pour les adhérents",
        ),
    ],
)
def test_a_row_of_the_agenda_says_its_price(client, fields, expected):
    create_event(**fields)

    page = client.get(reverse("events:agenda")).content.decode()

    terms = (
        page.split('<div class="event-row-terms">')[1]
        .split("</div>")[0]
        .split('<span class="availability')[0]
    )
    assert " ".join(part for part in str(Words(terms)).split(" ") if part) == expected


def test_the_agenda_is_cut_in_months_of_paris(client):
    create_event(starts_at=datetime(2099, 12, 31, 22, 59, tzinfo=UTC))
    create_event(starts_at=datetime(2099, 12, 31, 23, 0, tzinfo=UTC))

    page = client.get(reverse("events:agenda")).content.decode()

    assert [part.split("</h2>")[0] for part in page.split("<h2>")[1:]] == ["Décembre 2099", "Janvier 2100"]


def test_applied_filters_are_chips_that_take_themselves_away(client):
    theme = Theme.objects.create(name="Santé", slug="sante")
    create_event(level="expert").themes.add(theme)

    response = client.get(
        reverse("events:agenda"),
        {"q": "ia", "level": ["expert", "debutant"], "theme": "sante", "month": "2099-12", "kind": ""},
    )

    assert [(chip.label, chip.query) for chip in response.context["selection"].chips] == [
        ("«\u00a0ia\u00a0»", "level=debutant&level=expert&theme=sante&month=2099-12"),
        ("débutant", "q=ia&level=expert&theme=sante&month=2099-12"),
        ("expert", "q=ia&level=debutant&theme=sante&month=2099-12"),
        ("Santé", "q=ia&level=debutant&level=expert&month=2099-12"),
        ("décembre 2099", "q=ia&level=debutant&level=expert&theme=sante"),
    ]


def test_the_number_of_results_is_said(client):
    for _ in range(2):
        create_event(level="expert")
    create_event()

    assert "2 rendez-vous Retirer le filtre Expert" in words(
        client.get(reverse("events:agenda"), {"level": "expert"})
    )


def test_an_empty_agenda_has_its_words(client):
    page = words(client.get(reverse("events:agenda")))

    assert "Aucun rendez-vous n’est annoncé pour l’instant." in page


def test_filters_that_keep_nothing_have_other_words(client):
    create_event()

    page = words(client.get(reverse("events:agenda"), {"q": "introuvable", "level": "expert"}))

    assert "Rien ne correspond à tous ces filtres." in page


def test_words_that_find_nothing_invite_to_try_others(client):
    create_event()

    page = words(client.get(reverse("events:agenda"), {"q": "introuvable"}))

    assert "Essayez un autre mot, ou cherchez dans les rendez-vous passés" in page
    assert "Rien ne correspond à tous ces filtres." not in page


def test_a_long_agenda_has_pages_that_keep_the_filters(client):
    for _ in range(31):
        create_event()

    response = client.get(reverse("events:agenda"), {"level": "debutant"})

    assert len(response.context["page"]) == 30
    assert 'href="?level=debutant&amp;page=2"' in response.content.decode()


@pytest.mark.parametrize("name", ["home", "events:agenda"])
def test_a_list_runs_the_same_queries_for_one_event_and_for_a_hundred(
    client, name, django_assert_max_num_queries
):
    create_booking(create_event(capacity=5, level="expert"))
    one = counted(client, reverse(name), django_assert_max_num_queries)
    for _ in range(99):
        event = create_event(capacity=5)
        create_booking(event)
        create_booking(event, WAITING)

    assert counted(client, reverse(name), django_assert_max_num_queries) == one


def test_an_event_page_runs_the_same_queries_whatever_surrounds_it(client, django_assert_max_num_queries):
    event = create_event(capacity=5)
    event.partners.add(create_partner())
    event.themes.add(Theme.objects.create(name="Santé", slug="sante"))
    create_booking(event)
    one = counted(client, event.get_absolute_url(), django_assert_max_num_queries)
    for index in range(99):
        create_booking(event, WAITING)
        create_event()
        event.partners.add(create_partner())
        event.themes.add(Theme.objects.create(name=f"Thème {index}", slug=f"theme-{index}"))

    assert counted(client, event.get_absolute_url(), django_assert_max_num_queries) == one


ACTIONS = {
    "open": ({}, 0, 0, "places disponibles M’inscrire"),
    "few": ({"capacity": 3}, 1, 0, "plus que 2 places M’inscrire"),
    "queue": (
        {"capacity": 1},
        1,
        2,
        "Complet, liste d’attente ouverte. 2 personnes attendent déjà. Rejoindre la liste d’attente",
    ),
    "full": ({"capacity": 1, "has_waiting_list": False}, 1, 0, "Complet, sans liste d’attente."),
    "not yet": (
        {"registration_opens_at": datetime(2098, 12, 1, 8, 0, tzinfo=UTC)},
        0,
        0,
        "Les inscriptions ouvrent le lundi 1er décembre à 9 h 00.",
    ),
    "closed": (
        {"registration_closes_at": datetime(2020, 1, 1, tzinfo=UTC)},
        0,
        0,
        "Les inscriptions sont closes.",
    ),
}


@pytest.mark.parametrize(("fields", "taken", "queue", "expected"), ACTIONS.values(), ids=ACTIONS)
def test_the_page_of_an_event_says_what_one_can_do(client, fields, taken, queue, expected):
    event = create_event(starts_at=datetime(2099, 1, 5, 17, 0, tzinfo=UTC), **fields)
    for _ in range(taken):
        create_booking(event)
    for _ in range(queue):
        create_booking(event, WAITING)

    page = words(client.get(event.get_absolute_url()))

    assert page.split("Tarif Gratuit ")[1].split(" Ajouter à mon calendrier")[0] == expected


@pytest.mark.parametrize(
    ("starts_in", "expected"),
    [
        (timedelta(hours=-1), "Cet événement a commencé\u00a0: on ne peut plus s’y inscrire."),
        (timedelta(days=-2), "Cet événement est passé. Voir les prochains"),
    ],
)
def test_an_event_that_began_or_is_past_takes_nobody(client, starts_in, expected):
    event = create_event(starts_in=starts_in)

    response = client.get(event.get_absolute_url())

    assert expected.replace("\u00a0", " ") in words(response)
    assert reverse("events:event_register", args=[event.slug]) not in response.content.decode()


def test_a_cancelled_event_keeps_its_page_and_takes_nobody(client):
    event = create_event(status=Event.Status.CANCELLED)

    response = client.get(event.get_absolute_url())

    assert "Cet événement est annulé." in words(response)
    assert reverse("events:event_register", args=[event.slug]) not in response.content.decode()


def test_staff_see_a_draft_as_a_draft_and_nobody_else_sees_it(client):
    event = create_event(status=Event.Status.DRAFT)
    staff = Client()
    staff.force_login(create_staff())

    assert client.get(event.get_absolute_url()).status_code == 404
    assert "Brouillon : vous seul, membre du personnel, voyez cette page." in words(
        staff.get(event.get_absolute_url())
    )


@pytest.mark.parametrize(
    ("starts_at", "lasts", "expected"),
    [
        (
            datetime(2098, 12, 1, 17, 30, tzinfo=UTC),
            timedelta(hours=2),
            "Lundi 1er décembre 2098 , 18 h 30 – 20 h 30",
        ),
        (
            datetime(2099, 3, 28, 8, 0, tzinfo=UTC),
            timedelta(hours=31),
            "Du samedi 28 mars 2099, 9 h 00 , au dimanche 29 mars 2099, 17 h 00",
        ),
    ],
)
def test_the_page_of_an_event_says_when_in_hours_of_paris(client, starts_at, lasts, expected):
    event = create_event(starts_at=starts_at, lasts=lasts)

    page = words(client.get(event.get_absolute_url()))

    assert page.split("Quand ")[1].split(" Où")[0] == expected


def test_the_link_of_an_online_event_is_not_public(client):
    event = create_event(format=Event.Format.ONLINE, venue="", online_url="https://visio.example.org/secret")

    response = client.get(event.get_absolute_url())

    assert "visio.example.org" not in response.content.decode()
    assert "Le lien de connexion est donné aux personnes inscrites." in words(response)


def test_search_engines_read_the_event_as_data_that_no_title_breaks_out_of(client):
    event = create_event(
        title="</script><script>alert(1)</script>",
        starts_at=datetime(2099, 7, 1, 16, 0, tzinfo=UTC),
        price=Decimal(20),
        capacity=1,
        has_waiting_list=False,
    )
    create_booking(event)

    page = client.get(event.get_absolute_url()).content.decode()

    data = json.loads(page.split('<script type="application/ld+json">')[1].split("</script>")[0])
    assert "<script>alert" not in page
    assert (data["name"], data["eventStatus"]) == (event.title, "https://schema.org/EventScheduled")
    assert [(offer["price"], offer["availability"]) for offer in data["offers"]] == [
        ("20.00", "https://schema.org/SoldOut")
    ]


def test_markdown_of_staff_cannot_carry_a_script(client):
    event = create_event(description="<script>alert(1)</script> [lien](javascript:alert(1)) **gras**")

    page = client.get(event.get_absolute_url()).content.decode()

    assert "<strong>gras</strong>" in page
    assert "<script>alert" not in page
    assert 'href="javascript' not in page


# The month table


def test_the_month_is_a_table_of_weeks_from_monday(client):
    create_event(title="Fin de soirée", starts_at=datetime(2026, 12, 31, 22, 59, tzinfo=UTC))
    create_event(title="Déjà janvier", starts_at=datetime(2026, 12, 31, 23, 0, tzinfo=UTC))
    create_event(
        title="Annulé", starts_at=datetime(2026, 12, 1, 9, 0, tzinfo=UTC), status=Event.Status.CANCELLED
    )

    response = client.get(reverse("events:calendar", args=[2026, 12]))

    weeks = response.context["weeks"]
    held = {day: [event.title for event in events] for week in weeks for day, events in week if events}
    assert (weeks[0][0][0], weeks[-1][-1][0]) == (date(2026, 11, 30), date(2027, 1, 3))
    assert held == {date(2026, 12, 1): ["Annulé"], date(2026, 12, 31): ["Fin de soirée"]}
    assert "10 h 00 Annulé annulé" in words(response)


def test_a_month_without_events_says_so(client):
    assert "Aucun rendez-vous ce mois-ci." in words(client.get(reverse("events:calendar", args=[2026, 12])))


@pytest.mark.parametrize(
    ("year", "month"), [(2026, 13), (2026, 0), (1, 1), (1999, 12), (2100, 1), (9999, 12)]
)
def test_a_month_outside_the_calendar_is_not_found(client, year, month):
    assert client.get(f"/agenda/calendrier/{year}/{month}/").status_code == 404


@pytest.mark.parametrize(("year", "month", "links"), [(2000, 1, [2]), (2050, 6, [5, 7]), (2099, 12, [11])])
def test_a_month_leads_to_its_neighbours_and_not_beyond(client, year, month, links):
    page = client.get(reverse("events:calendar", args=[year, month])).content.decode()

    neighbours = page.split('<nav class="month-links"')[1].split("</nav>")[0]
    assert [int(part.split("/")[0]) for part in neighbours.split(f"/calendrier/{year}/")[1:]] == links


# Trainings


def test_trainings_show_their_length_and_next_session(client):
    training = create_training(title="Bases", duration_hours=Decimal("3.5"))
    create_event(kind="formation", training=training, starts_at=datetime(2098, 12, 1, 9, 0, tzinfo=UTC))
    create_training(title="Sans date", duration_hours=1)
    create_training(title="Cachée", is_published=False)

    page = words(client.get(reverse("trainings:training_list")))

    assert "Durée 3,5 heures Prochaine session 1er décembre 2098" in page
    assert "Durée 1 heure Prochaine session pas encore de date" in page
    assert "Cachée" not in page


def test_without_trainings_the_list_says_so(client):
    assert "Aucune formation n’est ouverte pour l’instant." in words(
        client.get(reverse("trainings:training_list"))
    )


def test_a_training_lists_its_coming_sessions(client):
    training = create_training()
    create_event(title="Session à venir", kind="formation", training=training, price=Decimal(150))
    create_event(title="Session passée", kind="formation", training=training, starts_in=timedelta(days=-9))

    page = words(client.get(training.get_absolute_url()))

    assert "Voir la session" in page
    assert "Session à venir" in page
    assert "Session passée" not in page


def test_a_training_without_session_offers_to_ask_for_one(client):
    page = words(client.get(create_training().get_absolute_url()))

    assert "Aucune session n’est annoncée. Demander une session" in page


def test_the_today_of_the_agenda_is_that_of_paris(client):
    response = client.get(reverse("events:agenda"))

    assert response.context["today"] == timezone.localdate()
