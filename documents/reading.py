"""A file as numbered rows of cells, whatever program wrote it: read as it comes, never held whole."""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import IO, Any, NamedTuple

from django.utils.translation import gettext as _

from documents import workbooks
from documents.unreadable import Unreadable

MAX_BYTES = 20_000_000
MAX_ROWS = 50_000
MAX_COLUMNS = 100
HEAD = 20
SNIFFED = 65_536
DELIMITERS = ";,\t|"
WORKBOOK = b"PK\x03\x04"
LOCKED_OR_OLD = b"\xd0\xcf\x11\xe0"  # OLE: what holds an encrypted workbook, and what Excel wrote before 2007
NOT_TABLES = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"{\\rtf")
CONTROLS = bytes({*range(32)} - {*b"\t\r\n"})

Cell = str | int | float | Decimal | date | datetime | None


class Row(NamedTuple):
    number: int  # as a spreadsheet counts them, blank ones too
    cells: Sequence[Cell]


class Head(NamedTuple):
    rows: list[Row]
    has_more_rows_than_allowed: bool


def too_many_rows() -> Unreadable:
    return Unreadable(
        _(
            "Ce fichier a plus de 50\u202f000 lignes\u00a0: coupez-le en plusieurs, et importez-les l’un après l’autre."
        )
    )


def head(file: IO[bytes]) -> Head:
    """The first rows that are not blank. Raises Unreadable. A text is also counted; a workbook is too slow for that."""
    found = rows(file)
    first = list(islice(found, HEAD))
    is_text = not _start(file, len(WORKBOOK)).startswith(WORKBOOK)
    rest = sum(1 for _row in islice(rows(file), MAX_ROWS + HEAD)) if is_text else 0
    return Head(first, rest >= MAX_ROWS + HEAD)


def rows(file: IO[bytes]) -> Iterator[Row]:
    """Those that are not blank. Raises Unreadable, also on the way."""
    start = _start(file, SNIFFED)
    if not start.strip():
        raise Unreadable(_("Ce fichier est vide."))
    if start.startswith(LOCKED_OR_OLD):
        raise Unreadable(
            _(
                "Ce classeur est protégé par un mot de passe, ou d’un ancien format\u00a0: enregistrez-le en .xlsx sans mot de passe."
            )
        )
    found = workbooks.rows(file) if start.startswith(WORKBOOK) else _text_rows(file, start)
    for number, cells in enumerate(found, start=1):
        kept = _without_blank_end(cells)
        if len(kept) > MAX_COLUMNS:
            raise Unreadable(_("La ligne %d a plus de 100 colonnes.") % number)
        if kept:
            yield Row(number, kept)


def is_blank(cell: Cell) -> bool:
    return cell is None or isinstance(cell, str) and not cell.strip()


def _start(file: IO[bytes], size: int) -> bytes:
    file.seek(0)
    start = file.read(size)
    file.seek(0)
    return start


def _without_blank_end(cells: Sequence[Any]) -> Sequence[Any]:
    end = len(cells)
    while end and is_blank(cells[end - 1]):
        end -= 1
    return cells[:end]


def _text_rows(file: IO[bytes], start: bytes) -> Iterator[list[str]]:
    encoding = _encoding(file, start)
    text = io.TextIOWrapper(file, encoding, errors="replace", newline="")
    reader = csv.reader(text, delimiter=_delimiter(start, encoding))
    try:
        yield from reader
    except csv.Error as error:
        raise Unreadable(
            _("La lecture s’arrête à la ligne %d\u00a0: un guillemet n’y est peut-être pas refermé.")
            % reader.line_num
        ) from error
    finally:
        with suppress(ValueError):  # whoever opened the file may have closed it
            text.detach()


def _encoding(file: IO[bytes], start: bytes) -> str:
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    half = len(start) // 2
    even, odd = start[::2].count(0), start[1::2].count(0)
    if half and max(even, odd) > 0.8 * half and min(even, odd) < 0.05 * half:
        return "utf-16-le" if odd > even else "utf-16-be"
    controls = len(start) - len(start.translate(None, CONTROLS))
    if start.startswith(NOT_TABLES) or controls > max(3, len(start) // 50):
        raise Unreadable(_("Ce fichier n’est ni un CSV ni un classeur XLSX."))
    return "utf-8-sig" if _is_utf8(file) else "cp1252"


def _is_utf8(file: IO[bytes]) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while part := file.read(SNIFFED):
            decoder.decode(part)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    finally:
        file.seek(0)
    return True


def _delimiter(start: bytes, encoding: str) -> str:
    """The one that cuts most of the first rows into as many cells as each other."""
    lines = start.decode(encoding, errors="replace").splitlines(keepends=True)
    sample = lines[:-1] if len(start) == SNIFFED else lines

    def evenness(delimiter: str) -> tuple[int, int]:
        widths = [len(row) for row in csv.reader(sample[:50], delimiter=delimiter)]
        several = [width for width in widths if width > 1]
        usual = max(set(several), key=several.count, default=0)
        return several.count(usual), usual

    return max(DELIMITERS, key=evenness)
