"""The books as files: a journal for a spreadsheet, and the « fichier des écritures comptables ».

The latter's columns are those of article A47 A-1 of the Livre des procédures fiscales: one line a side of an entry,
numbered without a gap in the order of the days, tabs between columns, decimal commas, and its name from the SIREN and
the last day. An entry is valid on the day its month was closed; before, that column is empty.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import chain

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from documents.spreadsheets import Cell
from payments import books
from payments.models import Closing
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
    """The file, line by line, its header first. Entries are numbered from the first day of the accounting year."""
    closed = {closing.month: timezone.localdate(closing.closed_at) for closing in Closing.objects.all()}
    yield "\t".join(COLUMNS) + "\r\n"
    for number, entry in enumerate(books.entries(first_day_of_year(since), until), start=1):
        if entry.on < since:
            continue
        valid_on = closed.get(entry.on.replace(day=1))
        sides = (entry.debit, entry.amount, ZERO), (entry.credit, ZERO, entry.amount)
        for account, debit, credit in sides:
            yield _line(number, entry, account, debit, credit, valid_on)


def _line(
    number: int, entry: books.Entry, account: str, debit: Decimal, credit: Decimal, valid_on: date | None
) -> str:
    is_payer = account == settings.BOOKS["payer"]
    return (
        "\t".join(
            _clean(value)
            for value in chain(
                (entry.journal, journal_name(entry.journal), str(number), _day(entry.on)),
                (account, account_name(account)),
                (entry.piece, entry.payer) if is_payer else ("", ""),
                (entry.piece, _day(entry.on), entry.label, _euros(debit), _euros(credit)),
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
