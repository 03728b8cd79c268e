"""Which members are perhaps the same, seen from what is written of them.

Members are put in blocks by what they would share if they were one, and compared inside a block only: the time grows
with the size of the blocks, not with the square of the members. What more than `COMMON` of them share, such as the
telephone of a school, says nothing of anybody.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations
from math import prod
from typing import NamedTuple

from rapidfuzz import fuzz, process

from members import words
from members.models import DuplicatePair, Kind, Member
from members.models.duplicates import Reason

COMMON = 20
CLOSE = 92  # out of 100: one letter of twelve
WEIGHTS = {  # how sure one is with this reason alone
    Reason.SIRET: 0.9,
    Reason.EMAIL: 0.8,
    Reason.PHONE: 0.5,
    Reason.SAME_NAME: 0.6,
    Reason.NEAR_NAME: 0.4,
    Reason.BIRTH_YEAR: 0.5,
}
Pair = tuple[int, int]


class Person(NamedTuple):
    """What is compared of a member; an organisation has one name."""

    pk: int
    kind: str
    first: str
    last: str
    email: str
    phone: str
    number: str
    birth_year: int | None

    @property
    def names(self) -> list[str]:
        """Both orders: many a form was filled with the family name first."""
        return [f"{self.first} {self.last}".strip(), f"{self.last} {self.first}".strip()]


def refresh() -> int:
    """Look for pairs again, and keep what was decided of those known. Returns how many are new to look at."""
    return DuplicatePair.objects.replace(find())


def find() -> dict[Pair, tuple[list[str], int]]:
    reasons: dict[Pair, set[Reason]] = defaultdict(set)
    years: dict[int, int | None] = {}
    for kind in Kind.values:
        people = list(members_of(kind))
        years |= {person.pk: person.birth_year for person in people}
        for reason, field in [(Reason.EMAIL, "email"), (Reason.PHONE, "phone"), (Reason.SIRET, "number")]:
            for pair in _sharing(people, field):
                reasons[pair].add(reason)
        for pair, reason in _namesakes(people):
            reasons[pair].add(reason)
    for (a, b), found in reasons.items():
        if years[a] and years[a] == years[b]:
            found.add(Reason.BIRTH_YEAR)
    return {pair: judge(found) for pair, found in reasons.items()}


def fold(text: str) -> str:
    """« Jean-Noël » and « JEAN NOEL » are « jeannoel »."""
    return "".join(letter for letter in words.fold(text) if letter.isalnum())


def mailbox(address: str) -> str:
    """What most servers deliver to one person: no dots, no accents, nothing after a « + »."""
    name, at, domain = address.lower().rpartition("@")
    return f"{fold(name.partition('+')[0])}@{domain}" if at else ""


def telephone(number: str) -> str:
    """Its digits as one dials them in France; nothing for what is too short to be one."""
    digits = re.sub(r"\D", "", re.sub(r"^\s*\+", "00", number).replace("(0)", ""))
    digits = f"0{digits[4:].removeprefix('0')}" if digits.startswith("0033") else digits
    return digits if len(digits) >= 9 else ""


def members_of(kind: str) -> Iterator[Person]:
    fields = ["pk", "first_name", "last_name", "organisation", "email", "phone", "siret", "birth_year"]
    rows = Member.objects.filter(kind=kind).order_by("pk").values_list(*fields)
    for pk, first, last, organisation, email, phone, siret, birth_year in rows.iterator():
        is_organisation = kind == Kind.ORGANISATION
        yield Person(
            pk,
            kind,
            "" if is_organisation else fold(first),
            fold(organisation) if is_organisation else fold(last),
            mailbox(email),
            telephone(phone),
            siret[:9] if is_organisation else siret,
            None if is_organisation else birth_year,
        )


def _sharing(people: Iterable[Person], field: str) -> Iterator[Pair]:
    groups: dict[str, list[int]] = defaultdict(list)
    for person in people:
        if value := getattr(person, field):
            groups[value].append(person.pk)
    for group in groups.values():
        if len(group) <= COMMON:
            yield from combinations(group, 2)


def _namesakes(people: Iterable[Person]) -> Iterator[tuple[Pair, Reason]]:
    """Close names, unless they were born in different years. The same pair may come from several blocks."""
    blocks: dict[tuple[str, ...], list[Person]] = defaultdict(list)
    for person in people:
        for key in _blocks_of(person):
            blocks[key].append(person)
    for block in blocks.values():
        written = {person.pk: person.names[0] for person in block}
        for index, person in enumerate(block):
            others = {other.pk: other for other in block[index + 1 :]}
            texts = {pk: written[pk] for pk in others}
            close = {
                pk
                for name in person.names
                for _text, _score, pk in process.extract_iter(
                    name, texts, scorer=fuzz.ratio, score_cutoff=CLOSE
                )
            }
            for other in (others[pk] for pk in close):
                if not (person.birth_year and other.birth_year) or person.birth_year == other.birth_year:
                    is_same = sorted(person.names) == sorted(other.names)
                    yield (person.pk, other.pk), Reason.SAME_NAME if is_same else Reason.NEAR_NAME


def _blocks_of(person: Person) -> set[tuple[str, ...]]:
    """Whoever is close in name shares one of these: a name in full with an end of the other, or both beginnings."""
    first, last = person.first, person.last
    if not first or not last:
        name = first or last
        return {("begins", name[:4]), ("ends", name[-4:])}
    beginnings = tuple(sorted([first[:3], last[:3]]))
    return {
        ("first", first, last[:1]),
        ("first", last, first[:1]),
        ("last", first, last[-2:]),
        ("last", last, first[-2:]),
        ("both", *beginnings),
    }


def judge(reasons: set[Reason]) -> tuple[list[str], int]:
    """Each reason leaves so much less doubt. Out of 100."""
    doubt = prod(1 - WEIGHTS[reason] for reason in reasons)
    return [reason.value for reason in Reason if reason in reasons], round(100 * (1 - doubt))
