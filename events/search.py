"""Words typed against the words of events: accents, case, plurals and small slips do not matter.

Nothing is stored: the words of a few thousand events are read again at each search, in the same number of queries, and
are right whatever was changed and by whom. It asks nothing of the database, so PostgreSQL and SQLite answer alike.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q
from rapidfuzz import process
from rapidfuzz.distance import OSA

from members.words import starts, words_of

LONGEST = 100  # characters, and no more words than
MOST_WORDS = 10
FIELDS = ("title", "summary", "venue", "address")
RELATIONS = ("themes__name", "speakers__name", "slots__title", "slots__speakers__name")


@dataclass
class Search:
    """What was typed, and once it has run: which events hold all of it, and through which nearby words."""

    text: str = ""
    is_cut: bool = False
    nearby: dict[str, list[str]] = field(
        default_factory=dict
    )  # by a typed word that nobody wrote: those like it

    @classmethod
    def of(cls, typed: str) -> "Search":
        text = " ".join(typed.replace("\0", " ").split())
        short = " ".join(text[:LONGEST].split()[:MOST_WORDS])
        return cls(short, is_cut=short != text)

    def __bool__(self) -> bool:
        return bool(self.words)

    @property
    def words(self) -> dict[str, str]:
        """Folded, with how each was typed."""
        return dict(words_of(self.text))

    def condition(self, events: Any) -> Q:
        """What keeps those of `events` that hold every word. The same five queries, whatever is typed."""
        if not self:
            return Q()
        found: dict[str, set[int]] = defaultdict(set)
        written: dict[str, str] = {}
        for pk, texts in _texts(events):
            for text in texts:
                for word, as_written in words_of(text):
                    found[word].add(pk)
                    written.setdefault(word, as_written)
        kept: set[int] | None = None
        for word, typed in self.words.items():
            known = [candidate for candidate in found if starts(candidate, word)]
            if not known:
                known = _near(word, list(found))
                self.nearby[typed] = [written[candidate] for candidate in known]
            holders = set().union(*(found[candidate] for candidate in known))
            kept = holders if kept is None else kept & holders
        return Q(pk__in=kept or set())


def _texts(events: Any) -> list[tuple[int, list[str]]]:
    rows = [(pk, texts) for pk, *texts in events.order_by().values_list("pk", *FIELDS)]
    for relation in RELATIONS:
        named = events.order_by().filter(**{f"{relation}__isnull": False}).values_list("pk", relation)
        rows += [(pk, [name]) for pk, name in named]
    return rows


def _near(word: str, vocabulary: list[str]) -> list[str]:
    """Known words one slip away from four letters on, two from eight on: the nearest ones."""
    slips = (len(word) >= 4) + (len(word) >= 8)
    if not slips:
        return []
    near = process.extract(word, vocabulary, scorer=OSA.distance, score_cutoff=slips, limit=None)
    least = min((distance for _known, distance, _index in near), default=0)
    return [known for known, distance, _index in near if distance == least]
