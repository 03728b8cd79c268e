from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from members import merging, unmerging
from members.models import Departure, DirectoryEntry, Mandate, Skill
from tests.factories import (
    create_college,
    create_entry,
    create_member,
    create_membership,
    create_organisation,
    create_staff,
    create_user,
)

pytestmark = pytest.mark.django_db
URL = reverse("members:directory")


@pytest.fixture
def reader(client):
    """The client of a member who is up to date."""
    user = create_user()
    create_membership(create_member(user=user, email=user.email))
    client.force_login(user)
    return client


def create_current(**fields):
    return create_membership(create_member(**fields)).member


def names(response):
    return [card.name for card in response.context["cards"]]


def seat(organisation, member, **fields):
    return Mandate.objects.create(organisation=organisation, email=member.email, last_name="Démo", **fields)


# Who reads it


def test_a_stranger_signs_in_first(client):
    assert client.get(URL)["Location"].startswith(reverse("account_login"))


def test_who_is_not_a_member_reads_why_and_how(client):
    create_entry()
    client.force_login(create_user())

    page = client.get(URL)

    assert page.status_code == 403
    assert "Aucune adhésion n’est liée à ce compte." in page.content.decode()
    assert reverse("members:plan_list") in page.content.decode()
    assert "cards" not in page.context


def test_a_lapsed_member_reads_their_standing(client):
    user, today = create_user(), timezone.localdate()
    member = create_member(user=user)
    create_membership(member, starts_on=today - timedelta(days=400), ends_on=today - timedelta(days=36))
    client.force_login(user)

    page = client.get(URL)

    assert page.status_code == 403
    assert member.standing().explanation in page.content.decode()


def test_who_has_a_seat_in_a_current_organisation_reads_it(client):
    user, organisation = create_user(), create_organisation()
    create_membership(organisation)
    Mandate.objects.create(organisation=organisation, user=user, email=user.email)
    client.force_login(user)

    assert client.get(URL).status_code == 200


def test_no_cache_and_no_engine_keeps_it(reader):
    page = reader.get(URL)

    assert "no-store" in page["Cache-Control"]
    assert "private" in page["Cache-Control"]
    assert '<meta name="robots" content="noindex">' in page.content.decode()


def test_taking_it_all_away_is_slowed_down(reader, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"directory": "2/1m/user"}

    assert [reader.get(URL).status_code for _time in range(3)] == [200, 200, 429]


def test_the_limit_lets_one_read():
    assert settings.ACCOUNT_RATE_LIMITS["directory"] == "60/10m/user,300/d/user"


# What is in it


def test_only_who_agreed_and_is_up_to_date_is_in_it(reader):
    create_entry(create_current(first_name="Ada", last_name="Aube"))
    DirectoryEntry.objects.create(member=create_current(last_name="Sans accord"))
    create_entry(create_member(last_name="Pas à jour"))

    assert names(reader.get(URL)) == ["Ada Aube"]


def test_persons_and_organisations_are_in_the_order_of_their_names(reader):
    create_entry(create_current(first_name="Zoé", last_name="Éluard"))
    create_entry(create_membership(create_organisation("Fabrique")).member)
    create_entry(create_current(first_name="Ada", last_name="Zola"))

    assert names(reader.get(URL)) == ["Zoé Éluard", "Fabrique", "Ada Zola"]


def test_leaving_is_seen_at_the_next_reading(reader):
    entry = create_entry()
    assert len(names(reader.get(URL))) == 1

    entry.member.leave(Departure.Kind.DECEASED, left_on=timezone.localdate() - timedelta(days=1))

    assert names(reader.get(URL)) == []


FIELDS = {
    "shows_email": "cachee@example.org",
    "shows_phone": "04 67 00 00 01",
    "shows_city": "Frontignan",
    "shows_college": "Collège secret",
    "shows_organisation": "Atelier des brumes",
}


def create_full(**fields):
    college = create_college("Collège secret", "secret")
    member = create_current(
        email="cachee@example.org", phone="04 67 00 00 01", city="Frontignan", college=college
    )
    seat(create_organisation("Atelier des brumes"), member)
    return create_entry(member, **fields)


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_is_shown_where_it_was_opened(reader, field):
    create_full(**{field: True})

    page = reader.get(URL).content.decode()

    assert [name for name, value in FIELDS.items() if value in page] == [field]


def test_nothing_but_the_name_and_the_skills_is_shown_by_itself(reader):
    skill = Skill.objects.get(slug="vision-par-ordinateur")
    entry = create_full(skills=[skill])

    page = reader.get(URL).content.decode()

    assert [name for name, value in FIELDS.items() if value in page] == []
    assert (str(entry.member) in page, skill.name in page) == (True, True)


