"""What a search engine reads on an event's page: schema.org, as JSON-LD."""

import json
from typing import Any

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

from events.models import Event

ATTENDANCE = {
    Event.Format.ON_SITE: "OfflineEventAttendanceMode",
    Event.Format.ONLINE: "OnlineEventAttendanceMode",
    Event.Format.HYBRID: "MixedEventAttendanceMode",
}
SOLD_OUT = {Event.Availability.QUEUE, Event.Availability.FULL}
ESCAPES = {ord(">"): "\\u003E", ord("<"): "\\u003C", ord("&"): "\\u0026"}


def describe(event: Event) -> dict[str, Any]:
    url = settings.SITE_URL + event.get_absolute_url()
    is_cancelled = event.status == Event.Status.CANCELLED
    offer = {
        "@type": "Offer",
        "url": url,
        "price": str(event.price),
        "priceCurrency": "EUR",
        "availability": f"https://schema.org/{'SoldOut' if event.availability in SOLD_OUT else 'InStock'}",
    }
    return {
        "@context": "https://schema.org",
        "@type": "Event",
        "name": event.title,
        "description": event.summary,
        "url": url,
        "startDate": event.starts_at.isoformat(),
        "endDate": event.ends_at.isoformat(),
        "eventStatus": f"https://schema.org/{'EventCancelled' if is_cancelled else 'EventScheduled'}",
        "eventAttendanceMode": f"https://schema.org/{ATTENDANCE[Event.Format(event.format)]}",
        "location": _location(event, url),
        "organizer": {
            "@type": "Organization",
            "name": settings.ASSOCIATION["name"],
            "url": settings.SITE_URL,
        },
        "isAccessibleForFree": event.is_free,
        "offers": offer,
    }


def _location(event: Event, url: str) -> dict[str, str]:
    if event.format == Event.Format.ONLINE:
        return {"@type": "VirtualLocation", "url": url}
    return {"@type": "Place", "name": event.venue, "address": event.address or event.venue}


def as_json(event: Event) -> SafeString:
    """JSON that no title can break out of, once between <script> tags. It is data: the CSP runs none of it."""
    text = json.dumps(describe(event), ensure_ascii=False).translate(ESCAPES)
    return mark_safe(text)  # noqa: S308 - escaped the line above
