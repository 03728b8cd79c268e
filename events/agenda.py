"""What the agenda's filters select, for the page and its feeds alike."""

from typing import Any

from django.db.models import Q
from django.http import QueryDict
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from events.forms import AgendaFilter
from events.models import Event


def select(filters: dict[str, Any]) -> Any:
    """The upcoming public events that all the `filters` of an AgendaFilter keep."""
    events = Event.objects.upcoming()
    for name in ("kind", "audience", "level", "format"):
        if name in filters:
            events = events.filter(**{name: filters[name]})
    if "theme" in filters:
        events = events.filter(themes=filters["theme"])
    if "price" in filters:
        events = events.filter(price=0) if filters["price"] == "gratuit" else events.filter(price__gt=0)
    if "month" in filters:
        events = events.filter(starts_at__year=filters["month"].year, starts_at__month=filters["month"].month)
    for word in filters.get("q", "").split():
        places = Q(title__icontains=word) | Q(summary__icontains=word) | Q(venue__icontains=word)
        events = events.filter(places)
    return events


def without(query: QueryDict, *names: str) -> str:
    """The query string less these parameters, the page and what was left empty."""
    kept = query.copy()
    for name in [*query, "page"]:
        if name in {*names, "page"} or not query.get(name):
            kept.pop(name, None)
    return kept.urlencode()


def chips(form: AgendaFilter, query: QueryDict) -> list[dict[str, str]]:
    """Each applied filter in words, with the query string that takes it away."""
    return [
        {"label": _label(form, name, value), "query": without(query, name)}
        for name, value in form.applied.items()
    ]


def _label(form: AgendaFilter, name: str, value: Any) -> str:
    if name == "q":
        return _("« %(words)s »") % {"words": value}
    if name == "month":
        return date_format(value, "F Y")
    return str(dict(form.CHOICES[name][1]).get(value, value) if name in form.CHOICES else value)
