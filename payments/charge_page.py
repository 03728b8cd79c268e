"""What the payer reads about a charge: how its amount came to be, where it stands, and how it can be paid."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from documents.days import in_words
from payments import providers
from payments.models import Adjustment, Charge, Checkout, Payment
from payments.money import euros

BY_POST = timedelta(days=3)  # a transfer or a cheque that has less time than that comes too late


class Row(NamedTuple):
    label: str
    amount: Decimal


def rows(charge: Charge) -> Iterator[Row]:
    """What is asked, what no longer is, what came and what went; an entry by mistake and its counter-entry are nobody's
    business but ours."""
    for line in charge.lines.all():
        yield Row(line.label, line.amount)
    words = {
        Adjustment.Kind.CANCELLED: _("Annulé"),
        Adjustment.Kind.REDUCED: _("Réduction"),
        Adjustment.Kind.WRITTEN_OFF: _("Abandonné"),
    }
    for kind, label in words.items():
        amount = sum((row.amount for row in charge.adjustments.all() if row.kind == kind), Decimal(0))
        if amount:
            yield Row(label, -amount)
    payments = sorted(charge.payments.all(), key=lambda payment: payment.pk)
    mistaken = {one.counters_id for one in payments if one.kind == Payment.Kind.MISTAKE}
    for payment in payments:
        if payment.kind != Payment.Kind.MISTAKE and payment.pk not in mistaken:
            yield Row(_payment_label(payment), payment.amount)


def _payment_label(payment: Payment) -> str:
    day, method = in_words(payment.valued_on), payment.get_method_display()
    if payment.kind == Payment.Kind.CHARGEBACK:
        return _("Repris par votre banque, le %(day)s") % {"day": day}
    if payment.method == Payment.Method.CREDIT and payment.amount < 0:
        return _("Avoir utilisé pour une autre somme, le %(day)s") % {"day": day}
    if payment.kind == Payment.Kind.REFUND:
        return _("Remboursé par %(method)s, le %(day)s") % {"method": method, "day": day}
    return _("%(method)s, le %(day)s") % {"method": capfirst(method), "day": day}


def taken_back(charge: Charge) -> str:
    """Why what had been paid is asked for again: who has taken it back, or given it back without our asking."""
    if not charge.is_contested:
        return ""
    asked = {refund.payment_id for refund in charge.refunds.all()}
    kinds = {Payment.Kind.CHARGEBACK, Payment.Kind.REFUND}
    gone = [one for one in charge.payments.all() if one.kind in kinds and one.pk not in asked]
    last = max(gone, key=lambda payment: payment.pk, default=None)
    if last is not None and last.kind == Payment.Kind.REFUND:
        return _(
            "Un paiement vous a été remboursé par %(method)s\u00a0: cette somme est de nouveau à payer. Si elle ne devait plus "
            "l’être, écrivez-nous."
        ) % {"method": last.get_method_display()}
    return _(
        "Votre banque a repris un paiement\u00a0: cette somme est de nouveau à payer. Si c’est une erreur, écrivez-nous."
    )


def awaited(charge: Charge) -> Checkout | None:
    """The latest payment that a bank has promised and not yet made. Nobody is pressed to pay meanwhile."""
    found: Checkout | None = charge.checkouts.filter(state=Checkout.State.WAITING).first()
    return found if charge.is_payable else None


def title(charge: Charge, awaited: Checkout | None) -> str:
    if charge.paid_at and not charge.cancelled_at:
        return _("C’est payé")
    if charge.cancelled_at:
        return _("Il n’y a rien à payer")
    if charge.has_lapsed:
        return _("Le délai pour payer est passé")
    return _("Votre banque doit encore confirmer") if awaited else _("Payer")


class Offer(NamedTuple):
    """A provider's button and what is said under it."""

    provider: str
    label: str
    hint: str


def offers(charge: Charge) -> list[Offer]:
    amount = euros(charge.amount_due)
    return [
        Offer(name, str(provider.LABEL) % amount, str(provider.HINT))
        for name, provider in providers.enabled().items()
    ]


def is_hurried(charge: Charge) -> bool:
    """Whether only what is paid at once comes in time."""
    return charge.payable_until is not None and charge.payable_until < timezone.now() + BY_POST
