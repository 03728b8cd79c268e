"""Events as calendars read them: RFC 5545, and RFC 7986 for a feed."""

from collections.abc import Iterable
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

import icalendar
from django.conf import settings
from django.http import HttpResponse

if TYPE_CHECKING:
    from events.models import Event

READ_AGAIN = timedelta(hours=2)


def uid(event: "Event") -> str:
    """The same for ever: by it a calendar knows that an entry changed, and does not add a second one."""
    return f"event-{event.pk}@{settings.SITE_HOST}"


def outline(event: "Event") -> icalendar.Event:
    """When and where. Instants are written in UTC: right in every client, on both sides of a change of hour."""
    entry = icalendar.Event()
    entry.add("dtstart", event.starts_at.astimezone(UTC))
    entry.add("dtend", event.ends_at.astimezone(UTC))
    if event.venue:
        entry.add("location", ", ".join(filter(None, [event.venue, event.address])))
    if event.latitude is not None and event.longitude is not None:
        entry.add("geo", (float(event.latitude), float(event.longitude)))
    return entry


def _entry(event: "Event") -> icalendar.Event:
    entry = outline(event)
    entry.add("uid", uid(event))
    entry.add("sequence", event.sequence)
    entry.add("dtstamp", event.updated_at.astimezone(UTC))
    entry.add("last-modified", event.updated_at.astimezone(UTC))
    entry.add("summary", event.title)
    entry.add("description", event.summary)
    entry.add("url", settings.SITE_URL + event.get_absolute_url())
    entry.add("status", "CANCELLED" if event.status == event.Status.CANCELLED else "CONFIRMED")
    if themes := [theme.name for theme in event.themes.all()]:
        entry.add("categories", themes)
    return entry


def book(entries: Iterable[icalendar.Event], *, feed_name: str = "") -> icalendar.Calendar:
    """A feed says how often to read it again; without a name it is a file to import."""
    book = icalendar.Calendar()
    book.add("prodid", "-//IA Montpellier Méditerranée//Agenda//FR")
    book.add("version", "2.0")
    if feed_name:
        book.add("method", "PUBLISH")
        book.add("name", feed_name)
        book.add("x-wr-calname", feed_name)
        book.add("x-wr-timezone", settings.TIME_ZONE)
        book.add("refresh-interval", READ_AGAIN, parameters={"VALUE": "DURATION"})
        book.add("x-published-ttl", "PT2H")
    for entry in entries:
        book.add_component(entry)
    return book


def answer(book: icalendar.Calendar, *, filename: str, is_feed: bool = False) -> HttpResponse:
    disposition = "inline" if is_feed else "attachment"
    return HttpResponse(
        book.to_ical(),
        content_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": f'{disposition}; filename="{filename}"'},
    )


def calendar(events: "Iterable[Event]", *, filename: str, is_feed: bool = False) -> HttpResponse:
    name = settings.ASSOCIATION["name"] if is_feed else ""
    return answer(book(map(_entry, events), feed_name=name), filename=filename, is_feed=is_feed)
