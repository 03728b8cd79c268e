"""What is invoiced of a charge: what it asks for, line by line, less what its invoices say already.

What is invoiced and no longer owed is credited; what is a loss is not. Nothing is edited.
"""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.db import transaction

from payments import emails, facturx, invoice_page
from payments.models import Adjustment, Billing, Charge, ChargeLine, Document, Series
from payments.models.papers import Turn
from payments.seller import LegalMentionsMissing, Seller, seller
from payments.standing import standing

if TYPE_CHECKING:
    from accounts.models import User

ZERO = Decimal("0.00")
AT_ONCE = 5  # credit notes that a request may issue itself
SIGNS: dict[str, int] = {Document.Kind.INVOICE: 1, Document.Kind.CREDIT_NOTE: -1}
Amounts = dict[ChargeLine, Decimal]


class Head(NamedTuple):
    """From whom, to whom, why there is no VAT, and which of the staff has asked for it."""

    seller: Seller
    buyer: dict[str, Any]
    vat: str
    by: "User | None"


class NothingToInvoice(Exception):
    """All that is owed is invoiced already, or is a gift, or nothing is owed."""


class BillingIncomplete(Exception):
    """Nobody has said to whom, or not where: an invoice bears a name and an address."""


class AlreadyInvoiced(Exception):
    """An invoice is not edited: it is credited, and made again."""


@transaction.atomic
def make_out(charge: Charge, *, to: dict[str, Any]) -> None:
    """Say to whom its invoice is made out, as the payer asks for one. Raises AlreadyInvoiced."""
    charge = charge.locked()
    if charge.documents.filter(kind=Document.Kind.INVOICE).exists():
        raise AlreadyInvoiced
    Billing.objects.update_or_create(charge=charge, defaults={**to, "is_wanted": True})


@transaction.atomic
def invoice(charge: Charge, *, by: "User | None" = None) -> list[Document]:
    """Invoice what is not invoiced yet: a document for each reason why there is no VAT, since EN 16931 mixes none.

    Raises LegalMentionsMissing, BillingIncomplete, NothingToInvoice.
    """
    charge, own = charge.locked(), seller()
    billing = Billing.objects.filter(charge=charge).first()
    if billing is None or billing.missing:
        raise BillingIncomplete
    wanted = {line: amount for line, amount in _differences(charge).items() if amount > ZERO}
    if not wanted:
        raise NothingToInvoice
    charge.book()
    in_hand = max(charge.amount_received - _invoiced_total(charge), ZERO)
    groups: dict[str, Amounts] = defaultdict(dict)
    for line, amount in wanted.items():
        groups[settings.VAT[line.nature]][line] = amount
    documents = []
    for vat, amounts in groups.items():
        paid = min(in_hand, sum(amounts.values(), ZERO))
        in_hand -= paid
        head = Head(own, billing.snapshot(), vat, by)
        documents.append(write(charge, Document.Kind.INVOICE, amounts, head, paid=paid))
    days = [one.due_on for one in documents if one.due_on]
    if days and (charge.due_on is None or charge.due_on < max(days)):  # reminders count from what it says
        charge.due_on = max(days)
        charge.save(update_fields=["due_on"])
    return documents


@transaction.atomic
def invoice_and_tell(charge: Charge, *, by: "User | None" = None) -> list[Document]:
    """The same, sent to the payer."""
    return _tell(invoice(charge, by=by))


@transaction.atomic
def invoice_to(charge: Charge, *, to: dict[str, Any], by: "User") -> list[Document]:
    """The same, to whom the staff say: what was made out to somebody else is credited, and made again.

    Raises LegalMentionsMissing, NothingToInvoice.
    """
    charge = charge.locked()
    billing = Billing.objects.update_or_create(charge=charge, defaults=to)[0]
    wrong: dict[int, Decimal] = defaultdict(Decimal)
    for one in charge.documents.filter(kind=Document.Kind.INVOICE).exclude(buyer=billing.snapshot()):
        for line, amount in _standing(one).items():
            wrong[line] += amount
    return [*_tell(_credit(charge, wrong, by=by)), *invoice_and_tell(charge, by=by)]


def credit_soon(charge: Charge) -> None:
    """Have what is invoiced and no longer owed credited once this transaction is over: many wait for no PDF, nor hold a number.

    Without a worker, the request would make them all: many are left to the schedule.
    """
    if charge.documents.filter(kind=Document.Kind.INVOICE).exists():
        transaction.on_commit(partial(_start_crediting, charge.pk))


def _start_crediting(charge_id: int) -> None:
    from payments import tasks  # noqa: PLC0415 - they call us

    waiting: Any = Charge.objects.to_credit()[: AT_ONCE + 1] if settings.CELERY_TASK_ALWAYS_EAGER else []
    if len(waiting) <= AT_ONCE:
        tasks.issue_credit_note.delay(charge_id)


@transaction.atomic
def credit(charge: Charge) -> list[Document]:
    """Credit what is invoiced and no longer owed, the latest invoice first, and tell the payer. Nothing is credited twice.

    Dated of the day it is issued; what the books say is dated of the correction, and does not wait for it.
    """
    charge = charge.locked()
    left = {line.pk: -amount for line, amount in _differences(charge).items() if amount < ZERO}
    if not left:
        return []
    corrected = charge.adjustments.exclude(kind=Adjustment.Kind.WRITTEN_OFF).first()
    return _tell(_credit(charge, left, by=corrected.made_by if corrected else None))


