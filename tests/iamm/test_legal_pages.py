import pytest
from django.urls import reverse

from tests.factories import create_partner, create_staff

PAGES = ["legal_notice", "privacy", "accessibility", "site_map", "contact"]
BLANKS = {
    "address": "",
    "phone": "",
    "email": "",
    "rna": "",
    "siret": "",
    "publication_director": "",
    "host": "",
    "privacy_contact": "",
}

pytestmark = pytest.mark.django_db


@pytest.fixture
def _nothing_filled_in(settings):
    settings.ASSOCIATION = {**settings.ASSOCIATION, **BLANKS}


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_anyone_reads_the_page_in_each_language(client, page, language):
    client.cookies["langue"] = language

    response = client.get(reverse(page))

    assert response.status_code == 200
    assert f'<html lang="{language}">' in response.text
    assert response.text.count("<h1") == 1


@pytest.mark.parametrize("page", ["legal_notice", "privacy", "accessibility", "site_map"])
def test_a_page_of_words_sets_no_cookie_and_cannot_be_posted_to(client, page):
    assert client.get(reverse(page)).cookies == {}
    assert client.post(reverse(page)).status_code == 405


@pytest.mark.usefixtures("_nothing_filled_in")
@pytest.mark.parametrize("page", PAGES)
def test_the_public_never_reads_the_name_of_a_setting(client, page):
    response = client.get(reverse(page))

    assert "ASSOCIATION_" not in response.text
    assert "À renseigner" not in response.text


@pytest.mark.usefixtures("_nothing_filled_in")
def test_the_public_reads_that_something_is_not_communicated(client):
    response = client.get(reverse("legal_notice"))

    assert response.text.count("Non communiqué à ce jour") == 7


@pytest.mark.usefixtures("_nothing_filled_in")
def test_staff_read_which_setting_to_fill_in(client):
    client.force_login(create_staff())

    response = client.get(reverse("legal_notice"))

    for name in BLANKS.keys() - {"privacy_contact"}:
        assert f"<code>ASSOCIATION_{name.upper()}</code>" in response.text


def test_what_is_filled_in_is_shown_as_text(client, settings):
    settings.ASSOCIATION = {**settings.ASSOCIATION, "address": "1 rue <b>Foch</b>\n34000 Montpellier"}

    response = client.get(reverse("legal_notice"))

    assert "1 rue &lt;b&gt;Foch&lt;/b&gt;<br>34000 Montpellier" in response.text


def test_the_privacy_page_names_the_durations_the_code_applies(client, settings):
    settings.MAIL_KEPT_DAYS = 45
    settings.SESSION_COOKIE_AGE = 12 * 86_400

    response = client.get(reverse("privacy"))

    assert "45 jours après l’envoi" in response.text
    assert "31 jours après l’appel à payer" in response.text
    assert "12 jours au plus" in response.text


def test_the_privacy_page_names_every_cookie(client, settings):
    response = client.get(reverse("privacy"))

    names = [settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, "messages", "langue"]
    assert [name for name in names if f"<code>{name}</code>" not in response.text] == []


def test_the_declaration_does_not_claim_conformity(client):
    response = client.get(reverse("accessibility"))

    assert "<strong>Non conforme.</strong>" in response.text


def test_the_site_map_leads_to_pages_that_exist(client):
    create_partner()
    response = client.get(reverse("site_map"))
    main = response.text.partition("<main")[2].partition("</main>")[0]
    links = [part.partition('"')[0] for part in main.split('href="')[1:]]

    answers = {link: client.get(link).status_code for link in links}

    assert {link for link, status in answers.items() if status != 200} == {reverse("account")}
