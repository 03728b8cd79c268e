"""From a charge to a provider's page, and from the provider's word back to the books. No HTTP inside a transaction."""

import logging
from decimal import Decimal
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from payments import providers
from payments.locks import Busy, held
from payments.models import (
    Charge,
    ChargeLine,
    Checkout,
    NothingLeft,
    Payment,
    PaymentMismatch,
    Refund,
    StatementLine,
    UnderWay,
)
from payments.standing import returned, turn_of

logger = logging.getLogger(__name__)
# Of several attempts on one page, what counts is the best.
RANKED = [providers.State.PAID, providers.State.WAITING, providers.State.OPEN, providers.State.FAILED]

PATIENCE = 20  # seconds for which a refund waits for another one of the same payment


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
    provider = providers.get(checkout.provider)
    Checkout.objects.filter(pk=checkout.pk).update(read_at=timezone.now())  # also when it answers nothing
    found = provider.read(checkout.reference)
    states = {one.state for one in found}
    payments = []
    odd = {one for one in found if one.state == providers.State.PAID and not _is_as_asked(checkout, one)}
    for one in _to_record(checkout.provider, found):
        try:
            payments.append(record(checkout.charge, checkout.provider, one))
        except PaymentMismatch:  # already in the books for another charge or amount: staff look, others go on
            logger.exception("payment_mismatch")
            odd.add(one)
    said = next((state for state in RANKED if state in states), providers.State.OPEN)
    unclear = ", ".join(sorted(f"{one.reference} {one.amount} {one.currency}" for one in odd))
    Checkout.objects.filter(pk=checkout.pk).update(state=said, unclear=unclear[:250])
    return payments


def _is_as_asked(checkout: Checkout, paid: providers.ProviderPayment) -> bool:
    return (paid.amount, paid.currency) == (checkout.amount, "EUR")


def synchronise_if_due(checkout: Checkout) -> bool:
    """`synchronise`, unless somebody has done it seconds ago or is doing it now: then False, and no request."""
    if not Checkout.objects.filter(pk=checkout.pk).claim_reading():
        return False
    synchronise(checkout)
    return True


def _to_record(provider: str, found: list[providers.ProviderPayment]) -> list[providers.ProviderPayment]:
    """What is paid, and what the bank refuses after all although we had been told that it was."""
    failed = [one.reference for one in found if one.state == providers.State.FAILED]
    written = Payment.objects.filter(method=provider, reference__in=failed).values_list(
        "reference", flat=True
    )
    told = set(written) if failed else set()
    return [
        one
        for one in found
        if one.currency == "EUR" and (one.state == providers.State.PAID or one.reference in told)
    ]


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


@transaction.atomic
def record_takeback(payment: Payment, back: providers.Takeback, *, line: StatementLine | None = None) -> None:
    """Write what left again of a payment that a person matched. Safe to repeat.

    `line` has shown it to staff before: it is dealt with by this, unless somebody has done so.
    """
    charge = payment.charge.locked()
    held = line.locked() if line else None
    _record_takeback(charge, payment, back, line=held if held and held.remainder == held.amount else None)


def _record_takeback(
    charge: Charge, payment: Payment, back: providers.Takeback, *, line: StatementLine | None = None
) -> None:
    charge = charge.locked()
    back = back._replace(reference=turn_of(payment.method, back.reference))
    written = Payment.objects.filter(method=payment.method, reference=back.reference).first()
    if written and back.is_undone:
        charge.record_payment(
            method=payment.method, amount=-written.amount, reference=returned(back.reference)
        )
    is_refused = back.is_undone and not back.is_chargeback and not back.is_asked_again
    if is_refused:  # it will not be made: another way may be taken
        for asked in charge.refunds.to_make().filter(asked_of=payment, amount=back.amount):
            asked.free()
    if written or back.is_undone:
        return
    promised = None if back.is_chargeback else _promised(charge, payment, back.amount)
    was_asked = promised is not None and promised.asked_of_id is not None
    if back.amount > left_of(payment) and not was_asked:  # told by another name before, or their error
        logger.error("takeback_beyond_payment", extra={"reference": back.reference})
        return
    if promised:
        charge.pay_back(
            promised,
            method=payment.method,
            reference=back.reference,
            valued_on=back.on,
            counters=payment,
            line=line,
        )
        return
    kind = Payment.Kind.CHARGEBACK if back.is_chargeback else Payment.Kind.REFUND
    charge.take_back(payment, amount=back.amount, reference=back.reference, kind=kind, on=back.on, line=line)


def _promised(charge: Charge, payment: Payment, amount: Decimal) -> Refund | None:
    """What a refund of `payment` settles: what its provider was asked for, or else what nobody was."""
    able = charge.refunds.to_make().filter(Q(asked_of=payment) | Q(asked_of=None), amount=amount)
    found: Refund | None = able.order_by(F("asked_of").asc(nulls_last=True), "pk").first()
    return found


def left_of(payment: Payment) -> Decimal:
    """What of it has not left again."""
    taken = list(payment.countered_by.all())
    given = Payment.objects.filter(
        method=payment.method, reference__in=[returned(one.reference) for one in taken]
    )
    return payment.amount + sum((one.amount for one in [*taken, *given]), Decimal(0))


@transaction.atomic
def part_of(owed: Refund, payment: Payment) -> Refund:
    """What of a refund this payment can give back: all of it, or the first of two in its place. Raises NothingLeft, UnderWay."""
    owed.charge.locked()
    owed = Refund.objects.get(pk=owed.pk)
    if owed.is_under_way:
        return _asked(owed, payment)
    left = left_of(payment)
    if not owed.is_to_make or left <= 0:
        raise NothingLeft
    return owed if owed.amount <= left else owed.split(left)


def _asked(owed: Refund, payment: Payment) -> Refund:
    if owed.is_under_way and owed.asked_of != payment:
        raise UnderWay
    return owed


@transaction.atomic
def _ask(owed: Refund, payment: Payment) -> None:
    """Write that the provider is asked, before it is: nobody gives it back by another way meanwhile."""
    owed.charge.locked()
    owed.refresh_from_db()
    if not owed.is_to_make:
        raise NothingLeft
    _asked(owed, payment).asked_of = payment
    owed.save(update_fields=["asked_of"])


def _give_back(owed: Refund, payment: Payment) -> providers.Refunded:
    try:
        provider = providers.get(payment.method)
        return provider.refund(payment.reference, amount=owed.amount, key=f"refund-{owed.pk}")
    except (providers.ProviderRefused, providers.ConfirmElsewhere, providers.UnknownProvider):
        owed.free()
        raise


def refund(owed: Refund, payment: Payment) -> bool:
    """Ask the provider of `payment` to give back what we owe. Whether it is done; if not, it will be read later.

    One at a time of a payment, and settled before the next is asked: asking again never pays twice. Raises
    UnknownProvider, ProviderDown, ProviderRefused, ConfirmElsewhere, NothingLeft once it has been made or withdrawn, and
    UnderWay while another provider may make it.
    """
    try:
        with held(f"refund.{payment.pk}", seconds=120, wait=PATIENCE):
            _ask(owed, payment)
            given = _give_back(owed, payment)
            if given.is_done:
                owed.settle(method=payment.method, reference=given.reference, counters=payment)
    except Busy as error:
        raise providers.ProviderDown("another refund of this payment is under way") from error
    except PaymentMismatch:  # a notification came first, and has written it otherwise
        return False
    return given.is_done
