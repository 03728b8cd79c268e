"""A bank's table, CSV or workbook: which column is what, and what each row then says."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from hashlib import sha256
from io import BytesIO
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from documents import cells
from documents.cells import BadCell, folded
from documents.reading import MAX_ROWS, Cell, Row, head, is_blank, rows, too_many_rows
from payments.statements.lines import Problem, Reading, ReadLine, refuse_currency, told, words

HEADER_WITHIN = 15


class Column(models.TextChoices):
    """What a column of a statement may be. A label may be made of several."""

    BOOKED = "booked_on", gettext_lazy("date de l’opération")
    VALUED = "valued_on", gettext_lazy("date de valeur")
    AMOUNT = "amount", gettext_lazy("montant, négatif au débit")
    CREDIT = "credit", gettext_lazy("crédit")
    DEBIT = "debit", gettext_lazy("débit")
    LABEL = "label", gettext_lazy("libellé (plusieurs colonnes possibles)")
    PAYER = "payer", gettext_lazy("nom de la contrepartie")
    IBAN = "iban", gettext_lazy("IBAN de la contrepartie")
    BANK_ID = "bank_id", gettext_lazy("référence unique de la banque")
    CURRENCY = "currency", gettext_lazy("devise")


NAMES = {
    Column.BOOKED: "date|date operation|date de l operation|date de comptabilisation|date comptable|date d operation"
    "|date ecriture|dateop|booking date|date transaction",
    Column.VALUED: "date valeur|date de valeur|dateval|value date|valeur",
    Column.AMOUNT: "montant|montant en euros|montant euros|montant eur|amount|montant de l operation|somme",
    Column.CREDIT: "credit|credit euros|credit eur|montant credit|recettes|credits|entree",
    Column.DEBIT: "debit|debit euros|debit eur|montant debit|depenses|debits|sortie",
    Column.LABEL: "libelle|libelle simplifie|libelle operation|libelle de l operation|label|details|detail"
    "|description|informations complementaires|information complementaire|motif|nature de l operation|communication",
    Column.PAYER: "nom|contrepartie|tiers|beneficiaire emetteur|emetteur|nom de la contrepartie|counterparty name",
    Column.IBAN: "iban|iban contrepartie|iban de la contrepartie|compte contrepartie|counterparty iban",
    Column.BANK_ID: "id|identifiant|identifiant operation|transaction id|reference unique",
    Column.CURRENCY: "devise|monnaie|currency",
}
KNOWN = {name: column for column, names in NAMES.items() for name in names.split("|")}


def guess(titles: Sequence[Cell]) -> list[str]:
    """The column that each title says, or nothing. Two that say the same only make a label together."""
    found: list[str] = []
    for title in titles:
        column = "" if is_blank(title) else KNOWN.get(folded(str(title)), "")
        found.append(column if column == Column.LABEL or column not in found else "")
    return found


def first_rows(data: bytes) -> list[Row]:
    """Raises Unreadable."""
    return head(BytesIO(data)).rows


def header_row(rows: Sequence[Row]) -> int:
    """The number of the row whose cells say most of what we look for; the first of all when none says any."""
    ranked = [(sum(map(bool, guess(row.cells))), -row.number) for row in rows if row.number <= HEADER_WITHIN]
    known, number = max(ranked, default=(0, -1))
    return -number if known else rows[0].number


def signature(titles: Iterable[Cell]) -> str:
    """What a bank's tables are recognised by."""
    return sha256("\n".join(folded(str(title or "")) for title in titles).encode()).hexdigest()


def read(data: bytes, *, columns: Sequence[str], header: int, account: str) -> Reading:
    """What stands below the row of titles, where `columns` says what each column is. Raises Unreadable."""
    reading = Reading([], [])
    for row in rows(BytesIO(data)):
        if row.number <= header:
            continue
        if row.number > MAX_ROWS:
            raise too_many_rows()
        try:
            if line := _line(row, columns, account):
                reading.lines.append(line)
        except BadCell as error:
            reading.problems.append(Problem(row.number, str(error)))
    return reading


def _line(row: Row, columns: Sequence[str], account: str) -> ReadLine | None:
    """None for a row that moves no money: a balance, a total."""
    found: dict[str, list[Cell]] = {}
    for column, cell in zip(columns, row.cells, strict=False):
        if column and not is_blank(cell):
            found.setdefault(column, []).append(cell)
    amount = _amount(found)
    if not amount:
        return None
    for cell in found.get(Column.CURRENCY, []):
        refuse_currency(cells.text(cell))
    booked_on = _day(found, Column.BOOKED)
    if booked_on is None:
        raise BadCell(_("Cette ligne a un montant et pas de date."))

    def text(column: str) -> str:
        return " ".join(cells.text(cell) for cell in found.get(column, []))

    return ReadLine(
        number=row.number,
        booked_on=booked_on,
        valued_on=_day(found, Column.VALUED) or booked_on,
        amount=amount,
        label=words(text(Column.LABEL)),
        account=account,
        bank_id=told(text(Column.BANK_ID)),
        payer=told(text(Column.PAYER), 200),
        iban=told(text(Column.IBAN), 34).replace(" ", "").upper(),
    )


def _amount(found: dict[str, list[Any]]) -> Decimal:
    """In one column with its sign, or in one of two: a debit leaves, with or without its sign."""
    amounts = {
        column: cells.signed_amount(found[column][0])
        for column in (Column.AMOUNT, Column.CREDIT, Column.DEBIT)
        if column in found
    }
    if amounts.get(Column.CREDIT) and amounts.get(Column.DEBIT):
        raise BadCell(_("Cette ligne est à la fois au crédit et au débit."))
    if debit := amounts.get(Column.DEBIT):
        return -abs(debit)
    return amounts.get(Column.CREDIT) or amounts.get(Column.AMOUNT) or Decimal(0)


def _day(found: dict[str, list[Any]], column: str) -> date | None:
    return cells.day(found[column][0]) if column in found else None
