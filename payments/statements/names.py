"""Whether a line of the bank names somebody, as banks write names: capitals, no accents, cut, in any order."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from math import log

from rapidfuzz import fuzz, process

# What banks and people write around a name, and what is part of none.
AROUND_A_NAME = (
    "m mr mme mlle mrs monsieur madame ou et de du des la le les l d a au aux en pour par "
    "vir virement virt sepa inst instantane recu emis europeen permanent faveur ref reference motif end "
    "adhesion cotisation cotis don inscription facture fact formation atelier conference paiement reglement "
    "sarl sas sasu eurl sa sci snc scop selarl association asso ste societe cie ets "
    "com fr org net eu www gmail orange free wanadoo laposte hotmail outlook yahoo sfr contact info compta"
)
AROUND = frozenset(AROUND_A_NAME.split())
LONG_ENOUGH = 4  # letters, for two words to be alike though not the same
ALIKE = 84  # of 100: a letter or two apart
BY_LIKENESS, BY_CUT = 0.85, 0.8
CUT_BY = 4  # letters that a bank may have left out at the end of a long word
BY_BEGINNING = {1: 0.3, 2: 0.4, 3: 0.5}  # of a word, by how many letters of it are written
GIVEN = 0.6  # what a given name is worth beside a family name
OFTEN = 3
NAMED = 0.45  # of the weight of a name, below which nobody is named
IN_FULL = 0.95
MOSTLY = 0.75  # of the times a word is written, to be a given name
ONE_WORD, SHORT = 0.85, 0.03  # what a name of few words is worth, or lacks, beside one of several
LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o"})


@lru_cache(maxsize=20_000)  # people, whom a process would remember once they are forgotten
def tokens(text: str) -> tuple[str, ...]:
    """The words that may be part of a name, without accents or capitals, each once."""
    found = [word for word in _words(text) if word not in AROUND and not any(sign.isdigit() for sign in word)]
    return tuple(dict.fromkeys(found))


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text.casefold().translate(LIGATURES))
    letters = "".join(one for one in plain if not unicodedata.combining(one))
    return [word for word in re.split(r"[^a-z0-9]+", letters) if word]


def _beginnings(text: str) -> list[str]:
    """Letters that may stand for a word. « M » before a name says nothing of it."""
    found: list[str] = []
    for line in text.splitlines():
        words = _words(line)
        found += words[1:] if words[:1] == ["m"] else words
    return [word for word in found if len(word) == 1 or (len(word) < LONG_ENOUGH and word not in AROUND)]


class Names:
    """Everybody who may be named, by their key, each under some names."""

    def __init__(self, people: Mapping[int, Iterable[str]]) -> None:
        self.people = {
            key: [words for name in names if (words := tokens(name))] for key, names in people.items()
        }
        self.weights = self._weights()
        self.owners: defaultdict[str, set[int]] = defaultdict(set)
        for key, names in self.people.items():
            for name in names:
                for word in name:
                    self.owners[word].add(key)
        self._near: dict[str, dict[str, float]] = {}

    def _weights(self) -> dict[str, float]:
        """A rare word says more than a common one, and a given name, that begins most names it is in, says less."""
        count, first = Counter[str](), Counter[str]()
        for names in self.people.values():
            count.update({word for name in names for word in name})
            first.update({name[0] for name in names if len(name) > 1})
        return {
            word: log(1 + len(self.people) / times)
            * (GIVEN if times >= OFTEN and first[word] >= MOSTLY * times else 1)
            for word, times in count.items()
        }

    def named_in(self, text: str) -> dict[int, float]:
        """How much the text names each of those it names: 1 for every word of one of their names."""
        found: dict[str, float] = {}
        for word in tokens(text):
            for near, likeness in self._like(word).items():
                found[near] = max(found.get(near, 0), likeness)
        somebody = {key for word in found for key in self.owners[word]}
        begun = _beginnings(text)
        shares = {key: max(self._share(name, found, begun) for name in self.people[key]) for key in somebody}
        return {key: share for key, share in shares.items() if share >= NAMED}

    def _share(self, name: tuple[str, ...], found: Mapping[str, float], begun: Sequence[str]) -> float:
        """Of the weight of its words."""
        whole = said = 0.0
        for word in name:
            beginnings = [BY_BEGINNING[len(one)] for one in begun if word.startswith(one)]
            whole += self.weights[word]
            said += self.weights[word] * max(found.get(word, 0), *beginnings, 0)
        return said / whole * (1 - SHORT / len(name) if len(name) > 1 else ONE_WORD)

    def _like(self, word: str) -> dict[str, float]:
        """The words of names that this one may be: itself, one a letter apart, one that the bank has cut."""
        if word not in self._near:
            near = {word: 1.0} if word in self.weights else {}
            if len(word) >= LONG_ENOUGH:
                for other in self._alike(word):
                    near.setdefault(other, BY_LIKENESS)
                for part in self._parts(word) if not near else ():
                    near[part] = BY_LIKENESS
                for other in self.weights:
                    if other.startswith(word) and len(other) - len(word) <= CUT_BY:
                        near.setdefault(other, BY_CUT)
            self._near[word] = near
        return self._near[word]

    def _parts(self, word: str) -> tuple[str, ...]:
        """The two words that a bank has run together."""
        for cut in range(3, len(word) - 2):
            if word[:cut] in self.weights and word[cut:] in self.weights:
                return word[:cut], word[cut:]
        return ()

    def _alike(self, word: str) -> list[str]:
        known = self.weights.keys()
        found = process.extract(word, known, scorer=fuzz.ratio, score_cutoff=ALIKE, limit=8)
        return [other for other, _score, _key in found if len(other) >= LONG_ENOUGH]
