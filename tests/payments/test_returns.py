"""Where a provider sends the browser back to."""

import pytest
from django.urls import reverse

from tests.factories import create_charge

pytestmark = pytest.mark.django_db


def readings(helloasso):
    return len([path for method, path, *_rest in helloasso.asked if "checkout-intents/" in path])


def test_a_return_told_again_and_again_asks_the_provider_once_in_some_seconds(
    client, helloasso, begin, time_machine_travel
):
    charge = create_charge()
    _checkout, intent = begin(charge)
    url = reverse("payments:charge_return", args=[charge.uuid])

    pages = [client.get(url, follow=True).text for _time in range(3)]
    assert readings(helloasso) == 1
    assert "Nous n’avons pas reçu de paiement" in pages[0]
    assert "ne payez pas une seconde fois" in pages[1]  # it may have come since
    helloasso.pays_by_card(intent)
    with time_machine_travel(seconds=6):
        assert client.get(url)["Location"] == charge.return_path
        assert client.get(url)["Location"] == charge.return_path
    assert readings(helloasso) == 2


def test_who_returns_too_often_is_told_so_in_french_and_asks_nobody(client, helloasso, begin, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"return": "2/1m/ip"}
    charges = [create_charge() for _number in range(3)]
    for charge in charges:
        begin(charge)

    answers = [client.get(reverse("payments:charge_return", args=[charge.uuid])) for charge in charges]

    assert [answer.status_code for answer in answers] == [302, 302, 429]
    assert "Trop de demandes" in answers[2].text
    assert "no-store" in answers[2]["Cache-Control"]
    assert readings(helloasso) == 2
