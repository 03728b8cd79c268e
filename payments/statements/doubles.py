"""Which lines of a file are there already, which are new, and which a person must look at.

A line is known again by its fingerprint (what the bank calls it, its day, amount and words, and its rank among those
that are equal in the file), or by what the bank calls it when its day was corrected among the days of the file. What
only resembles a line that this file should hold too, and does not, is doubtful, and so is a name that the bank gives
again soon. A line that is there answers for one of the file at most.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from rapidfuzz import fuzz

from documents.cells import folded
from payments.models.line_rows import fingerprint
from payments.statements.lines import ReadLine

SAME_ID = timedelta(days=10)  # a bank may correct a day; an identity seen later than that is another's
MOVED = timedelta(days=5)  # how far the day of a line without an identity may move between two files
ALIKE = 75  # of 100: what two formats of one bank make of the same words


class Known(NamedTuple):
    """A line that is there already."""

    pk: int
    fingerprint: str
    format: str
    account: str
    bank_id: str
    booked_on: date
    amount: Decimal
    words: str


class Marked(NamedTuple):
    line: ReadLine
    words: str
    fingerprint: str
    first: str  # the fingerprint of the line of this file that it repeats, identity included


class Found(NamedTuple):
    """A line to write, and the one it may repeat: there already, or new too, under this fingerprint."""

    line: ReadLine
    fingerprint: str
    twin: Known | str | None = None

    def twin_in(self, written: Mapping[str, int]) -> int | None:
        """The key of its twin, once those of this file are written."""
        return self.twin.pk if isinstance(self.twin, Known) else written[self.twin] if self.twin else None


def words_of(label: str, payer: str) -> str:
    return folded(f"{label} {payer}")


class Sorting:
    """The lines of one file, of one format."""

    def __init__(self, lines: list[ReadLine], format: str) -> None:
        self.lines, self.format = lines, format
        days = [line.booked_on for line in lines]
        self.first, self.last = min(days, default=date.min), max(days, default=date.min)
        self.answers: dict[str, Known] = {}  # by the fingerprint of the line of the file
        self.free: defaultdict[tuple[Decimal, date], dict[int, Known]] = defaultdict(dict)
        self.clues: set[tuple[object, ...]] = set()  # of all that is there

    @property
    def around(self) -> tuple[date, date]:
        """The days in which something that is there may be one of these lines."""
        return self.first - SAME_ID, self.last + SAME_ID

    def sort(self, known: Iterable[Known]) -> tuple[list[Found], list[Found], list[ReadLine]]:
        """The new, the doubtful and the known. What is sure is taken out first."""
        there = {row.fingerprint: row for row in known}
        for row in there.values():
            self.free[row.amount, row.booked_on][row.pk] = row
            clues = _clues(row.amount, row.account, row.bank_id, row.words)
            self.clues |= clues if row.format != self.format else clues - {(row.amount,)}
        marked = self._marked()
        for one in marked:
            if one.fingerprint in there:
                self.answers[one.fingerprint] = self._answering(there[one.fingerprint])
        for one in self._unanswered(marked):
            if found := self._take(one, self._is_corrected):
                self.answers[one.fingerprint] = found
        new: list[Found] = []
        doubtful: list[Found] = []
        twins: dict[str, Known | str | None] = {}
        for one in self._unanswered(marked):
            twin: Known | str | None = self.answers.get(one.first) or twins.get(one.first) or one.first
            twins[one.fingerprint] = twin = twin or self._take(one, self._may_be)
            (doubtful if twin else new).append(Found(one.line, one.fingerprint, twin))
        return new, doubtful, [one.line for one in marked if one.fingerprint in self.answers]

    def _unanswered(self, marked: Iterable[Marked]) -> list[Marked]:
        return [one for one in marked if one.fingerprint not in self.answers]

    def _marked(self) -> list[Marked]:
        """Equal lines are several operations, unless the bank gives them one identity."""
        seen: Counter[tuple[object, ...]] = Counter()
        marked = []
        for line in self.lines:
            words = words_of(line.label, line.payer)
            facts = (line.account, line.bank_id, line.booked_on, line.amount, words)
            seen[facts] += 1
            is_again = line.bank_id and seen[facts] > 1
            first = fingerprint("bank", *facts, 1) if is_again else ""
            marked.append(Marked(line, words, fingerprint("bank", *facts, seen[facts]), first))
        return marked

    def _answering(self, row: Known) -> Known:
        return self.free[row.amount, row.booked_on].pop(row.pk)

    def _take(self, one: Marked, resembles: Callable[[Marked, Known], bool]) -> Known | None:
        """The nearest that resembles it and answers for no other line."""
        line = one.line
        if self.clues.isdisjoint(_clues(line.amount, line.account, line.bank_id, one.words)):
            return None
        for days in sorted(range(-SAME_ID.days, SAME_ID.days + 1), key=abs):
            day = one.line.booked_on + timedelta(days=days)
            for row in self.free.get((one.line.amount, day), {}).values():
                if resembles(one, row):
                    return self._answering(row)
        return None

    def _is_corrected(self, one: Marked, row: Known) -> bool:
        """The bank calls it the same, and its old day, which is of this file, has it no more."""
        return self._is_within(row) and self._has_its_identity(one, row)

    def _is_within(self, row: Known) -> bool:
        return self.first <= row.booked_on <= self.last

    def _has_its_identity(self, one: Marked, row: Known) -> bool:
        line = one.line
        return bool(line.bank_id) and (line.account, line.bank_id, one.words) == (
            row.account,
            row.bank_id,
            row.words,
        )

    def _may_be(self, one: Marked, row: Known) -> bool:
        """About the same day, or under the same name, with something that would be strange of two operations."""
        line = one.line
        if self._has_its_identity(one, row):  # a standing order may keep it week after week
            return True
        if abs(row.booked_on - line.booked_on) > MOVED:
            return False
        is_missing_here = self._is_within(row)
        if row.format != self.format:
            return is_missing_here or fuzz.token_set_ratio(one.words, row.words) >= ALIKE
        if row.account != line.account:
            return False
        if line.bank_id and row.bank_id:
            return line.bank_id == row.bank_id or (is_missing_here and one.words == row.words)
        return one.words == row.words


def _clues(amount: Decimal, account: str, bank_id: str, words: str) -> set[tuple[object, ...]]:
    """Without one in common, two lines do not resemble each other. The amount alone counts between two formats."""
    named = {(amount, account, "id", bank_id)} if bank_id else set()
    return {(amount,), (amount, account, "words", words), *named}
