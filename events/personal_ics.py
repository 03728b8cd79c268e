"""What somebody holds, as calendars read it.

An entry has one identity for ever and a SEQUENCE that only grows, so that a calendar which has it follows each change.
"""

from collections.abc import Sequence
from email.utils import parseaddr
from typing import TYPE_CHECKING, TypeAlias

import icalendar
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from events import ics
from mailing.outbox import Attachment

if TYPE_CHECKING:
    from events.models import Booking, Event, Registration

    Held: TypeAlias = Booking | Registration

# A calendar often shows the title and nothing else: whoever waits must not read it as a place.
TITLES = {
    "requested": gettext_lazy("À valider : %s"),
    "waiting": gettext_lazy("En attente : %s"),
    "offered": gettext_lazy("Place proposée : %s"),
    "held": gettext_lazy("À payer : %s"),
}
FILENAME = "rendez-vous.ics"


def booking_of(held: "Held") -> "Booking":
    return held.booking if hasattr(held, "booking") else held


def status(held: "Held") -> str:
    """Of a booking, or of one of its places."""
    event = held.event
    if event.status == event.Status.CANCELLED or not held.is_live:
        return "CANCELLED"
    if held.is_confirmed:
        return "CONFIRMED"
    booking = booking_of(held)
    return "CANCELLED" if booking.is_late or event.has_begun else "TENTATIVE"


def entry(held: "Held", *, is_lost: bool = False) -> icalendar.Event:
    """With the address of the page always, and the link to join only for who is confirmed, once it is shown.

    A place that `is_lost` goes on without whoever had it: their entry is cancelled.
    """
    booking = booking_of(held)
    event, state = held.event, "CANCELLED" if is_lost else status(held)
    kind = "reservation" if booking is held else "place"
    found = ics.outline(event)
    if event.format == event.Format.ONLINE:
        found.pop("location", None)
        found.add("location", _("En ligne"))
    found.add("uid", f"{kind}-{held.pk}@{settings.SITE_HOST}")
    found.add("sequence", event.sequence + booking.sequence)
    found.add("dtstamp", timezone.now())
    found.add("status", state)
    found.add("transp", "TRANSPARENT" if state == "CANCELLED" else "OPAQUE")
    title = {"CANCELLED": _("Annulé : %s"), "CONFIRMED": "%s"}.get(state) or TITLES[booking.state]
    found.add("summary", title % event.title)
    if not is_lost:  # the address of the page is the secret of whoever has the place now
        found.add("url", settings.SITE_URL + held.get_absolute_url())
        found.add("description", _description(held, booking, event, state))
    organizer = settings.ASSOCIATION["email"] or parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    found.add("organizer", f"mailto:{organizer}", parameters={"CN": settings.ASSOCIATION["name"]})
    return found


def _description(held: "Held", booking: "Booking", event: "Event", state: str) -> str:
    lines = [event.summary]
    if held is booking and len(booking.places) > 1:
        lines.append(_("Pour : %s") % ", ".join(place.name for place in booking.places))
    if state == "CONFIRMED" and event.is_link_open:
        lines.append(_("Lien de connexion : %s") % event.online_url)
    elif state == "CONFIRMED" and event.online_url:
        lines.append(_("Le lien de connexion sera sur la page de votre réservation."))
    lines.append(f"{settings.SITE_URL}{held.get_absolute_url()}")
    return "\n\n".join(lines)


def book(held: "Sequence[Held]", *, feed_name: str = "", is_lost: bool = False) -> icalendar.Calendar:
    entries = []
    for one in held:
        with override(booking_of(one).language):
            entries.append(entry(one, is_lost=is_lost))
    found = ics.book(entries, feed_name=feed_name)
    if not feed_name:
        is_over = all(one["status"] == "CANCELLED" for one in entries)
        found.add("method", "CANCEL" if is_over else "PUBLISH")
    return found


def attachment(held: "Sequence[Held]", *, is_lost: bool = False) -> Attachment:
    """Mail programs add it to the calendar, or correct what they added before."""
    found = book(held, is_lost=is_lost)
    content_type = f"text/calendar; method={found['method']}"
    return Attachment(FILENAME, content_type, found.to_ical().decode())
