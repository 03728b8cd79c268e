"""How a day is said in a sentence: the French « 1er » included, which Django does not write."""

from datetime import date
from functools import lru_cache

from django.utils import formats, translation

SPACE = "\u00a0"


def in_words(day: date, style: str = "j F Y") -> str:
    """« 1er décembre 2026 », or « 1 December 2026 » in English; `style` is a Django date format."""
    return _in_words(day, style, translation.get_language())


@lru_cache(maxsize=1000)  # a list says the same few days on each line
def _in_words(day: date, style: str, language: str | None) -> str:
    if day.day == 1 and (language or "fr").startswith("fr"):
        style = style.replace("j", r"j\e\r").replace(r"\r ", rf"\r{SPACE}")
    return formats.date_format(day, style)
