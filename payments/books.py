"""The books: each row of the ledger read as one movement between two accounts, so that debits equal credits.

Lines, corrections and payments are the only record of money: nothing here is stored twice. All of them face the
account of payers. What a provider passes on to the bank, or cash that is brought there, moves between accounts of ours.
"""

import hashlib
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from heapq import merge
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import QuerySet

from payments.models.asides import Aside
from payments.models.charges import Charge
from payments.models.lines import ZERO, Adjustment, ChargeLine
from payments.models.payments import Payment

SOLD, CORRECTED, PAID, MOVED = range(4)  # where an entry is read from
SALES, BANK, CASH, ONLINE, OTHER = "VE", "BQ", "CA", "PL", "OD"
JOURNALS = {"transfer": BANK, "cheque": BANK, "cash": CASH, "credit": OTHER}


class Entry(NamedTuple):
    """`amount`, above zero, goes to the account `debit` and leaves `credit`. Ordered by day, then as written.

    `email` is who the payer is, whatever they are called; without one, they are forgotten, or there is none.
    """

    on: date
    order: tuple[int, int]
    journal: str
    piece: str
    label: str
    payer: str
    debit: str
    credit: str
    amount: Decimal
    email: str = ""

    @property
    def row(self) -> int:
        """The key of what it was read from, in the table of its kind."""
        return self.order[1]


class Digest(NamedTuple):
    entry_count: int
    total: Decimal
    sha256: str


def entries(since: date | None = None, until: date | None = None) -> Iterator[Entry]:
    """Those of these days, both included, in the order of the books. Four queries, read as they come."""
    return merge(_sales(since, until), _corrections(since, until), _money(since, until), _moves(since, until))


def has_entries(since: date | None = None, until: date | None = None) -> bool:
    """Whether anything is written from `since` to the day before `until`."""
    days = {"gte": since, "lt": until}

    def within(field: str) -> dict[str, date]:
        return {f"{field}__{bound}": day for bound, day in days.items() if day}

    return (
        ChargeLine.objects.filter(charge__booked_on__isnull=False, **within("charge__booked_on")).exists()
        or Adjustment.objects.filter(**within("booked_on")).exists()
        or Payment.objects.filter(**within("booked_on")).exists()
        or Aside.objects.filter(**within("booked_on")).exclude(account="").exists()
    )


def charges(since: date, until: date) -> list[int]:
    """The keys of those that have an entry in these days."""
    days = {"booked_on__gte": since, "booked_on__lte": until}
    rows: list[QuerySet[Any]] = [model.objects.filter(**days) for model in (Adjustment, Payment)]
    found = {pk for some in rows for pk in some.order_by().values_list("charge", flat=True)}
    return sorted(found | set(Charge.objects.filter(**days).values_list("pk", flat=True)))


def balances(since: date, until: date) -> dict[str, tuple[Decimal, Decimal]]:
    """The debits and the credits of each account in these days, by its number."""
    held: dict[str, list[Decimal]] = {}
    for entry in entries(since, until):
        for side, account in enumerate((entry.debit, entry.credit)):
            held.setdefault(account, [ZERO, ZERO])[side] += entry.amount
    return {number: (held[number][0], held[number][1]) for number in sorted(held)}


def digest(since: date, until: date) -> Digest:
    """What those days hold, without anybody's name: it stays the same when a payer is forgotten."""
    count, total, digest = 0, ZERO, hashlib.sha256()
    for entry in entries(since, until):
        count, total = count + 1, total + entry.amount
        fields = [entry.on, entry.journal, entry.piece, entry.debit, entry.credit, entry.amount]
        digest.update("|".join(str(field) for field in fields).encode() + b"\n")
    return Digest(count, total, digest.hexdigest())


def _sales(since: date | None, until: date | None) -> Iterator[Entry]:
    rows = ChargeLine.objects.filter(amount__gt=0).exclude(charge__booked_on=None).select_related("charge")
    for line in _between(rows, "charge__booked_on", since, until):
        yield _entry(
            line, SOLD, line.charge.booked_on, SALES, line.label, to=line.account, amount=-line.amount
        )


def _corrections(since: date | None, until: date | None) -> Iterator[Entry]:
    for row in _between(Adjustment.objects.select_related("charge", "line"), "booked_on", since, until):
        journal = OTHER if row.kind == Adjustment.Kind.WRITTEN_OFF else SALES
        label = f"{row.get_kind_display()} {row.line.label}"
        yield _entry(row, CORRECTED, row.booked_on, journal, label, to=row.account, amount=row.amount)


def _money(since: date | None, until: date | None) -> Iterator[Entry]:
    for row in _between(Payment.objects.select_related("charge"), "booked_on", since, until):
        label = f"{row.get_method_display()} {row.charge.name}"
        journal = JOURNALS.get(row.method, ONLINE)
        yield _entry(row, PAID, row.booked_on, journal, label, to=row.account, amount=row.amount)


def _moves(since: date | None, until: date | None) -> Iterator[Entry]:
    for row in _between(Aside.objects.exclude(account="").select_related("line"), "booked_on", since, until):
        label = row.get_reason_display().capitalize()
        debit, credit = (row.bank, row.account) if row.amount > 0 else (row.account, row.bank)
        yield Entry(
            row.booked_on, (MOVED, row.pk), BANK, row.line.number, label, "", debit, credit, abs(row.amount)
        )


def _between(rows: QuerySet[Any], field: str, since: date | None, until: date | None) -> Iterator[Any]:
    if since:
        rows = rows.filter(**{f"{field}__gte": since})
    if until:
        rows = rows.filter(**{f"{field}__lte": until})
    return rows.order_by(field, "pk").iterator(chunk_size=2000)


def _entry(row: Any, source: int, on: date, journal: str, label: str, *, to: str, amount: Decimal) -> Entry:
    """From the account of payers to the account `to`, or back when `amount` is negative."""
    payer = settings.BOOKS["payer"]
    debit, credit = (to, payer) if amount > 0 else (payer, to)
    charge = row.charge
    named = charge.number, label, charge.name
    return Entry(on, (source, row.pk), journal, *named, debit, credit, abs(amount), charge.email)
