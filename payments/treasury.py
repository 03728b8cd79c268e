"""What the treasurer looks at: what was due, came in and went back in some days, and what is still due at their end.

Read from the same rows as `payments.books`, on the same days, in as many queries for one charge as for a hundred thousand.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from dateutil.relativedelta import relativedelta
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import TruncMonth
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from payments import natures
from payments.ageing import AGES, Age, age_of
from payments.models import Adjustment, Charge, ChargeLine, ChargeQuerySet, Payment
from payments.models.lines import ZERO, cents

NATURES: dict[str, Any] = {**dict(ChargeLine.Nature.choices), natures.EXCESS: _("trop perçu")}
METHODS: dict[str, Any] = dict(Payment.Method.choices)
WENT_BACK = {Payment.Kind.REFUND, Payment.Kind.CHARGEBACK}  # a mistake that is undone had never come in


@dataclass
class Figures:
    """`asked` is what was asked for, less what is no longer: cancelled or reduced. `due` is what is left at the end."""

    asked: Decimal = ZERO
    lost: Decimal = ZERO
    received: Decimal = ZERO
    given_back: Decimal = ZERO
    due: Decimal = ZERO

    @property
    def kept(self) -> Decimal:
        return self.received - self.given_back

    @property
    def is_empty(self) -> bool:
        return not any((self.asked, self.lost, self.received, self.given_back, self.due))

    def count(self, kind: str, amount: Decimal) -> None:
        """Money of a payment, or a part of it."""
        if kind in WENT_BACK:
            self.given_back -= amount
        else:
            self.received += amount


class Row(NamedTuple):
    label: Any
    figures: Figures


class Owing(NamedTuple):
    """One charge that is not settled at the end: `balance` is due, or a credit of the payer when negative."""

    charge: int
    name: str
    email: str
    due_day: date
    balance: Decimal


class Aged(NamedTuple):
    age: Age
    charges: int
    amount: Decimal


class Debtor(NamedTuple):
    """`charge` is one of those that are due."""

    name: str
    email: str
    charge: int
    charges: int
    amount: Decimal


class Treasury:
    """Of all charges, or of some."""

    def __init__(self, since: date, until: date, charges: ChargeQuerySet | None = None) -> None:
        self.since, self.until, self._charges = since, until, charges
        self._mine = {} if charges is None else {"charge__in": charges.order_by().values("pk")}
        self.at = min(until, timezone.localdate())  # the day on which ages are counted

    # What happened in these days

    @cached_property
    def _sales(self) -> list[tuple[date, str, Decimal]]:
        lines = self._within(ChargeLine.objects.all(), "charge__booked_on", "nature")
        return [(row["month"], row["nature"], row["total"]) for row in lines]

    @cached_property
    def _corrections(self) -> list[tuple[date, str, str, Decimal]]:
        rows = self._within(Adjustment.objects.all(), "booked_on", "line__nature", "kind")
        return [(row["month"], row["line__nature"], row["kind"], row["total"]) for row in rows]

    @cached_property
    def _money(self) -> list[tuple[date, str, str, Decimal]]:
        rows = self._within(Payment.objects.all(), "booked_on", "method", "kind")
        return [(row["month"], row["method"], row["kind"], row["total"]) for row in rows]

    def _within(self, rows: QuerySet[Any], day: str, *by: str) -> QuerySet[Any, Any]:
        days = {f"{day}__gte": self.since, f"{day}__lte": self.until}
        months = rows.filter(**days, **self._mine).order_by().values(*by, month=TruncMonth(day))
        return months.annotate(total=cents(Sum("amount")))

    @cached_property
    def months(self) -> list[Row]:
        """Each of them, also those in which nothing happened."""
        found: dict[date, Figures] = {}
        month = self.since.replace(day=1)
        while month <= self.until:
            found[month] = Figures()
            month += relativedelta(months=1)
        for month, _nature, total in self._sales:
            found[month].asked += total
        for month, _nature, kind, total in self._corrections:
            _correct(found[month], kind, total)
        for month, _method, kind, total in self._money:
            found[month].count(kind, total)
        return [Row(month, figures) for month, figures in found.items()]

    @cached_property
    def methods(self) -> list[Row]:
        found: defaultdict[str, Figures] = defaultdict(Figures)
        for _month, method, kind, total in self._money:
            found[method].count(kind, total)
        return _labelled(found, METHODS)

    @cached_property
    def natures(self) -> list[Row]:
        found: defaultdict[str, Figures] = defaultdict(Figures)
        for _month, nature, total in self._sales:
            found[nature].asked += total
        for _month, nature, kind, total in self._corrections:
            _correct(found[nature], kind, total)
        for share in natures.shares(self._moved()):
            if self.since <= share.on <= self.until:
                found[share.nature].count(share.kind, share.amount)
        for nature, amount in self._due_by_nature.items():
            found[nature].due += amount
        return _labelled(found, NATURES)

    def _moved(self) -> ChargeQuerySet:
        """Those paid, given back or corrected in these days; of some charges, all: their shares say the day."""
        if self._charges is not None:
            return self._charges
        days = {"booked_on__gte": self.since, "booked_on__lte": self.until}
        paid, corrected = (model.objects.filter(**days).values("charge") for model in (Payment, Adjustment))
        moved: ChargeQuerySet = Charge.objects.filter(Q(pk__in=paid) | Q(pk__in=corrected))
        return moved

    @cached_property
    def total(self) -> Figures:
        """Of the natures: those of the months and of the methods add up to the same."""
        rows = [row.figures for row in self.natures]
        fields = Figures.__dataclass_fields__
        return Figures(**{name: sum((getattr(one, name) for one in rows), ZERO) for name in fields})

    # What is left at the end

    @cached_property
    def owing(self) -> list[Owing]:
        """What is not settled in the books, the oldest first."""
        balances = self._balances()
        charges: Any = Charge.objects.filter(pk__in=balances).with_due_day()
        rows = charges.order_by("due_since", "pk").values_list("pk", "name", "email", "due_since")
        return [Owing(pk, name, email, day, balances[pk]) for pk, name, email, day in rows]

    def _balances(self) -> dict[int, Decimal]:
        """Of each charge that is not settled. Table by table: asked charge by charge, it takes ten times as long."""
        found: defaultdict[int, Decimal] = defaultdict(Decimal)
        lines = ChargeLine.objects.filter(charge__booked_on__lte=self.until, **self._mine)
        gone = [
            model.objects.filter(booked_on__lte=self.until, **self._mine) for model in (Adjustment, Payment)
        ]
        for sign, rows in [(1, lines), *((-1, rows) for rows in gone)]:
            sums = rows.order_by().values_list("charge").annotate(total=cents(Sum("amount")))
            for charge, total in sums.iterator():
                found[charge] += sign * total
        return {charge: balance for charge, balance in found.items() if balance}

    @property
    def due(self) -> list[Owing]:
        return [one for one in self.owing if one.balance > 0]

    @cached_property
    def amount_due(self) -> Decimal:
        return sum((one.balance for one in self.due), ZERO)

    @cached_property
    def credit(self) -> Decimal:
        """What payers have paid beyond what they owe: to be given back, or used for something else."""
        return -sum((one.balance for one in self.owing if one.balance < 0), ZERO)

    @cached_property
    def _due_by_nature(self) -> Mapping[str, Decimal]:
        """What is due less the credits: what they add up to is what the account of payers holds."""
        mine = Charge.objects.filter(pk__in=[one.charge for one in self.owing])
        pks, found = {"charge__in": mine.values("pk")}, defaultdict[str, Decimal](Decimal)
        lines = ChargeLine.objects.filter(**pks, charge__booked_on__lte=self.until).order_by()
        for nature, total in lines.values_list("nature").annotate(total=cents(Sum("amount"))):
            found[nature] += total
        gone = Adjustment.objects.filter(**pks, booked_on__lte=self.until).order_by()
        for nature, total in gone.values_list("line__nature").annotate(total=cents(Sum("amount"))):
            found[nature] -= total
        for share in natures.shares(mine):
            if share.on <= self.until:
                found[share.nature] -= share.amount
        return found

    @cached_property
    def ages(self) -> list[Aged]:
        counts: defaultdict[Age, list[Decimal]] = defaultdict(list)
        for one in self.due:
            counts[age_of((self.at - one.due_day).days)].append(one.balance)
        return [Aged(age, len(counts[age]), sum(counts[age], ZERO)) for age in AGES]

    def debtors(self, count: int) -> list[Debtor]:
        """Who owes most, by address."""
        mine: defaultdict[str, list[Owing]] = defaultdict(list)
        for one in self.due:
            mine[one.email].append(one)
        found = [
            Debtor(rows[-1].name, email, rows[-1].charge, len(rows), sum((one.balance for one in rows), ZERO))
            for email, rows in mine.items()
        ]
        return sorted(found, key=lambda one: (-one.amount, one.email))[:count]


def _correct(figures: Figures, kind: str, amount: Decimal) -> None:
    if kind == Adjustment.Kind.WRITTEN_OFF:
        figures.lost += amount
    else:
        figures.asked -= amount


def _labelled(found: Mapping[str, Figures], labels: Mapping[str, Any]) -> list[Row]:
    """In the order of the labels, without those of which there is nothing."""
    return [
        Row(label, found[key]) for key, label in labels.items() if key in found and not found[key].is_empty
    ]


def first_year() -> int:
    """That of the oldest row of the books, or the current one."""
    oldest = Charge.objects.exclude(booked_on=None).order_by("booked_on").values_list("booked_on", flat=True)
    first: date = oldest.first() or timezone.localdate()
    return first.year
