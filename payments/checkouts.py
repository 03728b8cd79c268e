"""From a charge to a provider's page, and from the provider's word back to the books. No HTTP inside a transaction."""

from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from payments import providers
from payments.models import Charge, ChargeLine, Checkout, Payment, Refund

# Of several attempts on one page, what counts is the best.
RANKED = [providers.State.PAID, providers.State.WAITING, providers.State.FAILED]


class NotPayable(Exception):
    """Nothing is asked on this charge any more: it is paid, cancelled, or its time has passed."""


def start(charge: Charge, provider: str) -> str:
    """Open a checkout for what is still due and return the provider's page.

    Raises NotPayable, UnknownProvider, ProviderDown and ProviderRefused.
    """
    amount = charge.amount_due
    if not charge.is_payable or charge.has_lapsed or not amount:
        raise NotPayable
    lines = charge.lines.all()
    order = providers.Order(
        reference=charge.number,
        label=", ".join(line.label for line in lines),
        amount=amount,
        has_gift=any(line.nature == ChargeLine.Nature.GIFT for line in lines),
        payer=providers.Payer(charge.name, charge.email),
        return_url=settings.SITE_URL + reverse("payments:charge_return", args=[charge.uuid]),
        cancel_url=settings.SITE_URL + charge.get_absolute_url(),
        key=str(uuid4()),
    )
    started = providers.get(provider).start(order)
    Checkout.objects.create(charge=charge, provider=provider, reference=started.reference, amount=amount)
    return started.url


def synchronise(checkout: Checkout) -> list[Payment]:
    """Read the checkout again at its provider and record what was paid, and what was taken back since.

    Safe to repeat and to run twice at once. Raises UnknownProvider, ProviderDown and ProviderRefused.
    """
    found = providers.get(checkout.provider).read(checkout.reference)
    states = {one.state for one in found}
    paid = [one for one in found if one.state == providers.State.PAID and one.currency == "EUR"]
    payments = [record(checkout.charge, checkout.provider, one) for one in paid]
    said = next((state for state in RANKED if state in states), providers.State.OPEN)
    Checkout.objects.filter(pk=checkout.pk).update(state=said, read_at=timezone.now())
    return payments


@transaction.atomic
def record(charge: Charge, provider: str, paid: providers.ProviderPayment) -> Payment:
    """Write what a provider holds. A refund it made settles the one we had promised, if there is one."""
    payment = charge.record_payment(
        method=provider,
        amount=paid.amount,
        reference=paid.reference,
        valued_on=paid.paid_on,
        provider_receipt=paid.tax_receipt_url,
    )
    for back in paid.takebacks:
        _record_takeback(charge, payment, back)
    return payment


def _record_takeback(charge: Charge, payment: Payment, back: providers.Takeback) -> None:
    charge = charge.locked()
    is_written = Payment.objects.filter(method=payment.method, reference=back.reference).exists()
    if is_written and back.is_undone:
        charge.record_payment(method=payment.method, amount=back.amount, reference=f"{back.reference}-rendu")
    if is_written or back.is_undone:
        return
    promised = charge.refunds.to_make().filter(amount=back.amount).order_by("pk").first()
    if promised and not back.is_chargeback:
        charge.pay_back(
            promised,
            method=payment.method,
            reference=back.reference,
            valued_on=back.on,
            counters=payment,
        )
        return
    kind = Payment.Kind.CHARGEBACK if back.is_chargeback else Payment.Kind.REFUND
    charge.take_back(payment, amount=back.amount, reference=back.reference, kind=kind, on=back.on)


def refund(owed: Refund, payment: Payment) -> bool:
    """Ask the provider of `payment` to give back what we owe. Whether it is done; if not, it will be read later.

    Raises UnknownProvider, ProviderDown, ProviderRefused and ConfirmElsewhere; asking again never pays twice.
    """
    given = providers.get(payment.method).refund(
        payment.reference, amount=owed.amount, key=f"refund-{owed.pk}"
    )
    if given.is_done:
        owed.settle(method=payment.method, reference=given.reference, counters=payment)
    return given.is_done
