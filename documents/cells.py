"""What one cell means: the ways people write dates, amounts, numbers and words, or why it cannot be read."""

import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _
from openpyxl.utils.datetime import from_excel

from documents.reading import Cell

UNREADABLE = "\ufffd"  # what stands for bytes that are no letter
ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#N/D", "#VALEUR!"})
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
DAY = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4}|\d{2})(?:[ T].*)?")
ISO_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T].*)?")
FIRST_YEAR, LAST_YEAR = 1900, 2100
PIVOT = 70  # 31/12/70 is in 1970, 31/12/69 in 2069
FIRST_SERIAL, LAST_SERIAL = 1, 73_050  # days as Excel counts them: from 1900 to 2099


class BadCell(Exception):
    """The message says why, for whoever wrote the file."""


def folded(words: str) -> str:
    """The same words without capitals, accents or signs: what two ways to write them have in common."""
    plain = unicodedata.normalize("NFKD", words.casefold())
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return re.sub(r"[^a-z0-9]+", " ", letters).strip()


def text(cell: Cell) -> str:
    """Without the spaces around, and one between words. Raises BadCell for what no keyboard writes."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, date):
        return f"{cell:%d/%m/%Y}"
    words = " ".join(str(cell).split())
    if UNREADABLE in words or CONTROL.search(words):
        raise BadCell(_("Cette cellule contient des caractères illisibles."))
    if words in ERRORS:
        raise BadCell(_("Cette cellule contient une erreur du tableur\u00a0: %s.") % words)
    return words


def whole_number(cell: Cell) -> int:
    digits = re.sub(r"\s", "", text(cell)).removesuffix(",0").removesuffix(".0")
    if not re.fullmatch(r"[0-9]{1,9}", digits):
        raise BadCell(_("Ce n’est pas un nombre entier."))
    return int(digits)


def year(cell: Cell) -> int:
    """Also of a whole date."""
    if isinstance(cell, date):
        return cell.year
    words = text(cell)
    return day(cell).year if re.search(r"\d[/.\-]\d", words) else whole_number(cell)


def amount(cell: Cell) -> Decimal:
    """« 1 234,50 € » and 1234.5 alike, in cents."""
    exact = signed_amount(cell)
    if exact < 0:
        raise BadCell(_("Ce montant n’est pas possible."))
    return exact


def signed_amount(cell: Cell) -> Decimal:
    """The same, also below zero: « -12,50 », « − 12,50 », « 12,50- »."""
    digits = re.sub(r"\s|€|EUR", "", text(cell)).replace("\u2212", "-")
    if digits.endswith("-"):
        digits = f"-{digits[:-1]}"
    if "," in digits and "." in digits:
        thousands = "," if digits.rfind(",") < digits.rfind(".") else "."
        digits = digits.replace(thousands, "")
    try:
        value = Decimal(digits.replace(",", "."))
        exact = value.quantize(Decimal("0.01"))
    except InvalidOperation as error:
        raise BadCell(_("Ce n’est pas un montant.")) from error
    if not isinstance(cell, float) and exact != value:
        raise BadCell(_("Ce montant a plus de deux décimales."))
    if not -(10**8) < exact < 10**8:
        raise BadCell(_("Ce montant n’est pas possible."))
    return exact


def day(cell: Cell) -> date:
    if isinstance(cell, datetime):
        return _possible(cell.date())
    if isinstance(cell, date):
        return _possible(cell)
    if isinstance(cell, int | float) and FIRST_SERIAL <= cell <= LAST_SERIAL:
        found = from_excel(cell)
        return _possible(found.date() if isinstance(found, datetime) else found)
    words = text(cell)
    if match := ISO_DAY.fullmatch(words):
        years, months, days = (int(part) for part in match.groups())
    elif match := DAY.fullmatch(words):
        days, months, years = (int(part) for part in match.groups())
        if len(match[3]) == 2:
            years += 1900 if years >= PIVOT else 2000
    else:
        raise BadCell(_("Ce n’est pas une date comme 31/12/2026."))
    try:
        return _possible(date(years, months, days))
    except ValueError as error:
        raise BadCell(_("Ce jour n’existe pas.")) from error


def _possible(value: date) -> date:
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise BadCell(_("Cette année n’est pas possible."))
    return value
