from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import ngettext

from accounts.models import User
from documents.days import in_words
from mailing import outbox
from mailing.models import Email
from payments.money import euros

if TYPE_CHECKING:
    from payments.models import Cancellation, Charge, Document, DunningRule, Payment, Refund

REMINDER = (
    "payments.reminder"  # the key goes on with the charge, then the days of the rule or the day of the staff
)
REMINDER_TEMPLATE = "payments/email/payment_reminder"


def refund_due(refund: "Refund") -> None:
    outbox.queue(
        "payments/email/refund_due",
        to=refund.charge.email,
        context={"refund": refund, "charge": refund.charge},
        key=f"payments.refund_due.{refund.pk}",
        language=refund.charge.language,
    )


def taken_back(back: "Payment") -> None:
    """To each treasurer: a payment that had come in has left again, and nobody here had decided it."""
    for treasurer in User.objects.treasurers():
        outbox.queue(
            "payments/email/taken_back",
            to=treasurer.email,
            context={"back": back, "charge": back.charge},
            key=f"payments.taken_back.{back.pk}.{treasurer.pk}",
            language=settings.LANGUAGE_CODE,
        )


def payment_reminder(charge: "Charge", *, rule: "DunningRule | None", key: str, on: date) -> Email | None:
    """Once for each key. Without a rule, or where it says nothing, the ordinary words."""
    label = ", ".join(line.label for line in charge.lines.all())
    return outbox.queue(
        REMINDER_TEMPLATE,
        to=charge.email,
        context=_reminder(charge, rule, amount=charge.amount_due, label=label, on=on),
        key=f"{REMINDER}.{charge.pk}.{key}",
        language=settings.LANGUAGE_CODE if rule and rule.text else charge.language,
    )


def payment_reminder_preview(
    charge: "Charge", *, rule: "DunningRule", amount: Decimal, label: str, on: date
) -> dict[str, str]:
    """What the reminder says of this charge, written or not, in its parts."""
    context = _reminder(charge, rule, amount=amount, label=label, on=on)
    return outbox.render(REMINDER_TEMPLATE, context, language=settings.LANGUAGE_CODE)


def _reminder(
    charge: "Charge", rule: "DunningRule | None", *, amount: Decimal, label: str, on: date
) -> dict[str, Any]:
    days = abs((charge.due_day - on).days)
    context = {"charge": charge, "amount": amount, "label": label, "is_late": on > charge.due_day}
    if rule is None:
        return context
    with translation.override(settings.LANGUAGE_CODE):  # that of whoever wrote the rule
        return context | rule.fill(
            nom=charge.name,
            numero=charge.number,
            objet=label,
            montant=euros(amount),
            echeance=in_words(charge.due_day),
            jours=ngettext("%d jour", "%d jours", days or 1) % days,
            lien=f"{settings.SITE_URL}{charge.get_absolute_url()}",
        )


def document_issued(document: "Document") -> None:
    outbox.queue(
        "payments/email/document_issued",
        to=document.charge.email,
        context={"document": document, "charge": document.charge},
        key=f"payments.document.{document.pk}",
        language=document.charge.language,
    )


def payment_received(payment: "Payment") -> None:
    """Where nobody else tells the payer: what it opens is told by its owner."""
    outbox.queue(
        "payments/email/payment_received",
        to=payment.charge.email,
        context={"payment": payment, "charge": type(payment.charge).objects.get(pk=payment.charge_id)},
        key=f"payments.received.{payment.pk}",
        language=payment.charge.language,
    )


def receipt_cancelled(cancellation: "Cancellation") -> None:
    charge = cancellation.document.charge
    outbox.queue(
        "payments/email/receipt_cancelled",
        to=charge.email,
        context={"cancellation": cancellation, "document": cancellation.document, "charge": charge},
        key=f"payments.receipt_cancelled.{cancellation.document_id}",
        language=charge.language,
    )
