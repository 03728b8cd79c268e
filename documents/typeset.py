"""PDF documents from Typst templates, tagged for screen readers and fit for archives (PDF/UA-1, PDF/A-3a).

Everything people wrote reaches a template as data, never as its source.
"""

import json
import re
import unicodedata
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import typst
from django.conf import settings
from django.utils import translation

ROOT = settings.BASE_DIR / "templates"
FONTS = Path(__file__).parent / "fonts"
STANDARDS: Any = ["a-3a", "ua-1"]

# What our font and those that come with Typst can draw: the standards above refuse a letter that nothing draws.
# Latin, Greek, Cyrillic, Armenian, Hebrew, the Arabic of Arabic itself, and the signs of typography.
DRAWN = re.compile(
    "[\u0020-\u04ff\u0531-\u05ff\u0621-\u063a\u0641-\u0652\u1e00-\u1fff\u2010-\u203e\u2070-\u20bf\u2190-\u22ff\u25a0-\u25ff]"
)
MISSING = "□"
_lock = Lock()


@cache
def _compiler() -> typst.Compiler:
    return typst.Compiler(root=ROOT, font_paths=[FONTS], ignore_system_fonts=True)


def typeset(template: str, *, title: str, **data: Any) -> bytes:
    """The PDF of `template`, in the language of whoever reads now."""
    language, _, region = (translation.get_language() or settings.LANGUAGE_CODE).partition("-")
    shared = {
        "title": title,
        "author": settings.ASSOCIATION["name"],
        "lang": language,
        "region": (region or {"fr": "FR", "en": "GB"}.get(language, "FR")).upper(),
        "content_lang": settings.LANGUAGE_CODE,
    }
    inputs = {"data": json.dumps(drawable(shared | data))}
    with _lock:  # the compiler refuses two threads at once
        pdf = _compiler().compile(ROOT / template, format="pdf", sys_inputs=inputs, pdf_standards=STANDARDS)
    assert isinstance(pdf, bytes)  # noqa: S101 - one file, as asked
    return pdf


def drawable(value: Any) -> Any:
    """The same data, with what the fonts cannot draw taken out; a letter leaves a box, so that one sees it is missing."""
    if isinstance(value, str):
        if value.isascii() and value.isprintable():
            return value
        composed = unicodedata.normalize("NFC", value)
        return "".join(_drawn(sign) for sign in composed).strip()
    if isinstance(value, dict):
        return {key: drawable(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [drawable(one) for one in value]
    return value


def is_drawable(text: str) -> bool:
    """Whether one can read all of it on paper."""
    drawn = drawable(text)
    return bool(drawn) and MISSING not in drawn


def _drawn(sign: str) -> str:
    category = unicodedata.category(sign)[0]
    if category == "C" or sign in "\u2028\u2029":
        return " " if sign.isspace() else ""
    if category == "M":  # an accent that no letter took in: a letter and it must come from one font
        return ""
    if DRAWN.match(sign):
        return sign
    return MISSING if category in "LN" else ""
