"""Whose record a row is about: by number, else e-mail, else SIRET, else name with the birth year or the telephone."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from members.imports.cells import phone_key
from members.imports.columns import Line, Problem
from members.models import Kind, Member

Values = dict[str, Any]


class Unmatched(Exception):
    """It cannot be said which record is meant."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem


def name_key(kind: str, organisation: str, first_name: str, last_name: str) -> tuple[str, ...]:
    words = (organisation,) if kind == Kind.ORGANISATION else (first_name, last_name)
    return (kind, *(" ".join(word.casefold().split()) for word in words))


def key_of_row(values: Values, kind: str) -> tuple[str, ...]:
    names = (values.get(name, "") for name in ("organisation", "first_name", "last_name"))
    return name_key(kind, *names)


def is_same(values: Values, birth_year: int | None, phone: str) -> bool:
    """Whether somebody of the same name is the same: born that year, or of that number and not of another year."""
    asked = values.get("birth_year")
    if asked and birth_year:
        return bool(asked == birth_year)
    return bool(phone) and phone_key(values.get("phone", "")) == phone_key(phone)


class Candidates:
    """The members that these rows may mean, in five queries at most, however many rows."""

    def __init__(self, lines: Sequence[Line]) -> None:
        rows = [line.values for line in lines]
        members = Member.objects.order_by("pk")
        numbers = {row["number"] for row in rows if "number" in row}
        emails = {row["email"] for row in rows if "email" in row}
        sirets = {row["siret"] for row in rows if "siret" in row}
        self.by_pk = {one.pk: one for one in members.filter(pk__in=numbers)}
        known = members.alias(lower=Lower("email")).filter(lower__in=emails)
        self.by_email = {(one.kind, one.email.lower()): one for one in known}
        self.by_siret = self._grouped(members.filter(siret__in=sirets), lambda one: one.siret)
        self.by_name = self._grouped(
            [
                *members.filter(kind=Kind.PERSON, last_name__in=_spellings(rows, "last_name")),
                *members.filter(kind=Kind.ORGANISATION, organisation__in=_spellings(rows, "organisation")),
            ],
            lambda one: name_key(one.kind, one.organisation, one.first_name, one.last_name),
        )

    @staticmethod
    def _grouped(members: Iterable[Member], key: Any) -> dict[Any, list[Member]]:
        found = defaultdict(list)
        for member in members:
            found[key(member)].append(member)
        return found

    def match(self, values: Values, kind: str) -> Member | None:
        """The one record meant, or None for somebody new. Raises Unmatched."""
        if "number" in values:
            member = self.by_pk.get(values["number"])
            if member is None:
                raise Unmatched(Problem("number", _("Aucune fiche n’a ce numéro.")))
            return member
        is_organisation = kind == Kind.ORGANISATION
        kinds = [kind]
        if not values.keys() & {"kind", "plan", "organisation", "last_name"}:
            kinds.append(Kind.PERSON if is_organisation else Kind.ORGANISATION)  # the address alone says who
        for one in kinds:
            if member := self.by_email.get((one, values.get("email", ""))):
                return member
        for column, found in (
            ("siret", self.by_siret.get(values.get("siret", ""), []) if is_organisation else []),
            ("last_name", self._of_that_name(values, kind)),
        ):
            if len(found) > 1:
                pks = tuple(one.pk for one in found)
                raise Unmatched(Problem(column, _("Plusieurs fiches correspondent."), pks))
            if found:
                return found[0]
        return None

    def _of_that_name(self, values: Values, kind: str) -> list[Member]:
        found = self.by_name.get(key_of_row(values, kind), [])
        if found and not values.keys() & {"email", "siret", "birth_year", "phone"}:
            message = _(
                "Une fiche porte déjà ce nom, et rien d’autre ne dit si c’est la même\u00a0: ajoutez son numéro, une adresse e-mail, une année de naissance ou un téléphone."
            )
            raise Unmatched(Problem("last_name", message, tuple(one.pk for one in found)))
        return [one for one in found if is_same(values, one.birth_year, one.phone)]


def _spellings(rows: Iterable[Values], name: str) -> set[str]:
    """DUPONT, Dupont and dupont are one name."""
    words = {row[name] for row in rows if name in row}
    return words | {
        spelt for word in words for spelt in (word.upper(), word.lower(), word.title(), word.capitalize())
    }


class Seen:
    """The rows of the file so far, so that a second one about the same record names the first."""

    def __init__(self) -> None:
        self._rows: dict[Any, int] = {}

    def first(self, line: Line, kind: str, member: Member | None) -> int | None:
        """The row that already said it, or None. Rows that match no record are compared with one another."""
        certain, likely = self._keys(line.values, kind, member)
        found = next((self._rows[key] for key in certain if key in self._rows), None)
        if found is None and member is None:
            found = next((self._rows[key] for key in likely if key in self._rows), None)
        if found is None:
            self._rows.update(dict.fromkeys([*certain, *likely], line.number))
        return found

    @staticmethod
    def _keys(values: Values, kind: str, member: Member | None) -> tuple[list[int], list[int]]:
        """Kept as hashes: a file may have many rows."""
        certain: list[Any] = [("pk", member.pk)] if member else []
        if "email" in values:
            certain.append(("email", kind, values["email"]))
        likely: list[Any] = []
        if "siret" in values and kind == Kind.ORGANISATION:
            likely.append(("siret", values["siret"]))
        name = key_of_row(values, kind)
        if "birth_year" in values:
            likely.append((name, values["birth_year"]))
        elif "phone" in values:
            likely.append((name, phone_key(values["phone"])))
        if not values.keys() & {"email", "siret", "birth_year", "phone"}:
            likely.append(name)
        return [hash(key) for key in certain], [hash(key) for key in likely]
