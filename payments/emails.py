from typing import TYPE_CHECKING

from mailing import outbox

if TYPE_CHECKING:
    from payments.models import Refund


def refund_due(refund: "Refund") -> None:
    outbox.queue(
        "payments/email/refund_due",
        to=refund.charge.email,
        context={"refund": refund, "charge": refund.charge},
        key=f"payments.refund_due.{refund.pk}",
        language=refund.charge.language,
    )
