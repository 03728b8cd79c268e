"""What a provider's own list of payments tells that no notification told: changes of old payments, money for nothing of ours."""

import logging

from payments import checkouts
from payments.models import Checkout, Payment, StatementLine
from payments.providers import ProviderPayment, ProviderRefused, State
from payments.providers.helloasso import Listed
from payments.standing import returned

logger = logging.getLogger(__name__)


def catch_up(provider: str, listed: Listed) -> None:
    """Write what our books lack of it, or show it to staff when it found no charge. Safe to repeat.

    Raises ProviderDown.
    """
    payment = listed.payment
    if payment.tax_receipt_url:
        StatementLine.note_receipt(method=provider, reference=payment.reference, url=payment.tax_receipt_url)
    spoken_of = list(Checkout.objects.about(provider, listed.checkout or payment.reference))
    if not spoken_of and payment.state == State.PAID:
        _show(provider, listed)
    elif not _is_written(provider, payment):
        for checkout in spoken_of:
            try:
                checkouts.synchronise(checkout)
            except ProviderRefused:
                logger.warning("read_failed", exc_info=True)


def _show(provider: str, listed: Listed) -> None:
    payment = listed.payment
    left = payment.amount - sum(back.amount for back in payment.takebacks if not back.is_undone)
    if left > 0:
        StatementLine.arrived(
            method=provider,
            reference=payment.reference,
            amount=left,
            on=payment.paid_on,
            payer=listed.payer,
            email=listed.email,
            label=listed.label,
            provider_receipt=payment.tax_receipt_url,
        )


def _is_written(provider: str, payment: ProviderPayment) -> bool:
    """Whether reading it again would write nothing."""
    backs = {back.reference: returned(back.reference) for back in payment.takebacks}
    names = [payment.reference, *backs, *backs.values()]
    rows = Payment.objects.filter(method=provider, reference__in=names).values_list("reference", flat=True)
    written = set(rows)
    if payment.reference not in written:
        return payment.state != State.PAID
    return all(
        backs[back.reference] in written or (back.reference in written) != back.is_undone
        for back in payment.takebacks
    )
