"""What a payer was asked for, paid and got back between two days, with what was due after each: an extract of account.

Of all payers and one nature, it is what a subsidy or a partner is told of its period.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import QuerySet, Sum
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from documents.days import in_words
from documents.spreadsheets import Cell
from documents.typeset import typeset
from payments import natures
from payments.models import Adjustment, Charge, ChargeLine, ChargeQuerySet, Payment
from payments.models.lines import ZERO, cents
from payments.money import euros
from payments.treasury import Treasury

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser


class Move(NamedTuple):
    """`amount` is owed above zero; below, it is paid, or no longer owed. In the order of the books."""

    on: date
    order: tuple[int, int]
    charge: int
    label: str
    amount: Decimal

    @property
    def number(self) -> str:
        return Charge(pk=self.charge).number

    @property
    def debit(self) -> Decimal | None:
        return self.amount if self.amount > 0 else None

    @property
    def credit(self) -> Decimal | None:
        return -self.amount if self.amount < 0 else None


class Step(NamedTuple):
    """A move, and what is due after it: a credit when negative. `payer` is named where there are several."""

    move: Move
    balance: Decimal
    payer: str


@dataclass(frozen=True)
class Extract:
    """Without charges, that of all payers. With a nature, only what is of it: payments by the part that is theirs."""

    title: str
    since: date
    until: date
    charges: ChargeQuerySet | None = None
    nature: str = ""

    @cached_property
    def opening(self) -> Decimal:
        before = {"lt": self.since}
        if self.nature:
            moves = [*self._asked(before), *self._corrected(before), *self._shared(before)]
            return sum((one.amount for one in moves), ZERO)
        asked, *gone = (
            rows.aggregate(total=cents(Sum("amount")))["total"] or ZERO
            for rows in (self._lines(before), self._rows(Adjustment, before), self._rows(Payment, before))
        )
        return asked - sum(gone, ZERO)

    @cached_property
    def steps(self) -> list[Step]:
        within = {"gte": self.since, "lte": self.until}
        money = self._shared(within) if self.nature else self._paid(within)
        moves = sorted([*self._asked(within), *self._corrected(within), *money])
        names = _names({one.charge for one in moves}) if self.charges is None else {}
        balances = accumulate((one.amount for one in moves), initial=self.opening)
        next(balances)
        return [
            Step(move, balance, names.get(move.charge, ""))
            for move, balance in zip(moves, balances, strict=True)
        ]

    @property
    def closing(self) -> Decimal:
        return self.steps[-1].balance if self.steps else self.opening

    @property
    def debit(self) -> Decimal:
        return sum((step.move.debit or ZERO for step in self.steps), ZERO)

    @property
    def credit(self) -> Decimal:
        return sum((step.move.credit or ZERO for step in self.steps), ZERO)

    @cached_property
    def treasury(self) -> Treasury:
        return Treasury(self.since, self.until, self.charges)

    @property
    def period(self) -> str:
        days = {"since": in_words(self.since), "until": in_words(self.until)}
        return _("Du %(since)s au %(until)s") % days

    def _rows(self, model: Any, days: dict[str, date], day: str = "booked_on", **more: Any) -> QuerySet[Any]:
        mine = {} if self.charges is None else {"charge__in": self.charges.order_by().values("pk")}
        within = {f"{day}__{bound}": limit for bound, limit in days.items()}
        found: QuerySet[Any] = model.objects.filter(**within, **mine, **more)
        return found

    def _lines(self, days: dict[str, date]) -> QuerySet[Any]:
        of = {"nature": self.nature} if self.nature else {}
        return self._rows(ChargeLine, days, "charge__booked_on", amount__gt=0, **of)

    def _asked(self, days: dict[str, date]) -> Iterator[Move]:
        fields = "charge__booked_on", "pk", "charge", "label", "amount"
        for on, pk, charge, label, amount in self._lines(days).values_list(*fields):
            yield Move(on, (0, pk), charge, label, amount)

    def _corrected(self, days: dict[str, date]) -> Iterator[Move]:
        of = {"line__nature": self.nature} if self.nature else {}
        fields = "booked_on", "pk", "charge", "kind", "line__label", "amount"
        for on, pk, charge, kind, label, amount in self._rows(Adjustment, days, **of).values_list(*fields):
            label = f"{capfirst(Adjustment.Kind(kind).label)}\u00a0: {label}"
            yield Move(on, (1, pk), charge, label, -amount)

    def _paid(self, days: dict[str, date]) -> Iterator[Move]:
        fields = "booked_on", "pk", "charge", "amount", "kind", "method", "reference"
        for on, pk, charge, amount, *means in self._rows(Payment, days).values_list(*fields):
            yield Move(on, (2, pk), charge, _said(*means), -amount)

    def _shared(self, days: dict[str, date]) -> Iterator[Move]:
        """Also what a correction has moved from one nature to another: no money came."""
        means = self._rows(Payment, days).values_list("pk", "kind", "method", "reference")
        said = {pk: _said(*words) for pk, *words in means}
        for share in self._shares:
            is_within = self.since <= share.on <= self.until if "gte" in days else share.on < self.since
            if is_within:
                pk = share.payment or 0
                label = said[pk] if pk else _("Réparti autrement après une correction")
                yield Move(share.on, (2, pk), share.charge, label, -share.amount)

    @cached_property
    def _shares(self) -> list[natures.Share]:
        charges: Any = Charge.objects.all() if self.charges is None else self.charges
        return [share for share in natures.shares(charges) if share.nature == self.nature]


def _names(charges: Iterable[int]) -> dict[int, str]:
    return dict(Charge.objects.filter(pk__in=charges).values_list("pk", "name"))


def _said(kind: str, method: str, reference: str) -> str:
    means = f"{Payment.Method(method).label} {reference}".strip()
    if kind == Payment.Kind.RECEIVED:
        return str(capfirst(means))
    return f"{capfirst(Payment.Kind(kind).label)}, {means}"


class ExtractTable:
    """For a spreadsheet."""

    subject_model = Charge

    def __init__(self, extract: Extract) -> None:
        self.extract = extract

    @classmethod
    def asked(cls, parameters: dict[str, Any], user: "AbstractUser") -> "ExtractTable":
        return cls(extract_of(parameters))

    @property
    def title(self) -> str:
        return self.extract.title

    @property
    def header(self) -> list[str]:
        payer = [_("Payeur")] if self.extract.charges is None else []
        return [_("Date"), _("Somme"), *payer, _("Libellé"), _("Dû"), _("Payé"), _("Solde")]

    def __iter__(self) -> Iterator[list[Cell]]:
        extract = self.extract
        several = extract.charges is None
        nobody: list[Cell] = [None] if several else []
        yield [extract.since, None, *nobody, _("Solde à l’ouverture"), None, None, extract.opening]
        for move, balance, payer in extract.steps:
            who = [payer] if several else []
            yield [move.on, move.number, *who, move.label, move.debit, move.credit, balance]
        sums = [extract.debit, extract.credit, extract.closing]
        yield [extract.until, None, *nobody, _("Total et solde"), *sums]

    def subjects(self) -> Iterable[int]:
        return sorted({step.move.charge for step in self.extract.steps})


def parameters_of(extract: Extract) -> dict[str, Any]:
    """What an export keeps of it, until it is made."""
    charges = None if extract.charges is None else list(extract.charges.values_list("pk", flat=True))
    days = {"since": extract.since.isoformat(), "until": extract.until.isoformat()}
    return {"title": extract.title, "charges": charges, "nature": extract.nature, **days}


def extract_of(parameters: dict[str, Any]) -> Extract:
    pks = parameters["charges"]
    return Extract(
        title=parameters["title"],
        since=date.fromisoformat(parameters["since"]),
        until=date.fromisoformat(parameters["until"]),
        charges=None if pks is None else Charge.objects.filter(pk__in=pks),
        nature=parameters["nature"],
    )


def pdf(extract: Extract) -> bytes:
    """To send, or to keep with a file: tagged, and readable without the site."""

    def amount(value: Decimal | None) -> str:
        return euros(value) if value else ""

    moves = [
        [
            f"{move.on:%d/%m/%Y}",
            move.number,
            " – ".join(filter(None, (payer, move.label))),
            amount(move.debit),
            amount(move.credit),
            euros(balance),
        ]
        for move, balance, payer in extract.steps
    ]
    natures_of = [
        [
            str(capfirst(row.label)),
            *map(euros, (row.figures.asked, row.figures.received, row.figures.given_back, row.figures.due)),
        ]
        for row in extract.treasury.natures
    ]
    day_before = extract.since - timedelta(days=1)
    return typeset(
        "payments/pdf/extract.typ",
        title=f"{_('Extrait de compte')} – {extract.title}",
        moves=moves,
        natures=natures_of,
        opening=[_("Solde au %s") % in_words(day_before), "", "", euros(extract.opening)],
        closing=[
            _("Total, et solde au %s") % in_words(extract.until),
            euros(extract.debit),
            euros(extract.credit),
            euros(extract.closing),
        ],
        words={
            "heading": _("Extrait de compte"),
            "payer": extract.title,
            "period": extract.period,
            "made": _("Établi le %s") % in_words(timezone.localdate()),
            "page": _("Page"),
            "sign": _("Un solde positif reste dû à l’association\u202f; négatif, elle le doit."),
            "columns": [_("Date"), _("Somme"), _("Libellé"), _("Dû"), _("Payé"), _("Solde")],
            "natures": _("Par nature"),
            "nature_columns": [_("Nature"), _("Dû"), _("Reçu"), _("Rendu"), _("Reste dû")],
        },
    )
