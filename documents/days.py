"""How a day is said in a sentence: the French « 1er » included, which Django does not write."""

from datetime import date

from django.utils import formats, translation

SPACE = "\u00a0"


def in_words(day: date, style: str = "j F Y") -> str:
    """« 1er décembre 2026 », or « 1 December 2026 » in English; `style` is a Django date format."""
    if day.day == 1 and (translation.get_language() or "fr").startswith("fr"):
        style = style.replace("j", r"j\e\r").replace(r"\r ", rf"\r{SPACE}")
    return formats.date_format(day, style)
