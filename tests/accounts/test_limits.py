import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from mailing.models import Email
from tests import factories

pytestmark = pytest.mark.django_db
CONTACT, LOGIN = reverse("contact"), reverse("account_login")
EMPTY = {"name": ""}


def _statuses(times, client=None, url=CONTACT, **extra):
    client = client or Client()
    return [client.post(url, EMPTY, **extra).status_code for _ in range(times)]


def test_the_sixth_message_in_ten_minutes_is_refused(client):
    assert _statuses(6, client) == [400] * 5 + [429]


def test_a_lecture_hall_registers_from_one_address_and_a_flood_does_not(client):
    url = reverse("events:event_register", args=[factories.create_event().slug])

    statuses = _statuses(61, client, url)

    assert 429 not in statuses[:60]
    assert statuses[60] == 429


def test_a_refused_message_is_not_sent(client):
    _statuses(5, client)

    client.post(CONTACT, {"name": "Alex", "email": "alex@example.org", "message": "Bonjour"})

    assert (Email.objects.count(), mail.outbox) == (0, [])


def test_reading_is_never_refused(client):
    _statuses(6, client)

    assert client.get(CONTACT).status_code == 200


def test_addresses_are_counted_apart():
    assert _statuses(5, REMOTE_ADDR="192.0.2.1") == [400] * 5

    assert _statuses(1, REMOTE_ADDR="192.0.2.2") == [400]
    assert _statuses(1, REMOTE_ADDR="192.0.2.1") == [429]


def test_a_whole_ipv6_network_counts_as_one_address():
    _statuses(5, REMOTE_ADDR="2001:db8:1:1::1")

    assert _statuses(1, REMOTE_ADDR="2001:db8:1:1:ffff::2") == [429]
    assert _statuses(1, REMOTE_ADDR="2001:db8:1:2::1") == [400]


def test_without_proxy_a_header_does_not_change_the_address():
    statuses = [Client().post(CONTACT, EMPTY, headers={"x-forwarded-for": f"192.0.2.{n}"}) for n in range(6)]

    assert statuses[5].status_code == 429


def test_behind_a_proxy_the_address_is_the_one_it_saw(settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1

    def post(forwarded):
        return Client().post(CONTACT, EMPTY, headers={"x-forwarded-for": forwarded}).status_code

    forged = [post(f"198.51.100.{n}, 192.0.2.1") for n in range(6)]
    assert forged == [400] * 5 + [429]
    assert post("198.51.100.0, 192.0.2.2") == 400


def test_the_page_says_to_wait(client):
    _statuses(5, client)

    answer = client.post(CONTACT, EMPTY)

    assert answer.templates[0].name == "429.html"
