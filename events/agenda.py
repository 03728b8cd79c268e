"""What the agenda's filters select, for the page and its feeds alike."""

from typing import Any

from django.db.models import Q
from django.http import QueryDict

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


def chips(form: AgendaFilter, query: QueryDict) -> list[dict[str, str]]:
    """Each applied filter in words, with the query string that takes it away."""
    found = []
    for name, value in form.applied.items():
        others = query.copy()
        others.pop(name, None)
        others.pop("page", None)
        field = form.fields[name]
        label = dict(field.choices).get(value, value) if name in form.CHOICES else value
        found.append(
            {"label": str(label) if name != "month" else f"{value:%m/%Y}", "query": others.urlencode()}
        )
    return found
