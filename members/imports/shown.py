"""A row of an import as staff read it."""

import re
from datetime import date
from typing import Any, NamedTuple

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from documents.days import in_words
from members.imports.errors import in_order, label_of
from members.models import ImportRow, Kind, Member

ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")


class Change(NamedTuple):
    label: str
    old: str
    new: str


class Refusal(NamedTuple):
    label: str
    message: str
    members: list[tuple[int, str]]


class Shown(NamedTuple):
    row: ImportRow
    name: str
    changes: list[Change]
    refusals: list[Refusal]


def shown(row: ImportRow) -> Shown:
    values = row.values
    said = values.get("organisation") or f"{values.get('first_name', '')} {values.get('last_name', '')}"
    name = str(row.member) if row.member else said.strip() or values.get("email", "")
    changes = [
        Change(capfirst(label_of(column)), *(_said(value) for value in row.changes[column]))
        for column in in_order(row.changes)
    ]
    refusals = [
        Refusal(capfirst(label_of(column)), told, [(pk, Member(pk=pk).number) for pk in pks])
        for column, told, pks in row.problems
    ]
    return Shown(row, name, changes, refusals)


def _said(value: Any) -> str:
    if value in Kind.values:
        return str(Kind(value).label)
    if value is None or value == "":
        return _("rien")
    text = str(value)
    return in_words(date.fromisoformat(text)) if ISO_DAY.fullmatch(text) else text
