"""Who is told what, once. A booking's contact hears of the booking; somebody who comes, of their own place."""

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.conf import settings

from mailing import outbox
from mailing.models import Email

if TYPE_CHECKING:
    from events.models import AccessNeed, Booking, Event, GroupMessage, Registration


def _template(mail: str) -> str:
    return f"events/email/{mail}"


def _queue(
    mail: str, booking: "Booking", /, *, key: str, to: str = "", language: str = "", **context: Any
) -> bool:
    """Queue `mail` once per `key`, to the contact unless `to` says who. Tells whether it was new."""
    email = outbox.queue(
        _template(mail),
        to=to or booking.email,
        context={"booking": booking, "event": booking.event, "name": booking.name, **context},
        key=f"events.{key}",
        language=language or booking.language,
    )
    return email is not None


def booking_confirmed(booking: "Booking") -> None:
    _queue("booking_confirmed", booking, key=f"confirmed.{booking.pk}")


def booking_requested(booking: "Booking") -> None:
    _queue("booking_requested", booking, key=f"requested.{booking.pk}")


def booking_refused(booking: "Booking") -> None:
    _queue("booking_refused", booking, key=f"refused.{booking.pk}")


def booking_waiting(booking: "Booking") -> None:
    _queue("booking_waiting", booking, key=f"waiting.{booking.pk}")


def places_held(booking: "Booking") -> None:
    assert booking.charge is not None  # noqa: S101 - a held place is a place to pay
    _queue("places_held", booking, key=f"held.{booking.charge.pk}", charge=booking.charge)


def places_offered(booking: "Booking") -> None:
    _queue("places_offered", booking, key=f"offered.{booking.pk}")


def offer_expired(booking: "Booking") -> None:
    _queue("offer_expired", booking, key=f"offer_expired.{booking.pk}")


def booking_cancelled(booking: "Booking", *, refund: Decimal) -> None:
    _queue("booking_cancelled", booking, key=f"cancelled.{booking.pk}", refund=refund)


def place_cancelled(booking: "Booking", place: "Registration", *, refund: Decimal) -> None:
    _queue("place_cancelled", booking, key=f"place_cancelled.{place.pk}", place=place, refund=refund)


def booking_moved(booking: "Booking", *, from_event: "Event") -> None:
    key = f"moved.{booking.pk}.{from_event.pk}.{booking.event_id}.{booking.queued_at.timestamp()}"
    _queue("booking_moved", booking, key=key, from_event=from_event)


def place_handed_over(place: "Registration", *, before: str) -> None:
    """Tell who gave the place, who has it now, and the contact if that is a third person."""
    key = f"handed_over.{place.code}"
    _queue("place_received", place.booking, key=f"{key}.to", to=place.email, place=place, name=place.name)
    for giver in {before, place.booking.email} - {place.email}:
        _queue("place_handed_over", place.booking, key=f"{key}.{giver}"[:200], to=giver, place=place, name="")


def event_cancelled(booking: "Booking") -> None:
    _queue("event_cancelled", booking, key=f"event_cancelled.{booking.pk}")


def booking_link(booking: "Booking", *, day: date) -> None:
    """Remind somebody of the page of a booking they had forgotten, once a day at most."""
    _queue("booking_link", booking, key=f"link.{day}.{booking.pk}")


def reminder(place: "Registration", *, days: int) -> bool:
    key = f"reminder.{days}.{place.pk}"
    return _queue("reminder", place.booking, key=key, to=place.email, place=place, name=place.name)


def access_need_asked(need: "AccessNeed") -> None:
    """To the accessibility contact alone: it may tell of somebody's health."""
    to = need.registration.event.accessibility_email or settings.ASSOCIATION["email"]
    if to:
        _queue(
            "access_need_asked",
            need.registration.booking,
            key=f"access.{need.pk}",
            to=to,
            language=settings.LANGUAGE_CODE,
            need=need,
            name="",
        )


def access_need_answered(need: "AccessNeed") -> None:
    assert need.answered_at is not None  # noqa: S101 - set by the verb that calls
    place = need.registration
    key = f"access_answer.{need.pk}.{need.answered_at.timestamp()}"
    _queue(
        "access_need_answered",
        place.booking,
        key=key,
        to=place.email,
        need=need,
        place=place,
        name=place.name,
    )


def _group_message(message: "GroupMessage", place: "Registration") -> dict[str, Any]:
    booking, event = place.booking, place.booking.event
    return {"message": message, "place": place, "booking": booking, "event": event, "name": place.name}


def group_message(message: "GroupMessage", place: "Registration") -> Email | None:
    """Only its address makes the key: a place handed over meanwhile brings no second copy."""
    return outbox.queue(
        _template("group_message"),
        to=place.email,
        context=_group_message(message, place),
        key=message.key_for(place.email.lower()),
        language=place.booking.language,
    )


def group_message_preview(message: "GroupMessage", place: "Registration") -> dict[str, str]:
    """What this person would get."""
    context = _group_message(message, place)
    return outbox.render(_template("group_message"), context, language=place.booking.language)
