"""The numbers of ours that a line of the bank holds, however they were typed or cut into."""

import re
from typing import NamedTuple

from rapidfuzz.distance import OSA
from stdnum import iso11649

GAP = r"[\s.\-_/]{0,3}"
STRUCTURED = re.compile(rf"RF{GAP}\d{GAP}\d{GAP}S{GAP}((?:\d{GAP}){{6,10}})", re.IGNORECASE)
BEFORE = r"(?:(?<![A-Z0-9])|(?<=REF))"
NUMBER = re.compile(rf"{BEFORE}S{GAP}((?:\d{GAP}){{6,10}})", re.IGNORECASE)
LOOSE = re.compile(rf"{BEFORE}S{GAP}0*([1-9]\d{{0,9}})(?!\d)", re.IGNORECASE)
INVOICE = re.compile(rf"{BEFORE}F{GAP}(20\d\d){GAP}(\d{{1,5}})(?!\d)", re.IGNORECASE)
SIGNS = re.compile(r"[^A-Za-z0-9]")
DIGITS = 6  # of a number of ours, or more


class Told(NamedTuple):
    """`sure` are the keys of charges written in full, `maybe` those written with a fault."""

    sure: frozenset[int]
    maybe: frozenset[int]
    invoices: frozenset[str]

    def resembles(self, key: int) -> bool:
        """Whether a number told is one digit apart from it, or has two of them the wrong way round."""
        return any(OSA.distance(f"{key:06d}", f"{other:06d}") == 1 for other in self.sure | self.maybe)


def told(*texts: str) -> Told:
    """Digits that follow a number without a sign between may be part of it or not: both are told."""
    sure, maybe, invoices = set[int](), set[int](), set[str]()
    for text in texts:
        for match in STRUCTURED.finditer(text):
            whole = SIGNS.sub("", match[0])
            for key, length in _keys(match[1]):
                (sure if iso11649.is_valid(whole[: len("RF00S") + length]) else maybe).add(key)
        rest = STRUCTURED.sub(" ", text)
        for match in NUMBER.finditer(rest):
            sure.update(key for key, _length in _keys(match[1]))
        maybe.update(int(match[1]) for match in LOOSE.finditer(rest))
        invoices.update(f"F{match[1]}-{int(match[2]):05d}" for match in INVOICE.finditer(rest))
    return Told(frozenset(sure), frozenset(maybe - sure), frozenset(invoices))


def _keys(digits: str) -> list[tuple[int, int]]:
    """Each that the digits may begin with, and its length: one of more than six digits has no zero before it."""
    whole = SIGNS.sub("", digits)
    last = DIGITS if whole.startswith("0") else len(whole)
    return [(int(whole[:length]), length) for length in range(DIGITS, last + 1)]
