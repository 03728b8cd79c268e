from collections.abc import Iterable
from datetime import UTC

import icalendar
from django.conf import settings
from django.http import HttpResponse

from events.models import Event


def _entry(event: Event) -> icalendar.Event:
    """Instants are written in UTC: right in every client, on both sides of a change of hour."""
    entry = icalendar.Event()
    entry.add("uid", f"event-{event.pk}@{settings.SITE_HOST}")
    entry.add("dtstamp", event.updated_at.astimezone(UTC))
    entry.add("last-modified", event.updated_at.astimezone(UTC))
    entry.add("dtstart", event.starts_at.astimezone(UTC))
    entry.add("dtend", event.ends_at.astimezone(UTC))
    entry.add("summary", event.title)
    entry.add("description", event.summary)
    entry.add("url", settings.SITE_URL + event.get_absolute_url())
    entry.add("status", "CANCELLED" if event.status == Event.Status.CANCELLED else "CONFIRMED")
    if event.venue:
        entry.add("location", ", ".join(filter(None, [event.venue, event.address])))
    return entry


def calendar(events: Iterable[Event], *, filename: str) -> HttpResponse:
    book = icalendar.Calendar()
    book.add("prodid", "-//IA Montpellier Méditerranée//Agenda//FR")
    book.add("version", "2.0")
    book.add("x-wr-calname", "IA Montpellier Méditerranée")
    for event in events:
        book.add_component(_entry(event))
    return HttpResponse(
        book.to_ical(),
        content_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{filename}"'},
    )
