"""From a charge to a provider's page, and from the provider's word back to the books. No HTTP inside a transaction."""

from django.conf import settings
from django.urls import reverse

from payments import providers
from payments.models import Charge, Checkout, Payment


class NotPayable(Exception):
    """Nothing is asked on this charge any more: it is paid, cancelled, or its time has passed."""


def start(charge: Charge) -> str:
    """Open a checkout for what is still due and return the provider's page. Raises NotPayable, UnknownProvider."""
    amount = charge.amount_due
    if not charge.is_payable or charge.has_lapsed or not amount:
        raise NotPayable
    provider = providers.get(settings.PAYMENT_PROVIDER)
    started = provider.start(
        amount=amount,
        label=", ".join(line.label for line in charge.lines.all()),
        return_url=settings.SITE_URL + reverse("payments:charge_return", args=[charge.uuid]),
    )
    Checkout.objects.create(
        charge=charge, provider=settings.PAYMENT_PROVIDER, reference=started.reference, amount=amount
    )
    return started.url


def synchronise(checkout: Checkout) -> list[Payment]:
    """Read the checkout again at its provider and record what was paid. Safe to repeat and to run twice at once."""
    return [
        checkout.charge.record_payment(
            method=checkout.provider, amount=paid.amount, reference=paid.reference, valued_on=paid.paid_on
        )
        for paid in providers.get(checkout.provider).read(checkout.reference)
    ]
