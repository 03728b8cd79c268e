"""Who may get and fill the pages kept for strangers, and how many pages there can be."""

import logging

import pytest
from django.core.cache import cache
from django.test import Client
from redis.exceptions import ConnectionError as RedisConnectionError

from events.models import Event
from iamm import page_cache, page_version
from tests.factories import create_event, create_staff, create_training, create_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _pages_are_kept(settings):
    settings.SHARED_PAGES = True
    cache.clear()
    page_cache._near.clear()


@pytest.fixture
def event():
    return create_event(slug="rencontre", title="Rencontre", level="expert", capacity=10)


def read(path, client=None, **headers):
    return (client or Client()).get(path, headers={"Accept-Language": "fr"} | headers)


def is_kept(path):
    """Whether a second reader gets what was rendered for the first."""
    read(path)
    return read(path).templates == []


def test_who_is_signed_in_neither_gets_nor_fills_the_pages_of_strangers(event):
    person = Client()
    person.force_login(create_user())

    first = read("/agenda/", person)
    stranger = read("/agenda/")
    again = read("/agenda/", person)

    assert "Mon compte" in first.text
    assert "Mon compte" not in stranger.text
    assert again.content == first.content
    assert again["Cache-Control"] == "no-cache, private"
    assert stranger["Cache-Control"] == "public, no-cache"


def test_a_draft_that_staff_read_stays_hidden_from_strangers():
    create_event(slug="secret", status=Event.Status.DRAFT)
    staff = Client()
    staff.force_login(create_staff())

    assert read("/agenda/secret/", staff).status_code == 200
    assert read("/agenda/secret/").status_code == 404
    assert read("/agenda/secret/", staff).status_code == 200


@pytest.mark.parametrize("cookie", ["sessionid", "messages"])
def test_whoever_has_a_cookie_of_their_own_gets_a_page_of_their_own(event, cookie):
    read("/agenda/")
    visitor = Client()
    visitor.cookies[cookie] = "quelconque"

    answer = read("/agenda/", visitor)

    assert answer.templates != []
    assert answer["Cache-Control"] == "no-cache, private"


def test_a_form_open_elsewhere_does_not_keep_one_from_reading(event):
    visitor = Client()
    read("/agenda/rencontre/inscription/", visitor)
    read("/agenda/")

    assert "csrftoken" in visitor.cookies
    assert read("/agenda/", visitor).templates == []


@pytest.mark.parametrize(
    "path", ["/contact/", "/agenda/rencontre/inscription/", "/compte/connexion/", "/sante/"]
)
def test_a_page_with_a_form_or_of_the_moment_is_not_kept(event, path):
    read(path)

    answer = read(path)

    assert "ETag" not in answer
    assert "public" not in answer.get("Cache-Control", "")


def test_languages_are_kept_apart(event):
    french, english = read("/agenda/"), read("/agenda/", **{"Accept-Language": "en"})
    choice = Client()
    choice.cookies["langue"] = "en"

    assert ('<html lang="fr">' in french.text, '<html lang="en">' in english.text) == (True, True)
    assert read("/agenda/", choice).content == english.content
    assert read("/agenda/").content == french.content
    assert "next=/agenda/" in french.text


def test_hosts_are_kept_apart_and_a_stranger_host_is_refused(event):
    read("/agenda/flux.atom")

    assert read("/agenda/", Host="ailleurs.example.net").status_code == 400


def test_the_link_to_the_other_language_leads_to_the_page_that_holds_it(event):
    for _time in range(2):
        assert "next=/agenda/%3Flevel%3Dexpert" in read("/agenda/?level=expert").text


@pytest.mark.parametrize(
    "query",
    ["level=expert", "q=&level=expert", "kind=conference&level=expert", "level=debutant&level=expert"],
)
def test_an_address_that_the_site_writes_is_kept(event, query):
    assert is_kept(f"/agenda/?{query}")


@pytest.mark.parametrize(
    "path",
    [
        "/agenda/?q=rencontre",
        "/agenda/?suivi=1",
        "/agenda/?utm_source=lettre",
        "/agenda/?page=999",
        "/agenda/?level=expert&kind=conference",
        "/agenda/?level=%65xpert",
        "/agenda/?level=expert&level=expert",
        "/agenda/?month=2040-01",
        "/agenda/?kind=conference&level=expert&format=sur-place",
        "/agenda/rencontre/?suivi=1",
        "/fondateurs/?suivi=1",
        "/agenda/calendrier/2030/6/?q=mot",
    ],
)
def test_what_can_be_spelt_without_end_is_not_kept(event, path):
    assert not is_kept(path)


def test_a_page_that_is_not_there_is_not_kept_until_it_is():
    assert read("/formations/prompt/").status_code == 404

    create_training(slug="prompt")

    assert read("/formations/prompt/").status_code == 200


def test_who_has_the_page_already_is_told_so_until_it_changes(event):
    tag = read("/agenda/rencontre/")["ETag"]

    same = read("/agenda/rencontre/", **{"If-None-Match": tag})
    Event.objects.update(title="Autre titre")
    other = read("/agenda/rencontre/", **{"If-None-Match": tag})

    assert (same.status_code, same.content, same["ETag"]) == (304, b"", tag)
    assert other.status_code == 200
    assert other["ETag"] != tag


def test_the_head_of_a_kept_page_is_the_same(event):
    page = read("/agenda/")

    head = Client().head("/agenda/", headers={"Accept-Language": "fr"})

    assert (head.status_code, head["ETag"]) == (200, page["ETag"])


def test_a_kept_page_has_its_line_in_the_log(event, caplog):
    read("/agenda/rencontre/")
    caplog.clear()

    with caplog.at_level(logging.INFO, logger="iamm.access"):
        read("/agenda/rencontre/")

    [line] = [record for record in caplog.records if record.name == "iamm.access"]
    assert (line.route, line.status) == ("agenda/<slug:slug>/", 200)


def test_pages_are_rendered_when_the_cache_is_down(event, monkeypatch):
    def fail(*arguments, **options):
        raise RedisConnectionError

    read("/agenda/")
    for verb in ("get", "set", "add", "get_or_set"):
        monkeypatch.setattr(cache, verb, fail)

    Event.objects.update(title="Sans cache")

    assert "Sans cache" in read("/agenda/").text

    monkeypatch.undo()
    assert "Sans cache" in read("/agenda/").text


def test_a_version_that_was_lost_puts_every_page_out_of_use(event):
    read("/agenda/")

    cache.delete(page_version.KEY)

    assert read("/agenda/").templates != []
    assert read("/agenda/").templates == []


def test_a_process_keeps_few_copies_of_its_own(event, monkeypatch):
    monkeypatch.setattr(page_cache, "NEAR", 2)
    for path in ("/agenda/", "/fondateurs/", "/formations/", "/adherer/"):
        read(path)
        read(path)

    page_cache._near.clear()
    for path in ("/agenda/", "/fondateurs/", "/formations/"):
        read(path)

    assert len(page_cache._near) == 1


def test_without_the_setting_each_page_is_rendered(event, settings):
    settings.SHARED_PAGES = False

    assert not is_kept("/agenda/")
    assert page_cache._near == {}
