"""The link at the foot of a message: a machine reads it, a mailbox posts to it, a person presses a button."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from mailing import delivery, outbox
from mailing.models import Email, List, OptOut

pytestmark = pytest.mark.django_db
ADDRESS = "zoe@example.org"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
LEAVE, COME_BACK = {"choice": "leave"}, {"choice": "come_back"}


@pytest.fixture
def opt_out():
    return OptOut.of(ADDRESS, List.FEEDBACK)


@pytest.fixture
def url(opt_out):
    return reverse("mailing:unsubscribe", args=[opt_out.token])


@pytest.fixture
def stranger():
    """A program or a person we know nothing of, as Django meets them outside of tests."""
    return Client(enforce_csrf_checks=True)


def has_left():
    return OptOut.objects.refuses(ADDRESS, List.FEEDBACK)


def press(client, url):
    """Read the page and press its only button."""
    page = client.get(url).text
    token = re.search(r'<main.*name="csrfmiddlewaretoken" value="(\w+)"', page, re.DOTALL)[1]
    choice = re.search(r'name="choice" value="(\w+)"', page)[1]
    return client.post(url, {"csrfmiddlewaretoken": token, "choice": choice}, follow=True)


@pytest.mark.parametrize("method", ["get", "head"])
def test_a_scanner_that_follows_the_link_changes_nothing(stranger, url, method):
    response = getattr(stranger, method)(url)

    assert (response.status_code, has_left()) == (200, False)


def test_the_page_is_kept_by_nobody_and_listed_nowhere(client, url):
    response = client.get(url)

    assert "no-store" in response["Cache-Control"]
    assert '<meta name="robots" content="noindex">' in response.text


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_mailbox_leaves_for_its_reader_in_one_request_without_a_cookie(stranger, url, content_type):
    body = "List-Unsubscribe=One-Click"
    if content_type == "multipart/form-data":
        body = '--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'
        content_type += "; boundary=x"

    answers = [stranger.post(url, body, content_type=content_type) for _ in range(2)]

    assert [(one.status_code, one.text) for one in answers] == [(200, "Désinscription enregistrée.")] * 2
    assert (has_left(), OptOut.objects.count(), dict(stranger.cookies)) == (True, 1, {})


def test_a_person_leaves_then_comes_back_with_the_same_link(stranger, url):
    left = press(stranger, url)
    assert has_left()
    assert "<h1>Vous ne recevrez plus ces messages</h1>" in left.text
    assert "n’aura plus les questionnaires après un événement." in left.text

    back = press(stranger, url)
    assert not has_left()
    assert "<h1>Ne plus recevoir ces messages</h1>" in back.text
    assert "vous recevrez de nouveau ces messages" in back.text


@pytest.mark.parametrize("data", [LEAVE, COME_BACK, {}, {"List-Unsubscribe": "Autre"}])
def test_another_site_presses_no_button_of_the_page(stranger, url, opt_out, data):
    opt_out.keep()

    assert stranger.post(url, data).status_code == 403
    assert has_left()


@pytest.mark.parametrize("data", [{}, {"choice": "autre"}])
def test_a_post_that_says_nothing_known_changes_nothing(client, url, data):
    response = client.post(url, data)

    assert (response.status_code, has_left()) == (400, False)
    assert "Ne plus les recevoir" in response.text


def test_leaving_twice_and_coming_back_twice_are_answered_alike(client, url):
    assert [client.post(url, data).status_code for data in (LEAVE, LEAVE, COME_BACK, COME_BACK)] == [302] * 4
    assert not has_left()


def test_a_forged_link_opens_nothing(client, opt_out):
    other = OptOut.of("alex@example.org", List.NEWS).token
    body, signature = opt_out.token.rsplit(":", 1)
    forged = ["x", "é", f"{body}:{signature}x", f"{other.rsplit(':', 1)[0]}:{signature}", body]

    for token in forged:
        url = reverse("mailing:unsubscribe", args=[token])
        answers = [client.get(url), client.post(url, ONE_CLICK), client.post(url, LEAVE)]
        assert [answer.status_code for answer in answers] == [404] * 3
        assert "Page introuvable" in answers[0].text
    assert OptOut.objects.count() == 0


def test_the_link_tells_no_address(opt_out, client, url):
    alike = OptOut.of(ADDRESS.upper(), List.FEEDBACK)

    assert "zoe" not in opt_out.url + client.get(url).text
    assert alike.url == opt_out.url


def test_the_link_and_what_it_did_outlive_the_message(client):
    outbox.queue(
        "iamm/email/contact",
        to=ADDRESS,
        context={"name": "Zoé", "sender": ADDRESS, "message": "…"},
        key="essai",
        list=List.FEEDBACK,
    )
    delivery.deliver_due()
    link = mail.outbox[0].extra_headers["List-Unsubscribe"].strip("<>")
    Email.objects.all().erase()
    Email.objects.all().delete()

    assert client.post(link, ONE_CLICK).status_code == 200
    assert has_left()


def test_the_link_outlives_the_change_of_the_secret_key(client, url, settings):
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "une autre clé " * 5

    assert client.post(url, ONE_CLICK).status_code == 200
    assert has_left()


def test_a_flood_is_refused_and_reading_is_not(client, url, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"unsubscribe": "2/1m/ip"}

    assert [client.post(url, ONE_CLICK).status_code for _ in range(3)] == [200, 200, 429]
    assert client.get(url).status_code == 200


def test_the_page_speaks_the_language_of_who_reads_it(client, url):
    with override("fr"):  # which comes back: a request leaves its language behind
        page = client.get(url, headers={"Accept-Language": "en"})

    assert '<html lang="en">' in page.text
    assert page.status_code == 200
