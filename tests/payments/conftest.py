from http.client import HTTPConnection

import pytest
import stripe as library
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from django.urls import reverse

from payments import checkouts
from payments.models import Checkout
from payments.providers import helloasso_api
from tests.factories import create_charge
from tests.fakes import stripe as fakes
from tests.fakes.helloasso import FakeHelloAsso


@pytest.fixture(autouse=True)
def requests_in_transactions(monkeypatch):
    """There shall be none: whoever answers slowly would hold our rows. The test's own transaction does not count."""
    put, inside = HTTPConnection.putrequest, []

    def watched(self, method, url, *args, **kwargs):
        if any(not block._from_testcase for block in connection.atomic_blocks):
            inside.append(f"{method} {url}")
        return put(self, method, url, *args, **kwargs)

    monkeypatch.setattr(HTTPConnection, "putrequest", watched)
    yield inside
    assert inside == []


class StripeAccount:
    """The association's account at a fake Stripe, and the way to our pages."""

    def __init__(self, fake):
        self.fake = fake

    def start(self, charge, client=None):
        """The session that the payer of this charge is led to."""
        client = client or Client()
        response = client.post(reverse("payments:charge_pay", args=[charge.uuid]), {"provider": "stripe"})
        checkout = Checkout.objects.latest("pk")
        assert response["Location"] == self.fake.sessions[checkout.reference]["url"]
        return checkout.reference

    def pay(self, charge, **payment):
        """The payment intent of a session paid, and heard of."""
        intent = self.fake.pay(self.start(charge), **payment)
        assert self.carry("checkout.session.completed").status_code == 200
        charge.refresh_from_db()
        return intent

    def carry(self, kind, **signature):
        """Our answer to its last event of this kind."""
        return self.post(fakes.json.dumps(self.fake.last(kind)), **signature)

    def post(self, body, *, header=None, **signature):
        header = self.fake.sign(body, **signature) if header is None else header
        url = reverse("payments:notification", args=["stripe", django_settings.PAYMENT_NOTIFICATION_SECRET])
        headers = {"stripe-signature": header} if header else {}
        return Client().post(url, body, content_type="application/json", headers=headers)


@pytest.fixture
def stripe(settings, monkeypatch):
    settings.PAYMENT_PROVIDERS, settings.PAYMENT_SANDBOX = ["stripe"], False
    monkeypatch.setattr(library.HTTPClient, "INITIAL_DELAY", 0)
    with fakes.serve() as fake:
        settings.STRIPE = {
            "secret_key": fakes.KEY,
            "webhook_secret": fakes.WEBHOOK_SECRET,
            "methods": ["card", "sepa_debit"],
            "api": fake.url,
        }
        yield StripeAccount(fake)


@pytest.fixture
def helloasso(settings, monkeypatch):
    """The portal takes payments at a HelloAsso of the test's own."""
    monkeypatch.setattr(helloasso_api, "AGAIN_AFTER", [0])
    with FakeHelloAsso().running() as fake:
        settings.PAYMENT_SANDBOX, settings.PAYMENT_PROVIDERS = False, ["helloasso"]
        settings.HELLOASSO = fake.settings
        yield fake


@pytest.fixture
def begin():
    """Led to the provider's page for a charge: our row, and the number there."""

    def begin(charge, provider="helloasso"):
        checkouts.start(charge, provider)
        checkout = Checkout.objects.select_related("charge").latest("pk")
        return checkout, int(checkout.reference)

    return begin


@pytest.fixture
def paid(helloasso, begin):
    """A charge of 40 € paid by card: its checkout, and the number of the payment there."""
    checkout, intent = begin(create_charge())
    number = helloasso.pays_by_card(intent)
    checkouts.synchronise(checkout)
    return checkout, number