def _credit(charge: Charge, left: dict[int, Decimal], *, by: "User | None") -> list[Document]:
    """A credit note of each invoice that holds some of what is `left` to credit, by line. The caller holds the charge."""
    documents = []
    for one in charge.documents.filter(kind=Document.Kind.INVOICE):
        standing, amounts = _standing(one), {}
        for line in charge.lines.filter(pk__in=left).order_by("pk"):
            if (part := min(left[line.pk], standing.get(line.pk, ZERO))) > ZERO:
                amounts[line] = part
                left[line.pk] -= part
        if amounts:
            head = Head(_own_or_that_of(one), one.buyer, one.vat, by)
            documents.append(write(charge, Document.Kind.CREDIT_NOTE, amounts, head, corrects=one))
    return documents


def _tell(documents: list[Document]) -> list[Document]:
    for document in documents:
        emails.document_issued(document)
    return documents


def quote(charge: Charge, *, by: "User | None" = None) -> Document:
    """What it would cost, for whom must ask before paying. The same asked again is the same.

    Raises LegalMentionsMissing, NothingToInvoice.
    """
    own = seller()
    with transaction.atomic():
        charge = charge.locked()
        billing = Billing.objects.filter(charge=charge).first() or Billing(charge=charge, name=charge.name)
        amounts = {line: amount for line, amount in _owed(charge).items() if amount > ZERO}
        if not amounts:
            raise NothingToInvoice
        buyer, lines = billing.snapshot(), _snapshot(amounts)
        known: Document | None = charge.documents.filter(
            kind=Document.Kind.QUOTE, buyer=buyer, lines=lines
        ).first()
        return known or write(charge, Document.Kind.QUOTE, amounts, Head(own, buyer, "", by))


def is_invoiceable(charge: Charge) -> bool:
    """Whether something of it can be invoiced today. Reads what `with_rows` has brought."""
    return any(amount > ZERO for amount in _differences(charge).values())


def _owed(charge: Charge) -> Amounts:
    """What each line still asks for. What was given up is a loss, and stays owed in the eyes of an invoice."""
    if charge.cancelled_at and not charge.booked_on:
        return {}
    less: dict[int, Decimal] = defaultdict(Decimal)
    for row in charge.adjustments.all():
        if row.kind != Adjustment.Kind.WRITTEN_OFF:
            less[row.line_id] += row.amount
    return {line: line.amount - less[line.pk] for line in sorted(charge.lines.all(), key=lambda one: one.pk)}


def _differences(charge: Charge) -> Amounts:
    """By line, what is owed less what is invoiced. A gift is not sold: it has no invoice."""
    invoiced: dict[int, Decimal] = defaultdict(Decimal)
    for document in charge.documents.all():
        for line in document.lines if document.kind in SIGNS else []:
            invoiced[line["line"]] += SIGNS[document.kind] * Decimal(line["amount"])
    owed = {line: amount for line, amount in _owed(charge).items() if line.nature != ChargeLine.Nature.GIFT}
    gone = [line for line in charge.lines.all() if line.pk in invoiced and line not in owed]
    return {line: amount - invoiced[line.pk] for line, amount in (owed | dict.fromkeys(gone, ZERO)).items()}


def _standing(one: Document) -> dict[int, Decimal]:
    """What is left of an invoice, by line, once its credit notes are taken off."""
    left = {line["line"]: Decimal(line["amount"]) for line in one.lines}
    for note in one.corrected_by.filter(kind=Document.Kind.CREDIT_NOTE):
        for line in note.lines:
            left[line["line"]] -= Decimal(line["amount"])
    return left


def _invoiced_total(charge: Charge) -> Decimal:
    return sum((SIGNS[row.kind] * row.total for row in charge.documents.filter(kind__in=SIGNS)), ZERO)


def _own_or_that_of(one: Document) -> Seller:
    """A cancellation is never refused because the settings have lost what they said."""
    try:
        return seller()
    except LegalMentionsMissing:
        return Seller(**one.seller)


def _snapshot(amounts: Amounts) -> list[dict[str, Any]]:
    return [
        {"line": line.pk, "nature": line.nature, "label": line.label, "amount": str(amount)}
        for line, amount in amounts.items()
    ]


def write(
    charge: Charge,
    kind: str,
    amounts: Amounts,
    head: Head,
    *,
    paid: Decimal = ZERO,
    corrects: Document | None = None,
    turn: Turn | None = None,
) -> Document:
    """Take the next number, unless its turn is known, and write the document under it. The caller holds the charge."""
    turn = turn or Series.take(Document.PREFIXES[kind])
    total = sum(amounts.values(), ZERO)
    is_to_pay = kind == Document.Kind.INVOICE and paid < total
    came = standing(charge)
    document = Document(
        charge=charge,
        kind=kind,
        number=turn.number,
        issued_on=turn.on,
        issued_by=head.by,
        corrects=corrects,
        vat=head.vat,
        seller=head.seller._asdict(),
        buyer=head.buyer,
        lines=_snapshot(amounts),
        total=total,
        paid=paid,
        paid_on=came[-1].valued_on if came and paid else None,
        due_on=_due_on(charge, turn.on) if is_to_pay else None,
    )
    pdf = invoice_page.pdf(document)
    if kind != Document.Kind.QUOTE:
        pdf = facturx.embed(pdf, facturx.xml(document), title=invoice_page.title_of(document))
    return document.freeze(pdf)


def _due_on(charge: Charge, today: date) -> date:
    return max(charge.due_on or today + timedelta(days=settings.INVOICE_DAYS), today)
