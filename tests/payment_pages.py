"""The page of a charge in each of its states, for the tests that look at every page."""

from decimal import Decimal

from django.urls import reverse

from payments.models import Checkout, Document, Payment
from tests.factories import create_charge

BANK = {"holder": "Association d’essai", "iban": "FR7630006000011234567890189", "bic": "AGRIFRPP"}


def paths_of_paying():
    due, awaited, contested, paid, cancelled = (create_charge(Decimal(40)) for _ in range(5))
    Checkout.objects.create(
        charge=awaited, provider="stripe", reference="cs_1", amount=40, state=Checkout.State.WAITING
    )
    payment = contested.record_payment(method="stripe", amount=Decimal(40), reference="pi_1")
    contested.take_back(payment, amount=Decimal(40), reference="du_1", kind=Payment.Kind.CHARGEBACK)
    paid.record_payment(method="cheque", amount=Decimal(60), reference="1")
    cancelled.cancel(reason="Séance reportée")
    Document(charge=paid, kind="invoice", number="F2026-00001", issued_on=paid.booked_on, total=40).freeze(
        b"%PDF"
    )
    invoice = reverse("payments:charge_invoice", args=[due.uuid])
    return [invoice, *[charge.get_absolute_url() for charge in (due, awaited, contested, paid, cancelled)]]
