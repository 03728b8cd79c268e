"""Invoices and credit notes of days gone by, under the numbers that they would have had: the oldest first."""

from datetime import date

from django.conf import settings

from iamm.demo.dates import at
from iamm.demo.past import Past
from payments import invoicing
from payments.models import Charge, Document, Series
from payments.models.papers import Turn
from payments.seller import LegalMentionsMissing, seller


def may_be_issued() -> bool:
    """Only before the first sum due, and in DEBUG: a real number that is taken, or a real month closed, stays so."""
    if not settings.DEBUG or Charge.objects.exists() or Series.objects.exists():
        return False
    try:
        seller()
    except LegalMentionsMissing:
        return False
    return True


def invoice(past: Past, charge: Charge, *, days: int) -> Document:
    """All that the charge asks for, less what had come in by then. It is due when the invoice says."""
    amounts = {line: line.amount for line in charge.lines.order_by("pk")}
    charge.booked_on = charge.booked_on or past.day(days)
    head = invoicing.Head(seller(), charge.billing.snapshot(), _vat(charge), past.staff)
    document = _dated(
        invoicing.write(
            charge,
            Document.Kind.INVOICE,
            amounts,
            head,
            paid=charge.amount_received,
            turn=_turn(Document.Kind.INVOICE, past.day(days)),
        )
    )
    charge.due_on = charge.due_on or document.due_on
    charge.save()
    return document


def credit(past: Past, invoice: Document, *, days: int) -> Document:
    """All of it: the charge is cancelled."""
    charge = invoice.charge
    amounts = {line: line.amount for line in charge.lines.order_by("pk")}
    head = invoicing.Head(seller(), invoice.buyer, invoice.vat, past.staff)
    turn = _turn(Document.Kind.CREDIT_NOTE, past.day(days))
    return _dated(
        invoicing.write(charge, Document.Kind.CREDIT_NOTE, amounts, head, corrects=invoice, turn=turn)
    )


def _vat(charge: Charge) -> str:
    reason: str = settings.VAT[charge.lines.earliest("pk").nature]
    return reason


def _turn(kind: str, on: date) -> Turn:
    series, _is_new = Series.objects.get_or_create(prefix=Document.PREFIXES[kind], year=on.year)
    series.last, series.last_on = series.last + 1, on
    series.save()
    return Turn(f"{series}-{series.last:05d}", on)


def _dated(document: Document) -> Document:
    """The hour is of that day too."""
    Document.objects.filter(pk=document.pk).update(issued_at=at(document.issued_on, 10))
    return document
