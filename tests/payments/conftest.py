import pytest
import stripe as library
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse

from payments.models import Checkout
from tests.fakes import no_request_inside_a_transaction
from tests.fakes import stripe as fakes


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
    with fakes.serve() as fake, no_request_inside_a_transaction():
        settings.STRIPE = {
            "secret_key": fakes.KEY,
            "webhook_secret": fakes.WEBHOOK_SECRET,
            "methods": ["card", "sepa_debit"],
            "api": fake.url,
        }
        yield StripeAccount(fake)
