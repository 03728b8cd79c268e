"""What a provider's own list of payments tells that no notification told: changes of old payments, money for nothing of ours."""

import logging
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext

from payments import checkouts
from payments.models import Checkout, Payment, StatementLine
from payments.providers import ProviderPayment, ProviderRefused, State, Takeback
from payments.providers.helloasso import Listed
from payments.standing import returned, turn_of

logger = logging.getLogger(__name__)


def catch_up(provider: str, listed: Listed) -> None:
    """Write what our books lack of it, or show it to staff when it found no charge. Safe to repeat.

    Raises ProviderDown.
    """
    payment = listed.payment
    if payment.tax_receipt_url:
        StatementLine.note_receipt(method=provider, reference=payment.reference, url=payment.tax_receipt_url)
    matched = Payment.objects.filter(method=provider, reference=payment.reference, line__isnull=False)
    spoken_of = list(Checkout.objects.about(provider, listed.checkout or payment.reference))
    if matched.exists() or not spoken_of:
        _show(provider, listed)
    elif not _is_written(provider, payment):
        for checkout in spoken_of:
            try:
                checkouts.synchronise(checkout)
            except ProviderRefused:
                logger.warning("read_failed", exc_info=True)


def _show(provider: str, listed: Listed) -> None:
    """A payment as a line of its own, and what left again of it as others. What came and left before we looked is not shown."""
    payment = listed.payment
    gone = sum(back.amount for back in payment.takebacks if not back.is_undone)
    line = StatementLine.objects.told_by(provider, payment.reference)
    if line is None and payment.state == State.PAID and payment.amount > gone:
        line = StatementLine.arrived(
            method=provider,
            reference=payment.reference,
            amount=payment.amount,
            on=payment.paid_on,
            payer=listed.payer,
            email=listed.email,
            label=listed.label,
            provider_receipt=payment.tax_receipt_url,
        )
    if line is None:
        return
    for back in payment.takebacks:
        _follow(line, back)


def _follow(line: StatementLine, back: Takeback) -> None:
    """Written where one charge had the whole line; otherwise a person says what it takes away, and from whom."""
    shown = StatementLine.objects.told_by(line.method, back.reference)
    if payment := _matched(line):
        checkouts.record_takeback(payment, back, line=shown)
    elif not back.is_undone:
        words = (
            gettext("Repris par la banque du payeur") if back.is_chargeback else gettext("Rendu au payeur")
        )
        _show_other(line, words, reference=back.reference, amount=-back.amount, on=back.on)
    elif shown:
        reference, day = returned(back.reference), timezone.localdate()
        _show_other(shown, gettext("Revenu ensuite"), reference=reference, amount=back.amount, on=day)


def _matched(line: StatementLine) -> Payment | None:
    """The payment that the whole line is, if it is one."""
    paid = line.payments.filter(kind=Payment.Kind.RECEIVED, amount=line.amount)
    found: Payment | None = paid.exclude(countered_by__kind=Payment.Kind.MISTAKE).first()
    return found


def _show_other(line: StatementLine, words: str, **facts: Any) -> None:
    label = f"{words} – {line.bank_id} ({line.number}) – {line.label}"
    StatementLine.arrived(
        method=line.method, payer=line.payer, email=line.email, label=label, counters=line, **facts
    )


def _is_written(provider: str, payment: ProviderPayment) -> bool:
    """Whether reading it again would write nothing."""
    ours = Payment.objects.filter(method=provider)
    if not ours.filter(reference=payment.reference).exists():
        return payment.state != State.PAID
    return all(
        ours.filter(reference=turn_of(provider, back.reference)).exists() != back.is_undone
        for back in payment.takebacks
    )
