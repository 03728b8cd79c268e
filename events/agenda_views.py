"""Finding an event: the agenda, its months, its archive, and feeds with the same filters."""

import calendar as calendars
from datetime import date
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page, require_safe

from events import atom, ics
from events.agenda import AGENDA, ARCHIVE, BY_WORDS, Selection
from events.facets import YEARS, MonthFacet
from events.models import Event, Resource

PAGE_SIZE = 30
ICS_SIZE = 500
ATOM_SIZE = 100
KEPT_FILTERS = 2
shared = cache_control(public=True, no_cache=True)  # kept for every stranger until something changes


@login_not_required
@shared
@require_safe
def agenda(request: HttpRequest) -> HttpResponse:
    selection = Selection(request.GET, Event.objects.upcoming(), AGENDA)
    context = _page(selection, selection.events.for_display(), request) | {
        "feeds": selection.feeds,
        "today": timezone.localdate(),
    }
    return _kept(render(request, "events/agenda.html", context), request, context)


@login_not_required
@shared
@require_safe
def archive(request: HttpRequest) -> HttpResponse:
    selection = Selection(request.GET, Event.objects.past(), ARCHIVE)
    published = Resource.objects.filter(is_public=True).order_by("kind")
    events = selection.events.prefetch_related(
        "audiences", Prefetch("resources", published, to_attr="published_resources")
    )
    context = _page(selection, events, request)
    return _kept(render(request, "events/archive.html", context), request, context)


def _page(selection: Selection, events: Any, request: HttpRequest) -> dict[str, Any]:
    paginator = Paginator(events, PAGE_SIZE)
    paginator.count = selection.count
    page = paginator.get_page(request.GET.get("page"))
    later = {"page": [str(page.number)]} if page.number > 1 else {}
    return {
        "selection": selection,
        "page": page,
        "canonical_query": selection.query(**later),
        "is_noindex": bool(selection.search.text) or not selection.count,
    }


@login_not_required
@shared
@require_safe
def calendar(request: HttpRequest, year: int, month: int) -> HttpResponse:
    """The month as a table of weeks, cancelled and past events included."""
    if year not in YEARS or not 1 <= month <= 12:
        raise Http404
    first = date(year, month, 1)
    weeks = calendars.Calendar().monthdatescalendar(year, month)
    in_month = MonthFacet().condition([f"{first:%Y-%m}"])
    selection = Selection(request.GET, Event.objects.public().filter(in_month), BY_WORDS)
    by_day: dict[date, list[Event]] = {}
    for event in selection.events.order_by("starts_at", "pk"):
        by_day.setdefault(timezone.localdate(event.starts_at), []).append(event)
    context = {
        "selection": selection,
        "feeds": selection.feeds,
        "canonical_query": selection.query(),
        "is_noindex": bool(selection.search.text) or not by_day,
        "first": first,
        "weeks": [[(day, by_day.get(day, [])) for day in week] for week in weeks],
        "previous": date(year - (month == 1), (month - 2) % 12 + 1, 1),
        "next": date(year + (month == 12), month % 12 + 1, 1),
        "years": YEARS,
        "today": timezone.localdate(),
    }
    return _kept(render(request, "events/calendar.html", context), request, context)


@login_not_required
@shared
@require_safe
@conditional_page
def feed_ics(request: HttpRequest) -> HttpResponse:
    selection = _feed(request)
    events = selection.events.prefetch_related("themes")[:ICS_SIZE]
    response = ics.calendar(events, filename="agenda-iamm.ics", is_feed=True)
    return _kept(response, request, _feed_context(selection, len(events)))


@login_not_required
@shared
@require_safe
@conditional_page
def feed_atom(request: HttpRequest) -> HttpResponse:
    selection = _feed(request)
    events = selection.events.prefetch_related("themes")[:ATOM_SIZE]
    feed = atom.feed(events, query=selection.query())
    response = HttpResponse(feed.writeString("utf-8"), content_type=feed.content_type)
    return _kept(response, request, _feed_context(selection, len(events)))


def _feed(request: HttpRequest) -> Selection:
    return Selection(request.GET, Event.objects.upcoming(), AGENDA)


def _feed_context(selection: Selection, count: int) -> dict[str, Any]:
    is_noindex = bool(selection.search.text) or not count
    return {"selection": selection, "canonical_query": selection.query(), "is_noindex": is_noindex}


def _kept(response: HttpResponse, request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Of all that may be asked, keep for others only what can be counted: see iamm/page_cache.py.

    Something found with few filters and nothing typed, at the address that we write, or that the form does.
    """
    selection, query = context["selection"], context["canonical_query"]
    response.is_of_a_known_query = (  # type: ignore[attr-defined]
        not context["is_noindex"]
        and sum(map(len, selection.applied.values())) <= KEPT_FILTERS
        and request.META["QUERY_STRING"] in {query, f"q=&{query}"}
    )
    return response