def test_a_seat_that_is_over_is_not_shown(reader):
    entry = create_full(shows_organisation=True)
    Mandate.objects.update(
        starts_on=timezone.localdate() - timedelta(days=9), ends_on=timezone.localdate() - timedelta(days=1)
    )

    assert [card.organisations for card in reader.get(URL).context["cards"]] == [[]]
    assert entry.shows_organisation


def test_two_entries_of_one_person_are_merged_into_that_of_the_kept_member_and_come_back():
    skill = Skill.objects.get(slug="ia-et-sante")
    kept, removed = create_entry(headline="Une"), create_entry(headline="Autre", skills=[skill])
    removed.member.memberships.get().cancel()
    staff = create_staff()

    row = merging.merge(kept.member, removed.member, take=[], by=staff)
    assert [one.headline for one in DirectoryEntry.objects.all()] == ["Une"]

    unmerging.undo(row, by=staff)
    entry = DirectoryEntry.objects.get(headline="Autre")
    assert (entry.member, list(entry.skills.all())) == (removed.member, [skill])


# Finding


def test_words_are_looked_for_in_what_is_shown(reader):
    create_entry(create_current(first_name="Hélène", last_name="Aube"), headline="Cartographe")
    create_entry(create_current(first_name="Ada", last_name="Brun"), bio="Je lis des images satellite.")

    def found(words):
        return names(reader.get(URL, {"q": words}))

    assert found("helene") == ["Hélène Aube"]
    assert found("cartographes") == ["Hélène Aube"]
    assert found("satellite images") == ["Ada Brun"]
    assert found("helene satellite") == []


@pytest.mark.parametrize("words", ["cachee@example.org", "04 67 00 00 01", "Frontignan", "brumes", "secret"])
def test_what_is_hidden_is_not_found(reader, words):
    create_full()

    page = reader.get(URL, {"q": words})

    assert names(page) == []
    assert "Aucune fiche" in page.content.decode()


@pytest.mark.parametrize(("name", "value"), [("organisation", "Atelier des brumes"), ("college", "secret")])
def test_what_is_hidden_is_no_filter(reader, name, value):
    create_full()

    page = reader.get(URL, {name: value})

    assert [one.options for one in page.context["selection"].choices if one.name == name] == [[]]
    assert value not in page.context["selection"].labels[name]


def test_an_organisation_that_is_shown_is_found_and_filtered_by(reader):
    entry = create_full(shows_organisation=True)
    create_entry()

    by_word, by_filter = (
        reader.get(URL, {"q": "brumes"}),
        reader.get(URL, {"organisation": "Atelier des brumes"}),
    )

    assert names(by_word) == names(by_filter) == [str(entry.member)]


def test_filters_add_up_and_say_what_each_would_give(reader):
    vision, health = Skill.objects.get(slug="vision-par-ordinateur"), Skill.objects.get(slug="ia-et-sante")
    create_entry(create_current(first_name="Ada", last_name="Aube"), skills=[vision, health])
    create_entry(create_current(first_name="Luc", last_name="Brun"), skills=[vision])

    page = reader.get(URL, {"skill": [vision.slug], "q": "ada"})

    assert names(page) == ["Ada Aube"]
    skills = page.context["selection"].choices[0]
    assert [(one.label, one.count, one.is_chosen) for one in skills.options] == [
        ("IA et santé", 1, False),
        ("Vision par ordinateur", 1, True),
    ]
    assert [(chip.label, chip.query) for chip in page.context["selection"].chips] == [
        ("«\u00a0ada\u00a0»", "skill=vision-par-ordinateur"),
        ("Vision par ordinateur", "q=ada"),
    ]


@pytest.mark.parametrize(
    "query", [{"skill": "inconnue"}, {"college": "x\0"}, {"page": "99"}, {"q": "\0" * 500}]
)
def test_what_means_nothing_hides_nobody(reader, query):
    entry = create_entry()

    assert names(reader.get(URL, query)) == [str(entry.member)]


def test_thirty_a_page(reader):
    for _number in range(31):
        create_entry()

    assert [len(names(reader.get(URL, {"page": page}))) for page in (1, 2)] == [30, 1]


def test_many_entries_are_read_in_as_many_queries_as_one(reader, django_assert_num_queries):
    def create_one():
        member = create_current()
        seat(create_organisation(), member)
        create_entry(member, shows_organisation=True, shows_college=True, skills=Skill.objects.all()[:3])

    create_one()
    reader.get(URL)  # the first page of a session notes the device
    with CaptureQueriesContext(connection) as one:
        reader.get(URL)
    for _number in range(10):
        create_one()

    with django_assert_num_queries(len(one)):
        assert len(names(reader.get(URL))) == 11
