"""The confirmation of a payment: issued when somebody first wants it, and the same ever after."""

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.text import capfirst

from documents.days import in_words
from documents.typeset import typeset
from payments.models import Charge, Document, Payment, Series
from payments.money import euros

GONE = [Payment.Kind.MISTAKE, Payment.Kind.CHARGEBACK]
NOTICE = "Ce document confirme un paiement. Ce n’est ni une facture, ni un reçu fiscal."


class NotConfirmable(Exception):
    """It left, or was written by mistake, or was taken back."""


@transaction.atomic
def confirm(payment: Payment) -> Document:
    """Needs nothing of the settings. Raises NotConfirmable."""
    charge = payment.charge.locked()
    known: Document | None = Document.objects.filter(payment=payment, kind=Document.Kind.CONFIRMATION).first()
    if known:
        return known
    gone = payment.countered_by.filter(kind__in=GONE)
    if payment.kind != Payment.Kind.RECEIVED or gone.exists():
        raise NotConfirmable
    turn = Series.take(Document.PREFIXES[Document.Kind.CONFIRMATION])
    document = Document(
        charge=charge,
        payment=payment,
        kind=Document.Kind.CONFIRMATION,
        number=turn.number,
        issued_on=turn.on,
        buyer={"name": charge.name, "email": charge.email},
        lines=[
            {"line": line.pk, "nature": line.nature, "label": line.label, "amount": str(line.amount)}
            for line in charge.lines.order_by("pk")
        ],
        total=payment.amount,
        paid=payment.amount,
        paid_on=payment.valued_on,
    )
    return document.freeze(_pdf(document, charge, payment))


def _pdf(document: Document, charge: Charge, payment: Payment) -> bytes:
    own, title = settings.ASSOCIATION, f"Confirmation de paiement {document.number}"
    with translation.override("fr"):
        amount, day = euros(payment.amount), in_words(payment.valued_on)
        return typeset(
            "payments/pdf/confirmation.typ",
            title=title,
            heading=title,
            number=document.number,
            sentence=f"Nous avons reçu {amount} de {charge.name}, le {day}.",
            facts=[
                ("Moyen de paiement", capfirst(payment.get_method_display())),
                ("Notre référence", charge.number),
                ("Document établi le", in_words(document.issued_on)),
            ],
            lines=[
                {"label": line.label, "amount": euros(line.amount)} for line in charge.lines.order_by("pk")
            ],
            totals=_totals(charge, payment),
            notice=NOTICE,
            legal=". ".join(_legal(own)) + ".",
        )


def _totals(charge: Charge, payment: Payment) -> list[tuple[str, str]]:
    left = [("Reste à payer à ce jour", euros(charge.amount_due))] if charge.amount_due else []
    return [("Reçu par ce paiement", euros(payment.amount)), *left]


def _legal(own: dict[str, str]) -> list[str]:
    numbers = [f"{label} {own[key]}" for key, label in [("rna", "RNA"), ("siret", "SIRET")] if own[key]]
    name = f"{own['name']}, association régie par la loi du 1er juillet 1901"
    address = " ".join(own["address"].split())
    return [name, *([address] if address else []), *numbers]
