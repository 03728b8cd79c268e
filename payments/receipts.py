"""Tax receipts, for the part of a payment that was given: off until the board has decided so, in the settings.

A receipt is never edited: it is cancelled, stays listed as such, and may be replaced. What goes back cancels it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from payments import emails, natures, receipt_page
from payments.models import Adjustment, Billing, Cancellation, Charge, ChargeLine, Document, Payment, Series
from payments.natures import CENT
from payments.seller import seller
from payments.standing import sources

if TYPE_CHECKING:
    from accounts.models import User

ZERO = Decimal("0.00")
Parts = defaultdict[int, Decimal]  # by line
PEOPLE, COMPANIES = _("particuliers"), _("entreprises")
WENT_BACK = "Le versement a été repris ou remboursé, en tout ou en partie."
ELSEWHERE = "Le prestataire du paiement a délivré le sien\u00a0: un don n’a qu’un reçu."


class ReceiptRefused(Exception):
    """No receipt may be issued for this payment."""


class ReceiptsOff(ReceiptRefused):
    """The board has not decided that the association issues some."""


class NothingGiven(ReceiptRefused):
    """Nothing of it was given, or nothing of it is left: it went back, or never was money."""


class ReceiptElsewhere(ReceiptRefused):
    """The provider has issued its own: two receipts for one gift would be a fraud."""


class ReceiptIssued(ReceiptRefused):
    """There is one already; cancelled first, it may be replaced."""


class DonorUnknown(ReceiptRefused):
    """A receipt bears the name and the complete address; of a company, its legal form and its SIREN too."""


def are_issued() -> bool:
    return bool(decision())


def decision() -> str:
    """The board's, in its own words."""
    return str(settings.TAX_RECEIPTS["decision"])


def refusal(payment: Payment) -> ReceiptRefused | None:
    """Why no receipt can be issued, whoever the donor is; None when one can."""
    if not are_issued():
        return ReceiptsOff()
    if payment.provider_receipt:
        return ReceiptElsewhere()
    if _standing(payment.charge).filter(payment=payment).exists():
        return ReceiptIssued()
    return None if _given(payment) else NothingGiven()


@transaction.atomic
def issue(payment: Payment, *, by: "User | None" = None, replaces: Document | None = None) -> Document:
    """Raises ReceiptRefused, and LegalMentionsMissing."""
    charge, own = payment.charge.locked(), seller()
    payment = Payment.objects.select_related("charge").get(pk=payment.pk)  # its provider may have, meanwhile
    if refused := refusal(payment):
        raise refused
    billing = Billing.objects.filter(charge=charge).first()
    if billing is None or not is_known(billing):
        raise DonorUnknown
    lines = _given(payment)
    turn = Series.take(Document.PREFIXES[Document.Kind.RECEIPT])
    document = Document(
        charge=charge,
        payment=payment,
        kind=Document.Kind.RECEIPT,
        number=turn.number,
        issued_on=turn.on,
        issued_by=by,
        corrects=replaces,
        seller=own._asdict(),
        buyer=billing.snapshot(),
        lines=lines,
        total=_total(lines),
        paid_on=payment.valued_on,
    )
    return document.freeze(receipt_page.pdf(document))


@transaction.atomic
def issue_to(payment: Payment, *, to: dict[str, Any], by: "User | None" = None) -> Document:
    """To the donor that these fields of `Billing` say. Raises as `issue`."""
    payment.charge.locked()
    Billing.objects.update_or_create(charge=payment.charge, defaults=to)
    return issue(payment, by=by)


def is_known(billing: Billing) -> bool:
    return not billing.missing and (not billing.is_organisation or bool(billing.siret and billing.legal_form))


@transaction.atomic
def cancel(receipt: Document, *, reason: str, by: "User | None" = None) -> Cancellation:
    """It is worth nothing any more, and the donor is told. A second call changes nothing."""
    receipt.charge.locked()
    known: Cancellation | None = Cancellation.objects.filter(document=receipt).first()
    if known:
        return known
    cancellation = Cancellation.objects.create(document=receipt, reason=reason[:200], cancelled_by=by)
    emails.receipt_cancelled(cancellation)
    return cancellation


@transaction.atomic
def replace(receipt: Document, *, to: dict[str, Any], reason: str, by: "User") -> Document:
    """Cancel it, and issue what it should have been, to the donor that these fields say. Raises as `issue`."""
    cancel(receipt, reason=reason, by=by)
    Billing.objects.update_or_create(charge=receipt.charge, defaults=to)
    assert receipt.payment is not None  # noqa: S101 - of a payment, always
    document = issue(receipt.payment, by=by, replaces=receipt)
    emails.document_issued(document)
    return document


