"""The catalogues: what the code says in French, what is translated, and whether both agree.

Babel does here what GNU gettext does for `makemessages`. It is a tool of developers: the `.mo` files are committed.
French has a catalogue too, of its plurals alone: without one, gettext says « 0 places » where French says « 0 place ».
"""

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.apps import apps
from django.conf import settings
from django.utils.translation.template import templatize

LANGUAGES = ("en", "fr")
TEMPLATES = {".html", ".txt", ".xml"}
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
HEADER = "# `manage.py translations --update` writes everything here but the msgstr."
PLACEHOLDER = re.compile(r"%%|%\(\w+\)[a-z]|%[sdr]\b|\{[^{}]*\}")


class StableCatalog(Catalog):
    """Its header has no date, so that two people who translate do not clash there."""

    def __init__(self, code: str) -> None:
        super().__init__(locale=code, fuzzy=False, header_comment=HEADER)

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        return [
            ("Language", self.locale_identifier or ""),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Plural-Forms", self.plural_forms + "\n"),
        ]


def po_path(code: str, root: Path) -> Path:
    return root / "locale" / code / "LC_MESSAGES" / "django.po"


def up_to_date(code: str, root: Path) -> Catalog:
    """Everything the code says, with the translations known so far. French knows its own plurals."""
    known = stored(code, root)
    catalog = StableCatalog(code)
    for message in messages(_extracted(root)):
        if code == "fr":
            if message.pluralizable:
                catalog.add(message.id, message.id, message.locations, context=message.context)
            continue
        old = known.get(message.id, message.context)
        text = old.string if old and old.id == message.id else ""
        catalog.add(message.id, text, message.locations, context=message.context)
    return catalog


def stored(code: str, root: Path) -> Catalog:
    catalog = StableCatalog(code)
    path = po_path(code, root)
    if path.exists():
        for message in messages(read_po(BytesIO(path.read_bytes()), locale=code)):
            catalog.add(message.id, message.string, message.locations, context=message.context)
    return catalog


def po_bytes(catalog: Catalog) -> bytes:
    output = BytesIO()
    write_po(output, catalog, sort_by_file=True, include_lineno=False)
    return output.getvalue().rstrip() + b"\n"


def mo_bytes(catalog: Catalog) -> bytes:
    output = BytesIO()
    write_mo(output, catalog)
    return output.getvalue()


def problems(code: str, root: Path) -> Iterator[str]:
    """Why this catalogue may not be shipped, one line a reason."""
    path, fresh, old = po_path(code, root), up_to_date(code, root), stored(code, root)
    ids, old_ids = ({_name(message) for message in messages(each)} for each in (fresh, old))
    yield from (f"{code} : absent du catalogue : {name}" for name in sorted(ids - old_ids))
    yield from (f"{code} : n’existe plus dans le code : {name}" for name in sorted(old_ids - ids))
    for message in messages(old):
        yield from (f"{code} : {reason} : {_name(message)}" for reason in _faults(message))
    if not path.exists() or path.read_bytes() != po_bytes(fresh):
        yield f"{code} : {path.name} n’est pas à jour : lancez `manage.py translations --update`."
    mo = path.with_suffix(".mo")
    if not mo.exists() or mo.read_bytes() != mo_bytes(old):
        yield f"{code} : {mo.name} n’est pas à jour : lancez `manage.py translations --compile`."


def messages(catalog: Catalog) -> Iterator[Message]:
    """Without the header, which Babel counts as a message."""
    return (message for message in catalog if message.id)


def python_messages(source: bytes) -> Iterator[Message]:
    for _line, text, _comments, context in extract("python", BytesIO(source), keywords=KEYWORDS):
        yield Message(text, context=context)


def template_messages(source: str, origin: str) -> Iterator[Message]:
    # What templatize leaves is Python only in its calls: without its indentation Babel's tokenizer can read it.
    lines = (line.strip() for line in templatize(source, origin=origin).splitlines())
    return python_messages("\n".join(lines).encode())


def _extracted(root: Path) -> Catalog:
    catalog = Catalog()
    for path in sorted(_sources(root)):
        name, source = path.relative_to(root).as_posix(), path.read_bytes()
        is_python = path.suffix == ".py"
        found = python_messages(source) if is_python else template_messages(source.decode(), name)
        for message in found:
            catalog.add(message.id, locations=[(name, 0)], context=message.context)
    return catalog


def _sources(root: Path) -> Iterator[Path]:
    ours = [app.name for app in apps.get_app_configs() if Path(app.path).parent == settings.BASE_DIR]
    for name in ours:
        yield from (path for path in (root / name).rglob("*.py") if "migrations" not in path.parts)
    yield from (path for path in (root / "templates").rglob("*") if path.suffix in TEMPLATES)


def _name(message: Message) -> str:
    text = " | ".join(_texts(message.id))
    return f"« {text} »" + (f" ({message.context})" if message.context else "")


def _texts(text: str | tuple[str, ...] | list[str]) -> list[str]:
    return [text] if isinstance(text, str) else list(text)


def _faults(message: Message) -> Iterator[str]:
    """A singular may say « une place » without its number; everything else keeps every placeholder."""
    ids, texts = _texts(message.id), _texts(message.string or "")
    if not all(texts):
        yield "sans traduction"
        return
    wanted = _placeholders(ids[-1])
    for index, text in enumerate(texts):
        found = _placeholders(text)
        is_singular = message.pluralizable and index == 0
        if found != wanted and not (is_singular and set(found) <= set(wanted)):
            yield "un élément à remplacer diffère"


def _placeholders(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(text))
