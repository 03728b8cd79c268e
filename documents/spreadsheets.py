"""Tables as files: for a French spreadsheet, and as a workbook. Rows are written as they come, however many."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any, Protocol

from django.utils import timezone
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
BOM = "\ufeff"  # by it Excel knows UTF-8
FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # what a spreadsheet would run
LONGEST_CELL = 32_767
LONGEST_TITLE = 31
NOT_IN_A_TITLE = re.compile(r"[\[\]:*?/\\]")
WIDEST = 40

Cell = str | int | Decimal | date | datetime | None


class Table(Protocol):
    @property
    def title(self) -> str: ...

    @property
    def header(self) -> Sequence[str]: ...

    def __iter__(self) -> Iterator[Sequence[Cell]]: ...


def as_csv(table: Table) -> Iterator[str]:
    """Line by line, with semicolons, decimal commas and a mark of UTF-8: what a French Excel opens by itself."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";")
    for index, row in enumerate(_rows(table)):
        writer.writerow([_csv_cell(cell) for cell in row])
        yield ("" if index else BOM) + buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def as_xlsx(table: Table, file: IO[bytes]) -> int:
    """Write a workbook in which dates are dates and amounts are numbers. Returns the number of rows."""
    header = table.header
    book = Workbook(write_only=True)
    book.properties.creator = ""
    sheet = book.create_sheet(NOT_IN_A_TITLE.sub(" ", table.title)[:LONGEST_TITLE])
    sheet.freeze_panes = "A2"
    for index, title in enumerate(header, start=1):
        sheet.column_dimensions[get_column_letter(index)].width = min(max(len(title) + 2, 18), WIDEST)
    sheet.append([_title(sheet, title) for title in header])
    count = 0
    for row in table:
        sheet.append([_xlsx_cell(cell) for cell in row])
        count += 1
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(header))}{count + 1}"
    book.save(file)
    return count


def write(table: Table, file_format: str, file: IO[bytes]) -> int:
    """Either of the two, as its extension says. Returns the number of rows."""
    if file_format == "xlsx":
        return as_xlsx(table, file)
    count = -1  # the header
    for line in as_csv(table):
        file.write(line.encode())
        count += 1
    return count


def harmless(text: str) -> str:
    """The same text, that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _rows(table: Table) -> Iterable[Sequence[Any]]:
    yield table.header
    yield from table


def _csv_cell(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return _yes_or_no(cell)
        case datetime():
            return f"{_local(cell):%d/%m/%Y %H:%M}"
        case date():
            return f"{cell:%d/%m/%Y}"
        case int() | Decimal():
            return str(cell).replace(".", ",")
        case _:
            return harmless(str(cell).replace("\x00", ""))


def _title(sheet: Any, text: str) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, _xlsx_cell(text))
    cell.font = Font(bold=True)
    return cell


def _xlsx_cell(cell: Cell) -> Any:
    """None for an empty one, which is then not written at all."""
    match cell:
        case str():
            return harmless(ILLEGAL_CHARACTERS_RE.sub("", cell))[:LONGEST_CELL] or None
        case bool():
            return _yes_or_no(cell)
        case datetime():
            return _local(cell)
        case _:
            return cell


def _yes_or_no(cell: bool) -> str:
    return _("oui") if cell else _("non")


def _local(moment: datetime) -> datetime:
    """As the clock of Montpellier says it: a spreadsheet knows no time zone."""
    return timezone.localtime(moment).replace(tzinfo=None, microsecond=0)
