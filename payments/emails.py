from typing import TYPE_CHECKING

from django.conf import settings

from accounts.models import User
from mailing import outbox

if TYPE_CHECKING:
    from payments.models import Payment, Refund


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
