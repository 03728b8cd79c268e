"""What a search engine reads of an event and of a training: schema.org, as JSON-LD."""

import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.templatetags.static import static
from django.utils.safestring import SafeString, mark_safe

from events.models import Event, Price, Training
from partners.models import Partner

ATTENDANCE = {
    Event.Format.ON_SITE: "OfflineEventAttendanceMode",
    Event.Format.ONLINE: "OnlineEventAttendanceMode",
    Event.Format.HYBRID: "MixedEventAttendanceMode",
}
COURSE_MODE = {Event.Format.ON_SITE: "onsite", Event.Format.ONLINE: "online", Event.Format.HYBRID: "blended"}
AVAILABILITY = {
    Event.Availability.NOT_YET: "InStock",  # from `validFrom` on
    Event.Availability.OPEN: "InStock",
    Event.Availability.FEW: "LimitedAvailability",
    Event.Availability.QUEUE: "SoldOut",
    Event.Availability.FULL: "SoldOut",
}
LESSONS = {Event.Kind.WORKSHOP, Event.Kind.TRAINING, Event.Kind.SEMINAR}
ESCAPES = {ord(">"): "\\u003E", ord("<"): "\\u003C", ord("&"): "\\u0026"}

_town_in = re.compile(r"(?P<street>.*?),?\s*(?P<code>\d{5})\s+(?P<town>[^,]+)").fullmatch


def absolute(path: str) -> str:
    return urljoin(settings.SITE_URL, path)


def term(name: str) -> str:
    """One of the words that schema.org defines."""
    return f"https://schema.org/{name}"


def describe(event: Event) -> dict[str, Any]:
    """Who asks for nothing gets nothing: what an event does not have is left out."""
    is_cancelled = event.status == Event.Status.CANCELLED
    picture = event.image.shared_url if event.image else static("img/partage.png")  # type: ignore[attr-defined]
    told = {
        "@context": "https://schema.org",
        "@type": "EducationEvent" if event.kind in LESSONS else "Event",
        "@id": absolute(event.get_absolute_url()),
        "name": event.title,
        "description": event.summary,
        "url": absolute(event.get_absolute_url()),
        "image": [absolute(picture)],
        "startDate": event.starts_at.isoformat(),
        "endDate": event.ends_at.isoformat(),
        "eventStatus": term("EventCancelled" if is_cancelled else "EventScheduled"),
        "eventAttendanceMode": term(ATTENDANCE[Event.Format(event.format)]),
        "location": _location(event),
        "inLanguage": event.language,
        "keywords": [theme.name for theme in event.themes.all()],
        "audience": [_audience(public.name) for public in event.audiences.all()],
        "organizer": [association(), *map(_partner, event.partners.all())],
        "performer": [
            _filled(
                {"@type": "Person", "name": speaker.name, "jobTitle": speaker.role, "sameAs": speaker.website}
            )
            for speaker in event.people
        ],
        "isAccessibleForFree": event.is_free,
        "maximumAttendeeCapacity": event.capacity,
        "remainingAttendeeCapacity": event.places_left if event.capacity is not None else None,
        "offers": _offers(event),
    }
    return _filled(told)


def describe_training(training: Training, sessions: Iterable[Event]) -> dict[str, Any]:
    return _filled(
        {
            "@context": "https://schema.org",
            "@type": "Course",
            "@id": absolute(training.get_absolute_url()),
            "name": training.title,
            "description": training.summary,
            "url": absolute(training.get_absolute_url()),
            "inLanguage": settings.LANGUAGE_CODE,
            "provider": association(),
            "hasCourseInstance": [_session(session, training) for session in sessions],
        }
    )


def _session(event: Event, training: Training) -> dict[str, Any]:
    minutes = round(training.duration_hours * 60)
    return {
        "@type": "CourseInstance",
        "name": event.title,
        "url": absolute(event.get_absolute_url()),
        "courseMode": COURSE_MODE[Event.Format(event.format)],
        "courseWorkload": f"PT{minutes}M",
        "startDate": event.starts_at.isoformat(),
        "endDate": event.ends_at.isoformat(),
        "location": _location(event),
        "offers": _offers(event),
    }


def association() -> dict[str, Any]:
    address = absolute("/")
    return {"@type": "Organization", "@id": address, "name": settings.ASSOCIATION["name"], "url": address}


def _partner(partner: Partner) -> dict[str, Any]:
    url = absolute(partner.get_absolute_url()) if partner.is_founder else ""
    return _filled({"@type": "Organization", "name": partner.name, "url": url})


def _audience(name: str) -> dict[str, str]:
    return {"@type": "Audience", "audienceType": name}


def _location(event: Event) -> list[dict[str, Any]]:
    online = {"@type": "VirtualLocation", "url": absolute(event.get_absolute_url())}
    if event.format == Event.Format.ONLINE:
        return [online]
    place: dict[str, Any] = {
        "@type": "Place",
        "name": event.venue,
        "address": _address(event.address or event.venue),
    }
    if event.latitude is not None and event.longitude is not None:
        point = {"latitude": float(event.latitude), "longitude": float(event.longitude)}
        place["geo"] = {"@type": "GeoCoordinates", **point}
    return [place, online] if event.format == Event.Format.HYBRID else [place]


def _address(written: str) -> dict[str, Any]:
    """« 12 rue d’Essai, 34000 Montpellier », in parts when it can be read so."""
    found = _town_in(written.strip())
    parts = {"streetAddress": written.strip()}
    if found:
        parts = {
            "streetAddress": found["street"],
            "postalCode": found["code"],
            "addressLocality": found["town"].strip(),
        }
    return _filled({"@type": "PostalAddress", **parts, "addressCountry": "FR"})


def _offers(event: Event) -> list[dict[str, Any]]:
    """One a price that anybody may take. Without any price, entry is free."""
    public = [price for price in event.prices.all() if not price.is_reserved]
    if public:
        return [_offer(event, price) for price in public]
    return [] if event.prices.all() else [_offer(event, None)]


def _offer(event: Event, price: Price | None) -> dict[str, Any]:
    availability = AVAILABILITY.get(event.availability, "OutOfStock")
    opens_at, closes_at = event.registration_opens_at, event.registration_ends_at
    if price is not None:
        availability = "SoldOut" if price.is_sold_out and availability != "OutOfStock" else availability
        opens_at, closes_at = price.opens_at or opens_at, min(price.closes_at or closes_at, closes_at)
    return _filled(
        {
            "@type": "Offer",
            "name": price.name if price else None,
            "url": absolute(event.get_absolute_url()),
            "price": str(price.amount if price else 0),
            "priceCurrency": "EUR",
            "availability": term(availability),
            "validFrom": opens_at.isoformat() if opens_at else None,
            "validThrough": closes_at.isoformat(),
        }
    )


def _filled(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value not in (None, "", [])}


def as_json(told: dict[str, Any]) -> SafeString:
    """JSON that no title can break out of, once between <script> tags. It is data: the CSP runs none of it."""
    text = json.dumps(told, ensure_ascii=False).translate(ESCAPES)
    return mark_safe(text)  # noqa: S308 - escaped the line above
