"""What every file of a bank comes down to."""

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.utils.translation import gettext as _

from documents.cells import BadCell

NOTHING = {"", "NOTPROVIDED", "NOT PROVIDED", "NONREF", "NON REF", "NONE", "0", "-"}


class ReadLine(NamedTuple):
    """One movement of the account, negative when it leaves. `bank_id` is what the bank calls it, if it says so."""

    number: int  # its rank in the file, or its row in a table
    booked_on: date
    valued_on: date
    amount: Decimal
    label: str
    account: str = ""
    bank_id: str = ""
    payer: str = ""
    iban: str = ""
    end_to_end: str = ""
    reference: str = ""


class Problem(NamedTuple):
    """Why a line of the file is not taken, in words."""

    number: int
    message: str


class Reading(NamedTuple):
    lines: list[ReadLine]
    problems: list[Problem]


def words(text: str | None, size: int = 500) -> str:
    """On one line, without what no keyboard writes: nor the signs that have a page read the other way round."""
    seen = "".join(sign if sign.isprintable() else " " for sign in text or "")
    return " ".join(seen.split())[:size]


def told(text: str | None, size: int = 100) -> str:
    """A reference, or nothing where banks write that there is none."""
    found = words(text, size)
    return "" if found.upper() in NOTHING else found


def refuse_currency(written: str) -> None:
    """What is not in euros is nobody's payment here. Raises BadCell."""
    if written.strip().upper() != "EUR":
        raise BadCell(
            _("Cette opération est en %s\u00a0: seuls les euros sont rapprochés.") % words(written, 3)
        )
