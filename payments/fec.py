"""The books as files: a journal for a spreadsheet, and the « fichier des écritures comptables ».

The latter's columns are those of article A47 A-1 of the Livre des procédures fiscales: one line a side of an entry,
numbered without a gap in the order of the days, from one in each accounting year, tabs between columns, decimal commas,
and its name from the SIREN and the last day. An entry is valid on the day its month was closed; before, that column is
empty. A payer is one account, their address: what they were called last is its name.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from typing import NamedTuple

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from documents.spreadsheets import Cell
from payments import books
from payments.models import Adjustment, Charge, Closing, Document
from payments.models.lines import ZERO

COLUMNS = [
    "JournalCode",
    "JournalLib",
    "EcritureNum",
    "EcritureDate",
    "CompteNum",
    "CompteLib",
    "CompAuxNum",
    "CompAuxLib",
    "PieceRef",
    "PieceDate",
    "EcritureLib",
    "Debit",
    "Credit",
    "EcritureLet",
    "DateLet",
    "ValidDate",
    "Montantdevise",
    "Idevise",
]
SIREN_DIGITS = 9


def journal_name(code: str) -> str:
    names = {
        books.SALES: _("Ventes"),
        books.BANK: _("Banque"),
        books.CASH: _("Caisse"),
        books.ONLINE: _("Paiements en ligne"),
        books.OTHER: _("Opérations diverses"),
    }
    return names[code]


def account_name(number: str) -> str:
    return str(settings.BOOKS["labels"].get(number, number))


def first_day_of_year(day: date) -> date:
    """Of the accounting year that holds it: the civil year."""
    return day.replace(month=1, day=1)


class JournalTable:
    """Each entry of these days on one line, with both its accounts."""

    def __init__(self, since: date, until: date) -> None:
        self.since, self.until = since, until

    @property
    def title(self) -> str:
        return _("Journal")

    @property
    def header(self) -> Sequence[str]:
        return [
            _("Date"),
            _("Journal"),
            _("Pièce"),
            _("Libellé"),
            _("Tiers"),
            _("Compte débité"),
            _("Compte crédité"),
            _("Montant"),
        ]

    def __iter__(self) -> Iterator[Sequence[Cell]]:
        for entry in books.entries(self.since, self.until):
            yield [
                entry.on,
                journal_name(entry.journal),
                entry.piece,
                entry.label,
                entry.payer,
                entry.debit,
                entry.credit,
                entry.amount,
            ]


def filename(until: date) -> str:
    return f"{settings.ASSOCIATION['siret'][:SIREN_DIGITS]}FEC{until:%Y%m%d}.txt"


def lines(since: date, until: date) -> Iterator[str]:
    """The file, line by line, its header first. Entries are numbered from the first day of their accounting year."""
    closed, names, pieces = _closed(), _names(), Pieces()
    number, year = 0, None
    yield "\t".join(COLUMNS) + "\r\n"
    for entry in books.entries(first_day_of_year(since), until):
        number = number + 1 if year == first_day_of_year(entry.on) else 1
        year = first_day_of_year(entry.on)
        if entry.on < since:
            continue
        closed_at = closed.get(entry.on.replace(day=1))
        wording = Wording(
            number=number,
            entry=entry,
            payer=(entry.email or entry.piece, names.get(entry.email) or entry.payer or entry.piece),
            piece=pieces.of(entry, closed_at),
            valid_on=closed_at and timezone.localdate(closed_at),
        )
        sides = (entry.debit, entry.amount, ZERO), (entry.credit, ZERO, entry.amount)
        for account, debit, credit in sides:
            yield _line(wording, account, debit, credit)


class Wording(NamedTuple):
    """What both lines of an entry say. `payer` is the number and the name of their account; `piece` a number and its day."""

    number: int
    entry: books.Entry
    payer: tuple[str, str]
    piece: tuple[str, date]
    valid_on: date | None


class Pieces:
    """The invoice that a sale is on, and the credit note of what is no longer owed: else the number of the charge.

    What was issued once a month was closed changes nothing in its file.
    """

    def __init__(self) -> None:
        self._invoices: dict[int, Document] = {}  # by line of a charge, the first
        notes: defaultdict[int, list[Document]] = defaultdict(list)
        issued = Document.objects.accounting().only("kind", "number", "issued_on", "issued_at", "lines")
        for document in issued.order_by("pk").iterator():
            for line in document.lines:
                if document.kind == Document.Kind.INVOICE:
                    self._invoices.setdefault(line["line"], document)
                else:
                    notes[line["line"]].append(document)
        self._notes = self._by_correction(notes)

    def _by_correction(self, notes: Mapping[int, list[Document]]) -> dict[int, Document]:
        """A correction is credited as it is written, or later when nothing could be issued that day."""
        rows = Adjustment.objects.filter(line__in=notes).exclude(kind=Adjustment.Kind.WRITTEN_OFF)
        found = {
            pk: next((one for one in notes[line] if one.issued_at >= at), None)
            for pk, line, at in rows.values_list("pk", "line", "made_at")
        }
        return {pk: note for pk, note in found.items() if note is not None}

    def of(self, entry: books.Entry, closed_at: datetime | None) -> tuple[str, date]:
        kinds = {books.SOLD: self._invoices, books.CORRECTED: self._notes}
        document = kinds.get(entry.order[0], {}).get(entry.row)
        if document is None or (closed_at and document.issued_at > closed_at):
            return entry.piece, entry.on
        return document.number, document.issued_on


def _closed() -> dict[date, datetime]:
    return {closing.month: closing.closed_at for closing in Closing.objects.all()}


def _names() -> dict[str, str]:
    """What each payer was called last, by their address."""
    charges = Charge.objects.exclude(booked_on=None).exclude(email="").order_by("pk")
    return dict(charges.values_list("email", "name"))


def _line(wording: Wording, account: str, debit: Decimal, credit: Decimal) -> str:
    number, entry, payer, piece, valid_on = wording
    is_payer = account == settings.BOOKS["payer"]
    return (
        "\t".join(
            _clean(value)
            for value in chain(
                (entry.journal, journal_name(entry.journal), str(number), _day(entry.on)),
                (account, account_name(account)),
                payer if is_payer else ("", ""),
                (piece[0], _day(piece[1]), entry.label, _euros(debit), _euros(credit)),
                ("", "", _day(valid_on), "", ""),
            )
        )
        + "\r\n"
    )


def _clean(value: str) -> str:
    """Without what would cut the line, or the column."""
    return " ".join(value.split())


def _day(day: date | None) -> str:
    return f"{day:%Y%m%d}" if day else ""


def _euros(amount: Decimal) -> str:
    return f"{amount:.2f}".replace(".", ",")
