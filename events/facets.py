"""What the agenda can be filtered by. Within a facet any of the chosen values will do; facets add up."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from functools import cached_property
from typing import Any, ClassVar

from django.db.models import Count, Model, Q
from django.db.models.functions import TruncMonth, TruncYear
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from events.models import Audience, Event, Level, Theme

YEARS = range(2000, 2100)  # the months that a calendar page or a filter may name


class Facet:
    """One instance a request: the words it knows are read once."""

    name: ClassVar[str]
    label: ClassVar[str | Promise]

    @cached_property
    def choices(self) -> Mapping[str, str]:
        """What may be chosen, in words."""
        raise NotImplementedError

    def knows(self, value: str) -> bool:
        return value in self.choices

    def offered(self, counts: Mapping[str, int], chosen: Iterable[str]) -> Iterable[str]:
        """The values to show, in their order."""
        return self.choices

    def words_for(self, value: str) -> str:
        return self.choices[value]

    def condition(self, values: Iterable[str]) -> Q:
        raise NotImplementedError

    def counts(self, events: Any) -> Mapping[str, int]:
        """How many of `events` each value keeps, in one query."""
        raise NotImplementedError


class FieldFacet(Facet):
    field_choices: ClassVar[Sequence[tuple[str, str | Promise]]]

    @cached_property
    def choices(self) -> Mapping[str, str]:
        return {value: str(label) for value, label in self.field_choices}

    def condition(self, values: Iterable[str]) -> Q:
        return Q(**{f"{self.name}__in": list(values)})

    def counts(self, events: Any) -> Mapping[str, int]:
        return dict(events.order_by().values_list(self.name).annotate(Count("pk")))


class KindFacet(FieldFacet):
    name, label = "kind", gettext_lazy("Quoi")
    field_choices = Event.Kind.choices


class LevelFacet(FieldFacet):
    name, label = "level", gettext_lazy("Niveau")
    field_choices = Level.choices


class FormatFacet(FieldFacet):
    name, label = "format", gettext_lazy("Où")
    field_choices = Event.Format.choices


class NamedFacet(Facet):
    """Rows that staff write, by the word in their address."""

    model: ClassVar[type[Model]]
    relation: ClassVar[str]

    @cached_property
    def choices(self) -> Mapping[str, str]:
        return dict(self.model._default_manager.values_list("slug", "name"))

    @property
    def named(self) -> Any:
        """The rows that tie events to these words."""
        return getattr(Event, self.relation).through._default_manager

    def condition(self, values: Iterable[str]) -> Q:
        chosen = self.named.filter(**{f"{self.name}__slug__in": list(values)})
        return Q(pk__in=chosen.values("event"))

    def counts(self, events: Any) -> Mapping[str, int]:
        return dict(events.order_by().values_list(f"{self.relation}__slug").annotate(Count("pk")))


class ThemeFacet(NamedFacet):
    name, label, model, relation = "theme", gettext_lazy("Thème"), Theme, "themes"


class AudienceFacet(NamedFacet):
    """An event that names no public is for each of them."""

    name, label, model, relation = "audience", gettext_lazy("Pour qui"), Audience, "audiences"

    def condition(self, values: Iterable[str]) -> Q:
        return super().condition(values) | ~Q(pk__in=self.named.values("event"))

    def counts(self, events: Any) -> Mapping[str, int]:
        named = Counter(super().counts(events))
        for_all = named.pop(None, 0)  # type: ignore[call-overload]
        return {slug: named[slug] + for_all for slug in self.choices}


class PriceFacet(Facet):
    name, label = "price", gettext_lazy("Tarif")

    @cached_property
    def choices(self) -> Mapping[str, str]:
        return {"gratuit": _("gratuit"), "payant": _("payant")}

    def condition(self, values: Iterable[str]) -> Q:
        asked, paid = set(values), Q(pk__in=Event.objects.paid().values("pk"))
        if asked == {"payant"}:
            return paid
        return ~paid if asked == {"gratuit"} else Q()

    def counts(self, events: Any) -> Mapping[str, int]:
        kept = {value: Count("pk", filter=self.condition([value])) for value in self.choices}
        return dict(events.order_by().aggregate(**kept))


class PeriodFacet(Facet):
    """Months or years of Paris. Those that hold nothing are not offered, and may be asked for all the same."""

    trunc: ClassVar[type[TruncMonth] | type[TruncYear]]
    written: ClassVar[str]  # for strftime

    def first_day(self, value: str) -> date:
        return datetime.strptime(value, self.written).date()

    def next_period(self, first: date) -> date:
        raise NotImplementedError

    def knows(self, value: str) -> bool:
        try:
            first = self.first_day(value)
        except ValueError:
            return False
        return first.year in YEARS and f"{first:{self.written}}" == value

    def offered(self, counts: Mapping[str, int], chosen: Iterable[str]) -> Iterable[str]:
        return sorted({*counts, *chosen})

    def condition(self, values: Iterable[str]) -> Q:
        asked = Q()
        for value in values:
            first = self.first_day(value)
            asked |= Q(starts_at__gte=_midnight(first), starts_at__lt=_midnight(self.next_period(first)))
        return asked

    def counts(self, events: Any) -> Mapping[str, int]:
        periods = events.order_by().annotate(period=self.trunc("starts_at")).values_list("period")
        return {f"{period:{self.written}}": number for period, number in periods.annotate(Count("pk"))}


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


class MonthFacet(PeriodFacet):
    name, label, trunc, written = "month", gettext_lazy("Mois"), TruncMonth, "%Y-%m"

    def next_period(self, first: date) -> date:
        return date(first.year + first.month // 12, first.month % 12 + 1, 1)

    def words_for(self, value: str) -> str:
        return date_format(self.first_day(value), "F Y")


class YearFacet(PeriodFacet):
    """The last year first."""

    name, label, trunc, written = "year", gettext_lazy("Année"), TruncYear, "%Y"

    def next_period(self, first: date) -> date:
        return date(first.year + 1, 1, 1)

    def offered(self, counts: Mapping[str, int], chosen: Iterable[str]) -> Iterable[str]:
        return sorted({*counts, *chosen}, reverse=True)

    def words_for(self, value: str) -> str:
        return value