def follow(charge: Charge) -> None:
    """Cancel the receipts of what went back since, or has one of its provider. The caller holds the charge."""
    for receipt in _standing(charge).select_related("payment"):
        if receipt.payment and receipt.payment.provider_receipt:
            cancel(receipt, reason=ELSEWHERE)
        elif receipt.payment and _total(_given(receipt.payment)) < receipt.total:
            cancel(receipt, reason=WENT_BACK)


def _standing(charge: Charge) -> QuerySet[Document]:
    receipts: QuerySet[Document] = Document.objects.standing().filter(
        charge=charge, kind=Document.Kind.RECEIPT
    )
    return receipts


def _given(payment: Payment) -> list[dict[str, Any]]:
    """The deductible part of each line that this payment paid, less what went back and what other receipts bear."""
    is_money = payment.kind == Payment.Kind.RECEIVED and payment.method != Payment.Method.CREDIT
    lines = list(payment.charge.lines.filter(deductible__gt=0).order_by("pk")) if is_money else []
    if not lines:
        return []
    given = []
    parts, left = _deductible(payment, lines)
    for line in lines:
        part = min(parts[line.pk], left)
        if part > ZERO:
            left -= part
            given.append({"line": line.pk, "nature": line.nature, "label": line.label, "amount": str(part)})
    return given


def _deductible(payment: Payment, lines: list[ChargeLine]) -> tuple[Parts, Decimal]:
    """By line, what of it this payment brought, is kept, and is on no receipt of another; and what is left of the payment.

    Money is spread over natures as in the books, then over the lines of a nature; never a cent too much.
    """
    charge, of = payment.charge, sources(payment.charge.payments.all())
    asked: defaultdict[str, Decimal] = defaultdict(Decimal)
    for one in charge.lines.all():
        asked[one.nature] += one.amount
    held: defaultdict[tuple[int | None, str], Decimal] = defaultdict(Decimal)  # by source and nature
    left = ZERO
    for share in natures.shares(Charge.objects.filter(pk=charge.pk)):
        source = of[share.payment] if share.payment else None
        held[source, share.nature] += share.amount
        left += share.amount if source == payment.pk else ZERO

    def brought(line: ChargeLine, *payments: int | None) -> Decimal:
        exact = sum((held[one, line.nature] for one in payments), ZERO) * line.deductible / asked[line.nature]
        return exact.quantize(CENT, ROUND_DOWN if exact > ZERO else ROUND_UP)

    others = _standing(charge).filter(payment__provider_receipt="").exclude(payment=payment)
    borne: Parts = defaultdict(Decimal)
    for row in (row for other in others for row in other.lines):
        borne[row["line"]] += Decimal(row["amount"])
    elsewhere = [other.pk for other in charge.payments.exclude(provider_receipt="")]
    parts: Parts = defaultdict(Decimal)
    for line in lines:
        less = sum((row.amount for row in line.adjustments.exclude(kind=Adjustment.Kind.WRITTEN_OFF)), ZERO)
        kept = min(brought(line, None, *{*of.values()}), line.amount - less)
        kept -= borne[line.pk] + sum((brought(line, one) for one in elsewhere), ZERO)
        own = brought(line, payment.pk) + max(brought(line, None), ZERO)  # with what a correction moved to it
        parts[line.pk] = min(own, kept)
    return parts, left


def _total(lines: list[dict[str, Any]]) -> Decimal:
    return sum((Decimal(line["amount"]) for line in lines), ZERO)


# What is declared each year


class DeclaredTable:
    """By year and form: how many receipts were issued in it, and what was given in it that receipts bear.

    The law asks for both (article 222 bis of the code général des impôts), and they need not be of the same gifts: one of
    31 December has its receipt in January. A cancelled receipt counts for nothing.
    """

    def __init__(self) -> None:
        issued: Counter[tuple[int, bool]] = Counter()
        given: defaultdict[tuple[int, bool], Decimal] = defaultdict(Decimal)
        rows = Document.objects.standing().filter(kind=Document.Kind.RECEIPT).order_by()
        columns = rows.values_list("issued_on", "paid_on", "buyer__is_organisation", "total")
        for issued_on, paid_on, is_company, total in columns.iterator():
            issued[issued_on.year, bool(is_company)] += 1
            given[paid_on.year, bool(is_company)] += total
        self._rows = [
            (year, COMPANIES if is_company else PEOPLE, issued[year, is_company], given[year, is_company])
            for year, is_company in sorted({*issued, *given}, key=lambda one: (-one[0], one[1]))
        ]

    @property
    def title(self) -> str:
        return gettext("Reçus fiscaux à déclarer")

    @property
    def header(self) -> list[str]:
        return [gettext("Année"), gettext("Donateurs"), gettext("Reçus délivrés"), gettext("Dons reçus")]

    def __iter__(self) -> Iterator[tuple[int, str, int, Decimal]]:
        return ((year, str(who), count, amount) for year, who, count, amount in self._rows)
