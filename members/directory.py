"""The directory as its readers find it: what an entry lets be read is all that it can be found or filtered by."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.db.models import Q
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.filters import Chip, Choice, Option, in_quotes
from members.models import DirectoryEntry, Kind, Mandate
from members.words import fold, starts, words_of

LONGEST = 100  # characters of a search
MOST_VALUES = 20  # of one filter
COLUMNS = (
    "pk",
    "headline",
    "bio",
    "shows_organisation",
    "shows_college",
    *(
        f"member__{name}"
        for name in (
            "kind",
            "first_name",
            "last_name",
            "organisation",
            "email",
            "user",
            "college__slug",
            "college__name",
        )
    ),
)


@dataclass(frozen=True)
class Line:
    """An entry as it is searched: values are those of each filter, with their words."""

    pk: int
    order: str
    texts: tuple[str, ...]
    values: dict[str, dict[str, str]]

    @property
    def organisations(self) -> list[str]:
        return list(self.values["organisation"])

    def has(self, word: str) -> bool:
        return any(starts(known, word) for text in self.texts for known, _written in words_of(text))


@dataclass(frozen=True)
class Card:
    """An entry as others read it. What is empty is not shown, or there is nothing to show."""

    pk: int
    name: str
    is_organisation: bool
    headline: str
    bio: str
    website: str
    skills: list[str]
    organisations: list[str]
    college: str
    email: str
    phone: str
    city: str

    @property
    def tel(self) -> str:
        return "".join(letter for letter in self.phone if letter in "+0123456789")

    @property
    def site_name(self) -> str:
        return self.website.partition("://")[2].removeprefix("www.").rstrip("/")


def lines_of(entries: Any, *, on: date) -> list[Line]:
    """By name. The same three queries for any number of them."""
    skills: dict[int, dict[str, str]] = defaultdict(dict)
    named = entries.order_by().filter(skills__isnull=False)
    for pk, slug, name in named.values_list("pk", "skills__slug", "skills__name"):
        skills[pk][slug] = name
    employers = _employers(entries, on=on)
    lines = [_line(row, skills, employers) for row in entries.order_by().values(*COLUMNS)]
    return sorted(lines, key=lambda line: (line.order, line.pk))


def _line(row: dict[str, Any], skills: Any, employers: Any) -> Line:
    person = f"{row['member__first_name']} {row['member__last_name']}".strip()
    is_organisation = row["member__kind"] == Kind.ORGANISATION
    name = row["member__organisation"] if is_organisation else person
    organisations = []
    if is_organisation:
        organisations = [name]
    elif row["shows_organisation"]:
        own = [row["member__organisation"]] if row["member__organisation"] else []
        organisations = [
            *own,
            *employers["user", row["member__user"]],
            *employers["email", row["member__email"]],
        ]
    college = {row["member__college__slug"]: row["member__college__name"]} if row["shows_college"] else {}
    values = {
        "skill": skills[row["pk"]],
        "organisation": {one: one for one in organisations},
        "college": college,
    }
    order = name if is_organisation else f"{row['member__last_name']} {row['member__first_name']}"
    texts = (name, row["headline"], row["bio"], *skills[row["pk"]].values(), *organisations)
    return Line(row["pk"], fold(order), texts, values)


def _employers(entries: Any, *, on: date) -> dict[tuple[str, Any], list[str]]:
    """The organisations where somebody has a seat, by account and by address, of those who show it."""
    showing = entries.order_by().filter(shows_organisation=True, member__kind=Kind.PERSON)
    theirs = Q(user__in=showing.filter(member__user__isnull=False).values("member__user")) | Q(
        email__in=showing.exclude(member__email="").values("member__email")
    )
    found: dict[tuple[str, Any], list[str]] = defaultdict(list)
    mandates = Mandate.objects.live(on=on).filter(theirs).order_by("organisation__organisation")
    for user, email, name in mandates.values_list("user", "email", "organisation__organisation"):
        if user:
            found["user", user].append(name)
        if email:
            found["email", email].append(name)
    return found


def cards_of(lines: Iterable[Line]) -> list[Card]:
    """In their order, in two queries."""
    lines = list(lines)
    entries = DirectoryEntry.objects.select_related("member__college").prefetch_related("skills")
    found = entries.in_bulk([line.pk for line in lines])
    return [_card(found[line.pk], line) for line in lines if line.pk in found]


def _card(entry: DirectoryEntry, line: Line) -> Card:
    member = entry.member
    is_organisation = member.kind == Kind.ORGANISATION
    return Card(
        pk=entry.pk,
        name=str(member),
        is_organisation=is_organisation,
        headline=entry.headline,
        bio=entry.bio,
        website=entry.website,
        skills=[skill.name for skill in entry.skills.all()],
        organisations=[] if is_organisation else line.organisations,
        college=member.college.name if entry.shows_college else "",
        email=member.email if entry.shows_email else "",
        phone=member.phone if entry.shows_phone else "",
        city=member.city if entry.shows_city else "",
    )


def preview(entry: DirectoryEntry) -> Card:
    """What others would read of it, whether it is shown or not."""
    return cards_of(lines_of(DirectoryEntry.objects.filter(pk=entry.pk), on=timezone.localdate()))[0]


class Selection:
    """Those of the entries that a reader asks for, and what to say of it. Any value of a filter will do; filters add up."""

    facets: ClassVar[dict[str, Any]] = {
        "skill": gettext_lazy("Compétence"),
        "organisation": gettext_lazy("Organisation"),
        "college": gettext_lazy("Collège"),
    }

    def __init__(self, query: QueryDict, *, on: date) -> None:
        self.lines = lines_of(DirectoryEntry.objects.shown(on=on), on=on)
        self.text = " ".join(query.get("q", "").replace("\0", " ").split())[:LONGEST]
        self.words = [word for word, _written in words_of(self.text)]
        self.labels: dict[str, dict[str, str]] = {name: {} for name in self.facets}
        for line in self.lines:
            for name, values in line.values.items():
                self.labels[name].update(values)
        self.applied: dict[str, list[str]] = {}
        self.misread: list[str] = []
        for name in self.facets:
            asked = [value for value in dict.fromkeys(query.getlist(name)[:MOST_VALUES]) if value]
            self.misread += [in_quotes(value) for value in asked if value not in self.labels[name]]
            if known := [value for value in asked if value in self.labels[name]]:
                self.applied[name] = known

    def __bool__(self) -> bool:
        return bool(self.text or self.applied)

    def _but_for(self, facet: str = "") -> list[Line]:
        others = {name: values for name, values in self.applied.items() if name != facet}
        return [
            line
            for line in self._found
            if all(any(value in line.values[name] for value in values) for name, values in others.items())
        ]

    @cached_property
    def _found(self) -> list[Line]:
        return [line for line in self.lines if all(line.has(word) for word in self.words)]

    @cached_property
    def kept(self) -> list[Line]:
        return self._but_for()

    @property
    def count(self) -> int:
        return len(self.kept)

    @cached_property
    def choices(self) -> list[Choice]:
        """Each filter, with how many entries each of its values would keep, the others and the search applied."""
        return [self._choice(name) for name in self.facets]

    def _choice(self, name: str) -> Choice:
        counts = Counter(value for line in self._but_for(name) for value in line.values[name])
        chosen = self.applied.get(name, [])
        labels = sorted(self.labels[name].items(), key=lambda one: fold(one[1]))
        options = [Option(value, label, counts[value], value in chosen) for value, label in labels]
        return Choice(name, str(self.facets[name]), options)

    def query(self, **changes: list[str]) -> str:
        return urlencode({"q": [self.text] if self.text else [], **self.applied} | changes, doseq=True)

    @property
    def chips(self) -> list[Chip]:
        chips = [Chip(in_quotes(self.text), self.query(q=[]))] if self.text else []
        for name, values in self.applied.items():
            for value in values:
                others = [other for other in values if other != value]
                chips.append(Chip(self.labels[name][value], self.query(**{name: others})))
        return chips

    @property
    def remarks(self) -> list[str]:
        said = []
        if self.text and not self.words:
            said.append(_("Ces mots sont trop courants pour chercher\u00a0: ajoutez-en un autre."))
        if self.misread:
            words = ", ".join(self.misread)
            said.append(_("Aucune fiche ne répond à ce filtre\u00a0: %(words)s.") % {"words": words})
        return said
