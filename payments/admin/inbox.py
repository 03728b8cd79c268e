"""How a line of the bank, and what it may be, read on a page."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from payments.models import Aside, Payment, StatementLine
from payments.money import euros
from payments.statements.proposals import Desk, Proposal


class Part(NamedTuple):
    """Something that a line pays or gives back, and where it is looked at."""

    charge: int
    text: str
    url: str
    amount: str
    value: Decimal


class ShownProposal(NamedTuple):
    key: str
    verb: str
    parts: list[Part]
    reasons: tuple[str, ...]
    is_sure: bool


class ShownLine(NamedTuple):
    line: StatementLine
    left: str
    state: str
    words: str
    proposals: list[ShownProposal]
    payments: list[Payment]
    asides: list[Aside]

    @property
    def likely_parts(self) -> dict[int, Decimal]:
        """What the first proposal would pay of each charge."""
        first = self.proposals[0] if self.proposals else None
        return {part.charge: part.value for part in first.parts} if first else {}

    @property
    def charge_keys(self) -> list[int]:
        """Of all that it may pay, the likeliest first."""
        keys = [part.charge for one in self.proposals for part in one.parts]
        return list(dict.fromkeys(keys))


def shown(lines: Sequence[StatementLine]) -> list[ShownLine]:
    """In as many queries for one as for a hundred. The lines come `with_rows`."""
    desk = Desk(lines)
    return [_shown(line, desk.propose(line)) for line in lines]


def with_all(lines: QuerySet[StatementLine]) -> Any:
    rows: Any = lines
    return (
        rows.with_left()
        .select_related("statement", "twin", "told_apart_by")
        .prefetch_related("payments__charge", "payments__countered_by", "asides__countered_by")
    )


def _shown(line: StatementLine, proposals: Iterable[Proposal]) -> ShownLine:
    left, payments, asides = line.remainder, list(line.payments.all()), list(line.asides.all())
    live = [one for one in asides if one.counters_id is None and not hasattr(one, "countered_by")]
    if left and line.is_doubtful:
        state, words = "doubtful", _("double possible")
    elif left:
        is_begun = left != line.amount
        state, words = "to_do", _("reste %s") % euros(abs(left)) if is_begun else _("à rapprocher")
    elif live:
        state, words = "set_aside", _("mise de côté\u00a0: %s") % live[0].get_reason_display()
    else:
        state, words = "matched", _("rapprochée")
    kept = [one for one in payments if one.kind != Payment.Kind.MISTAKE and not one.countered_by.all()]
    return ShownLine(line, euros(left), state, words, [_proposal(one) for one in proposals], kept, live)


def _proposal(found: Proposal) -> ShownProposal:
    if found.kind == "set_aside":
        verb = _("Mettre de côté\u00a0: %s") % Aside.Reason(found.rows[0]).label
        return ShownProposal(found.key, str(verb), [], found.reasons, found.is_sure)
    pairs = zip(found.rows, found.parts, strict=True)
    parts = [_part(row, amount) for row, amount in pairs]
    verbs = {
        "pay": _("Rapprocher"),
        "give_back": _("C’est ce remboursement"),
        "charge_back": _("C’est cet impayé"),
    }
    return ShownProposal(found.key, verbs[found.kind], parts, found.reasons, found.is_sure)


def _part(row: Any, amount: Decimal) -> Part:
    """Of a charge itself, or of the charge of a refund or of a payment."""
    charge = getattr(row, "charge", row)
    url = reverse("admin:payments_charge_change", args=[charge.pk])
    return Part(charge.pk, str(charge), url, euros(amount), amount)
