"""Words as people type them and as texts hold them: accents, case and plurals do not matter. Asks nothing of a database."""

import re
import unicodedata
from functools import lru_cache

_words = re.compile(r"[^\W_]+").findall
# Too common to select anything, with the letters that French elides: l’IA, d’hier, qu’il.
EMPTY_WORDS = frozenset(
    _words(
        "a à au aux avec ce ces cette chez d dans de des du elle elles en est et eux il ils j je l la le les leur leurs"
        " lui m ma mais me mes mon n ne nos notre nous on ou où par pas pour qu que qui s sa sans se ses si son sont sur"
        " t ta te tes toi ton tu un une vos votre vous y"
    )
)


def fold(text: str) -> str:
    """« Œuvre d’ÉTÉ » is « oeuvre d’ete »."""
    spread = unicodedata.normalize("NFKD", text.casefold().replace("œ", "oe").replace("æ", "ae"))
    return "".join(letter for letter in spread if not unicodedata.combining(letter))


@lru_cache(maxsize=20_000)
def words_of(text: str) -> tuple[tuple[str, str], ...]:
    """Each word that says something, folded, and as it is written. The same texts are asked for at each search."""
    composed = unicodedata.normalize("NFC", text)
    return tuple((fold(word), word) for word in _words(composed) if word.casefold() not in EMPTY_WORDS)


def starts(candidate: str, word: str) -> bool:
    """The beginning of a word is enough, and a plural finds the singular. A single letter stands for itself."""
    if len(word) == 1:
        return candidate == word
    return candidate.startswith(word[:-1] if len(word) > 4 and word[-1] in "sx" else word)
