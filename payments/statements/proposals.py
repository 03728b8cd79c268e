"""What a line of the bank may be, best first, each with its reasons in words.

All that is open is read once for a page of lines. Points are of no meaning by themselves: a number of ours in full is
worth more than a name and an amount, unless neither of those agrees with it.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import combinations
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from payments.models import Charge, StatementLine
from payments.money import euros
from payments.statements import references
from payments.statements.names import IN_FULL
from payments.statements.open_rows import OpenRows
from payments.statements.other_money import not_a_payment

BY_NUMBER, BY_MAYBE, BY_INVOICE, BY_ADDRESS, BY_ALIAS = 95, 25, 95, 80, 55
BY_NAME, BY_AMOUNT, BY_RARE_AMOUNT = 60, 40, 12
TOO_MUCH, IN_PART, TOGETHER, TOO_LATE, BY_NUMBER_ALONE, CONTRADICTED = -30, -8, -6, -4, -28, -30
OUTSHONE = 0.25  # what a name in part is worth where somebody else, who owes enough, is named in full
ENOUGH = 35
SHOWN = 4
FEW = 3  # charges of one amount, up to which the amount alone says something
SURE, LEAD = 95, 12
TOGETHER_AT_MOST = 6  # charges of one payer, all of whose sums are tried


class Proposal(NamedTuple):
    """`kind` is the verb of the line that does it; `rows` what it does it with."""

    kind: str
    rows: tuple[Any, ...]
    parts: tuple[Decimal, ...]
    score: float
    reasons: tuple[str, ...]
    is_odd: bool = False  # something in the line speaks against it
    is_sure: bool = False

    @property
    def key(self) -> str:
        """What a button sends back: it does what it showed, or nothing."""
        if self.kind == "set_aside":
            return f"{self.kind}:{self.rows[0]}"
        pairs = zip(self.rows, self.parts, strict=True)
        return f"{self.kind}:" + ",".join(f"{row.pk}={part:.2f}" for row, part in pairs)


class Desk:
    """What is open, ready for some lines. `propose` asks the database nothing."""

    def __init__(self, lines: Sequence[StatementLine]) -> None:
        self.open = OpenRows(lines)

    def propose(self, line: StatementLine) -> list[Proposal]:
        left = self._left(line)
        if not left or line.is_doubtful:
            return []
        found = [
            *not_a_payment(line, left, self.open),
            *(self._paid(line, left) if left > 0 else self._left_us(line, left)),
        ]
        ranked = sorted(found, key=lambda one: (-one.score, [getattr(row, "pk", 0) for row in one.rows]))
        return self._judged([one for one in ranked if one.score >= ENOUGH][:SHOWN])

    def _left(self, line: StatementLine) -> Decimal:
        counted: Any = getattr(line, "left", None)
        return line.remainder if counted is None else Decimal(counted)

    def _judged(self, ranked: list[Proposal]) -> list[Proposal]:
        """The first is sure when it is far enough before the second."""
        if not ranked:
            return []
        lead = ranked[0].score - ranked[1].score if len(ranked) > 1 else SURE
        is_sure = ranked[0].score >= SURE and lead >= LEAD and not ranked[0].is_odd
        return [ranked[0]._replace(is_sure=is_sure), *ranked[1:]]

    # Money that came in

    def _paid(self, line: StatementLine, left: Decimal) -> Iterable[Proposal]:
        clues = _Clues(line, left, self.open)
        by_amount = self.open.by_due.get(left, [])
        likely = clues.charges | (set(by_amount) if len(by_amount) <= FEW else set())
        for key in likely:
            yield self._of_one(self.open.charges[key], left, clues, is_rare=len(by_amount) == 1)
        for keys in self._together(clues, left):
            yield self._of_several(keys, clues)

    def _of_one(self, charge: Charge, left: Decimal, clues: "_Clues", *, is_rare: bool) -> Proposal:
        score, reasons = clues.about(charge.pk)
        due = self.open.due[charge.pk]
        if due == left:
            score += BY_AMOUNT + (BY_RARE_AMOUNT if is_rare else 0)
            reasons.append(_("montant exact"))
        elif left < due:
            score += IN_PART
            reasons.append(_("une partie\u00a0: il resterait %s") % euros(due - left))
        else:
            score += TOO_MUCH
            reasons.append(_("%s de plus que ce qui est dû") % euros(left - due))
        if due != left and charge.pk in clues.numbers and charge.pk not in clues.named:
            score += BY_NUMBER_ALONE
        if charge.has_lapsed:
            score += TOO_LATE
            reasons.append(_("délai passé"))
        told = clues.numbers | clues.invoices
        is_misnumbered = bool(told) and charge.pk not in told
        if is_misnumbered:
            reasons.append(_("le libellé porte le numéro d’une autre somme"))
        is_odd = is_misnumbered or (bool(clues.named) and charge.pk not in clues.named)
        return Proposal("pay", (charge,), (min(left, due),), score, tuple(reasons), is_odd)

    def _together(self, clues: "_Clues", left: Decimal) -> Iterable[tuple[int, ...]]:
        """Several charges that make the amount: of one payer who is named, or all those whose numbers are told."""
        told = tuple(sorted(clues.numbers))
        if len(told) > 1 and sum(self.open.due[key] for key in told) == left:
            yield told
        for payer in {self.open.payer_of[key] for key in clues.charges}:
            keys = self.open.by_payer[payer]
            sizes = range(2, len(keys) + 1) if len(keys) <= TOGETHER_AT_MOST else [len(keys)]
            for size in sizes:
                for some in combinations(keys, size):
                    if some != told and sum(self.open.due[key] for key in some) == left:
                        yield some

    def _of_several(self, keys: tuple[int, ...], clues: "_Clues") -> Proposal:
        best = max((clues.about(key) for key in keys), key=lambda one: one[0])
        count = ngettext("%d somme fait ce montant", "%d sommes font ce montant ensemble", len(keys)) % len(
            keys
        )
        rows = tuple(self.open.charges[key] for key in keys)
        parts = tuple(self.open.due[key] for key in keys)
        return Proposal("pay", rows, parts, best[0] + BY_AMOUNT + TOGETHER, (*best[1], count))

    # Money that left

    def _left_us(self, line: StatementLine, left: Decimal) -> Iterable[Proposal]:
        named = self.open.names_to_refund.named_in(_said(line))
        for refund in self.open.refunds:
            name = named.get(refund.pk, 0)  # none where nobody is named
            if refund.amount == -left:
                points, reasons = (
                    float(BY_AMOUNT + BY_RARE_AMOUNT),
                    [_("remboursement à faire de ce montant")],
                )
            elif refund.amount < -left and name:
                points, reasons = IN_PART, [_("remboursement à faire, moins que cette ligne")]
            else:
                continue
            reasons += [_("nom semblable")] if name else []
            yield Proposal("give_back", (refund,), (refund.amount,), points + BY_NAME * name, tuple(reasons))
        for payment in self.open.paid_by_line[line.counters_id]:
            if payment.amount <= -left:
                reason = _("payé par l’argent que cette ligne rend")
                yield Proposal("charge_back", (payment,), (payment.amount,), BY_NUMBER + BY_AMOUNT, (reason,))
        bounced = self.open.paid_before.get(-left, [])
        who = self.open.names_who_paid.named_in(_said(line)) if bounced else {}
        for payment in bounced:
            reason = _("paiement de ce montant, peut-être repris par la banque")
            points = BY_AMOUNT + BY_NAME * who.get(payment.pk, 0)
            yield Proposal("charge_back", (payment,), (-left,), points, (reason,), is_odd=True)


class _Clues:
    """What a line says of the charges, and of whom."""

    def __init__(self, line: StatementLine, left: Decimal, rows: OpenRows) -> None:
        told = references.told(line.reference, line.end_to_end, line.label)
        self.rows = rows
        self.named = rows.names.named_in(_said(line))
        self.numbers = {key for key in told.sure if key in rows.charges}
        maybe = {key for key in told.maybe if key in rows.charges}
        self.maybe = maybe | {key for key in self.named if told.resembles(key)} - self.numbers
        self.invoices = {rows.invoices[number] for number in told.invoices if number in rows.invoices}
        self.same_address = rows.of_address(line.email)
        self.learnt = rows.learnt(line)
        in_full = {key for key, share in self.named.items() if share >= IN_FULL}
        self.somebody_fits = any(rows.due[key] >= left for key in in_full)
        self.somebody_else = {key for key in in_full if rows.due[key] == left}

    @property
    def charges(self) -> set[int]:
        known = (
            self.numbers | self.maybe | self.invoices | self.same_address | self.named.keys() | self.learnt
        )
        return {*known}

    def about(self, key: int) -> tuple[float, list[str]]:
        """The points of a charge without its amount, and why."""
        score, reasons = 0.0, []
        if key in self.numbers:
            is_contradicted = key not in self.named and self.somebody_else
            score += BY_NUMBER + (CONTRADICTED if is_contradicted else 0)
            reasons.append(_("son numéro est dans le libellé"))
        elif key in self.invoices:
            score += BY_INVOICE
            reasons.append(_("le numéro de sa facture est dans le libellé"))
        elif key in self.maybe:
            score += BY_MAYBE
            reasons.append(_("un numéro qui ressemble au sien est dans le libellé"))
        if key in self.same_address:
            score += BY_ADDRESS
            reasons.append(_("même adresse e-mail"))
        if share := self.named.get(key):
            is_outshone = share < IN_FULL and self.somebody_fits
            score += BY_NAME * share * (OUTSHONE if is_outshone else 1)
            reasons.append(_("même nom") if share >= IN_FULL else _("nom semblable"))
        if key in self.learnt:
            score += BY_ALIAS
            reasons.append(_("cette contrepartie a déjà payé pour cette personne"))
        return score, reasons


def _said(line: StatementLine) -> str:
    return f"{line.payer}\n{line.label}"
