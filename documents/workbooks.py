"""Workbooks, by the values that their program last calculated. None that could run or swell anything is opened."""

import re
import warnings
import zlib
from collections.abc import Iterator
from typing import IO, Any
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile, ZipInfo

from django.utils.translation import gettext as _
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from documents.unreadable import Unreadable

MAX_UNPACKED = 200_000_000
MAX_PARTS = 1000
LAST_ROW = 1_048_576  # of the format
PART = 1_000_000
LONGEST_TAG = 300
NEVER_CALCULATED = re.compile(rb"(?:</f>|<f\b[^>]*/>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>")
BROKEN = (
    BadZipFile,
    zlib.error,
    InvalidFileException,
    ParseError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    OSError,
    EOFError,
    NotImplementedError,
    RuntimeError,
)  # what zipfile and openpyxl raise


def rows(file: IO[bytes]) -> Iterator[tuple[Any, ...]]:
    """The first sheet, blank rows included. Raises Unreadable."""
    try:
        _check(file)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a style or an extension that openpyxl leaves out
            book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what the file says of its own size may be wrong
        for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
            if (
                number > LAST_ROW
            ):  # a row may say any number of itself, and those before it are walked through
                raise _broken()
            yield cells
    except BROKEN as error:
        raise _broken() from error


def _broken() -> Unreadable:
    return Unreadable(_("Ce classeur est abîmé\u00a0: ouvrez-le et enregistrez-le de nouveau."))


def _check(file: IO[bytes]) -> None:
    with ZipFile(file) as archive:
        parts = archive.infolist()
        names = {part.filename.lower() for part in parts}
        if any(part.flag_bits & 1 for part in parts):
            raise Unreadable(_("Ce classeur est protégé par un mot de passe."))
        if any(name.endswith("vbaproject.bin") for name in names):
            raise Unreadable(_("Ce classeur contient une macro\u00a0: enregistrez-le en .xlsx, sans macro."))
        if "xl/workbook.xml" not in names:
            raise Unreadable(_("Ce fichier n’est ni un CSV ni un classeur XLSX."))
        if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
            raise Unreadable(_("Ce classeur est trop gros une fois déplié."))
        for part in parts:
            _check_part(archive, part)


def _check_part(archive: ZipFile, part: ZipInfo) -> None:
    name = part.filename.lower()
    if not name.endswith((".xml", ".rels")):
        return
    with archive.open(part) as xml:
        tail = b""
        while block := xml.read(PART):
            block = tail + block
            if not tail and b"<!DOCTYPE" in block:  # a workbook has none, and entities need one
                raise _broken()
            if not name.startswith("xl/worksheets/"):
                return
            if NEVER_CALCULATED.search(block):
                raise Unreadable(
                    _(
                        "Des formules de ce classeur n’ont pas été calculées\u00a0: ouvrez-le dans un tableur et enregistrez-le."
                    )
                )
            tail = block[-LONGEST_TAG:]
