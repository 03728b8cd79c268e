"""The agenda, its archive, its months and its feeds, filtered alike: what was asked, and what each option would give."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from events.facets import (
    AudienceFacet,
    Facet,
    FormatFacet,
    KindFacet,
    LevelFacet,
    MonthFacet,
    PriceFacet,
    ThemeFacet,
    YearFacet,
)
from events.models import Level
from events.search import Search
from members.filters import Chip, Choice, Option, in_quotes

BY_WORDS = (KindFacet, AudienceFacet, LevelFacet, ThemeFacet, FormatFacet, PriceFacet)
AGENDA = (*BY_WORDS, MonthFacet)
ARCHIVE = (*BY_WORDS, YearFacet)
DOORS = {
    "discover": (Level.BEGINNER,),
    "practise": (Level.INTERMEDIATE, Level.EXPERT),
}
# What others add to our addresses to follow people: neither a filter of ours nor a mistake.
TRACKING = ("utm_", "mtm_", "pk_", "fbclid", "gclid", "msclkid", "mc_")
MOST_VALUES = 50  # of one parameter
SAID = 5


class Selection:
    """`scope` is what there is to select from. What means nothing is left out, and told in `misread`."""

    def __init__(self, query: QueryDict, scope: Any, facets: Sequence[type[Facet]] = AGENDA) -> None:
        self.scope = scope
        self.facets = [facet() for facet in facets]
        self.search = Search.of(query.get("q", ""))
        self.applied: dict[str, list[str]] = {}
        self.misread: list[str] = []
        for facet in self.facets:
            self._read(facet, query.getlist(facet.name)[:MOST_VALUES])
        known = {"q", "page", *(facet.name for facet in self.facets)}
        self.misread += [
            in_quotes(name) for name in query if name not in known and not name.startswith(TRACKING)
        ]

    def _read(self, facet: Facet, values: list[str]) -> None:
        asked = {value for value in values if value}
        understood = [value for value in dict.fromkeys(values) if value and facet.knows(value)]
        if understood:
            self.applied[facet.name] = sorted(understood)
        self.misread += [
            f"{facet.label} {in_quotes(value)}" for value in sorted(asked.difference(understood))
        ]

    def __bool__(self) -> bool:
        return bool(self.applied or self.search.text)

    @property
    def text(self) -> str:
        """The words that are looked for, as the form shows them again."""
        return self.search.text

    # What it keeps

    @cached_property
    def _found(self) -> Any:
        return self.scope.filter(self.search.condition(self.scope))

    def _but_for(self, facet: Facet | None) -> Any:
        others = [other for other in self.facets if other is not facet and other.name in self.applied]
        conditions = [other.condition(self.applied[other.name]) for other in others]
        return self._found.filter(*conditions) if conditions else self._found

    @property
    def events(self) -> Any:
        return self._but_for(None)

    @cached_property
    def count(self) -> int:
        return int(self.events.count())

    @cached_property
    def choices(self) -> list[Choice]:
        """Each facet with how many events each of its values would keep, the other facets and the search applied."""
        return [self._choice(facet) for facet in self.facets]

    def _choice(self, facet: Facet) -> Choice:
        chosen, counts = self.applied.get(facet.name, []), facet.counts(self._but_for(facet))
        options = [
            Option(value, facet.words_for(value), counts.get(value, 0), value in chosen)
            for value in facet.offered(counts, chosen)
        ]
        return Choice(facet.name, str(facet.label), options)

    # How to ask for it again

    def query(self, **changes: list[str]) -> str:
        """The one address of a selection: parameters in one order, nothing empty, nothing that is not ours."""
        asked = {"q": [self.search.text] if self.search.text else [], **self.applied} | changes
        return urlencode(asked, doseq=True)

    @property
    def remarks(self) -> list[str]:
        """What to say of how it was understood."""
        said, count = [], self.count  # which runs the search
        if self.search.is_cut:
            said.append(_("La recherche était longue : seuls ses premiers mots comptent."))
        if self.search.text and not self.search:
            said.append(_("Ces mots sont trop courants pour chercher : ajoutez-en un autre."))
        for word, known in self.search.nearby.items():
            quoted = {"word": word, "words": ", ".join(in_quotes(one) for one in known[:SAID])}
            if not known:
                said.append(_("Aucun rendez-vous ne dit « %(word)s », ni un mot proche.") % quoted)
            elif count:
                said.append(_("Aucun rendez-vous ne dit « %(word)s ». Résultats pour %(words)s.") % quoted)
            else:
                said.append(
                    _("Aucun rendez-vous ne dit « %(word)s ». Le mot le plus proche : %(words)s.") % quoted
                )
        if self.misread:
            words = ", ".join(self.misread[:SAID])
            said.append(_("Nous n’avons pas compris : %(words)s.") % {"words": words})
        return said

    @property
    def chips(self) -> list[Chip]:
        """Each applied filter in words, with the query that takes it away."""
        chips = (
            [Chip(_("« %(words)s »") % {"words": self.search.text}, self.query(q=[]))]
            if self.search.text
            else []
        )
        for facet in self.facets:
            values = self.applied.get(facet.name, [])
            for value in values:
                others = [other for other in values if other != value]
                chips.append(Chip(facet.words_for(value), self.query(**{facet.name: others})))
        return chips

    @property
    def feeds(self) -> dict[str, str]:
        """Where to follow it. A month that is over would leave an empty calendar: it is not part of the address."""
        query = self.timeless_query
        suffix = f"?{query}" if query else ""
        ics = f"{settings.SITE_URL}{reverse('events:feed_ics')}{suffix}"
        atom = f"{settings.SITE_URL}{reverse('events:feed_atom')}{suffix}"
        return {"ics": ics, "webcal": f"webcal:{ics.partition(':')[2]}", "atom": atom}

    @property
    def timeless_query(self) -> str:
        return self.query(month=[], year=[])

    @property
    def door(self) -> str | None:
        """Through which of the two doors this is seen, if any."""
        levels = set(self.applied.get("level", []))
        return next((name for name, values in DOORS.items() if set(values) == levels), None)
