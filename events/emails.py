"""Who is told what, once. A booking's contact hears of the booking; somebody who comes, of their own place."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.crypto import salted_hmac

from events import personal_ics
from mailing import outbox
from mailing.models import Email, List

if TYPE_CHECKING:
    from events.addressees import Addressee
    from events.models import AccessNeed, Booking, Event, GroupMessage, Registration, ReminderRule
    from events.particulars import Particulars


def _template(mail: str) -> str:
    return f"events/email/{mail}"


def _queue(
    mail: str,
    booking: "Booking",
    /,
    *,
    key: str,
    to: str = "",
    language: str = "",
    attachments: Sequence[outbox.Attachment] = (),
    is_secret: bool = False,
    list: str | None = None,
    **context: Any,
) -> bool:
    """Queue `mail` once per `key`, to the contact unless `to` says who. Tells whether it was queued."""
    email = outbox.queue(
        _template(mail),
        to=to or booking.email,
        context={"booking": booking, "event": booking.event, "name": booking.name, **context},
        key=f"events.{key}",
        language=language or booking.language,
        attachments=attachments,
        is_secret=is_secret,
        list=list,
    )
    return email is not None


def _queue_to(addressee: "Addressee", mail: str, /, *, key: str, **context: Any) -> bool:
    """Once an address, whatever it holds. The key outlives the message: it does not say to whom."""
    digest = salted_hmac("events.emails", addressee.email).hexdigest()[:20]
    return _queue(
        mail,
        addressee.booking,
        key=f"{key}.{digest}",
        to=addressee.email,
        **{"name": addressee.name, "addressee": addressee, **context},
    )


def _tell_others(
    mail: str, places: "Iterable[Registration]", /, *, is_lost: bool = False, **context: Any
) -> None:
    """Also whoever comes with another address than the contact's, of their own place and nothing else."""
    for place in places:
        if place.email.lower() != place.booking.email.lower():
            key = f"{mail}.{place.pk}.{place.booking.sequence}.{place.booking.event.sequence}"
            _queue(
                mail,
                place.booking,
                key=key,
                to=place.email,
                name=place.name,
                place=place,
                attachments=[personal_ics.attachment([place], is_lost=is_lost)],
                **context,
            )


def booking_confirmed(booking: "Booking") -> None:
    entry = personal_ics.attachment([booking])
    _queue("booking_confirmed", booking, key=f"confirmed.{booking.pk}", attachments=[entry])
    _tell_others("place_confirmed", booking.places)


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


def booking_cancelled(booking: "Booking", places: "Iterable[Registration]", *, refund: Decimal) -> None:
    entry = personal_ics.attachment([booking])
    _queue("booking_cancelled", booking, key=f"cancelled.{booking.pk}", refund=refund, attachments=[entry])
    _tell_others("place_lost", places)


def place_cancelled(booking: "Booking", place: "Registration", *, refund: Decimal) -> None:
    entry = personal_ics.attachment([booking])
    key = f"place_cancelled.{place.pk}"
    _queue("place_cancelled", booking, key=key, place=place, refund=refund, attachments=[entry])
    _tell_others("place_lost", [place])


def booking_moved(booking: "Booking", *, from_event: "Event") -> None:
    key = f"moved.{booking.pk}.{from_event.pk}.{booking.event_id}.{booking.queued_at.timestamp()}"
    entry = personal_ics.attachment([booking])
    _queue("booking_moved", booking, key=key, from_event=from_event, attachments=[entry])
    _tell_others("booking_moved", booking.places, from_event=from_event)


def place_handed_over(place: "Registration", *, former: str, before: str) -> None:
    """Tell who gave the place, by the name and address it had, who has it now, and the contact if a third person."""
    booking, key = place.booking, f"handed_over.{place.pk}.{place.booking.sequence}"
    entries = [personal_ics.attachment([place])]
    _queue(
        "place_received",
        booking,
        key=f"{key}.to",
        to=place.email,
        place=place,
        former=former,
        name=place.name,
        attachments=entries if place.is_confirmed else [],
    )
    if before not in {booking.email, place.email}:
        lost = [personal_ics.attachment([place], is_lost=True)]
        _queue(
            "place_handed_over",
            booking,
            key=f"{key}.from",
            to=before,
            place=place,
            former=former,
            name=former,
            attachments=lost,
        )
    if booking.email != place.email:
        _queue("place_handed_over", booking, key=f"{key}.contact", place=place, former=former)


def event_cancelled(addressee: "Addressee") -> bool:
    event = addressee.booking.event
    entry = personal_ics.attachment(addressee.held)
    return _queue_to(addressee, "event_cancelled", key=f"event_cancelled.{event.pk}", attachments=[entry])


def event_changed(addressee: "Addressee", *, event: "Event", before: "Particulars") -> bool:
    return _queue_to(
        addressee,
        "event_changed",
        key=f"event_changed.{event.pk}.{event.sequence}",
        before=before,
        after=event.particulars,
        attachments=[personal_ics.attachment(addressee.held)],
    )


def booking_link(booking: "Booking", *, day: date) -> None:
    """Remind somebody of the page of a booking they had forgotten, once a day at most."""
    _queue("booking_link", booking, key=f"link.{day}.{booking.pk}")


def reminder(addressee: "Addressee", *, event: "Event", rule: "ReminderRule") -> bool:
    """Of one rule for one date: a date that changes is reminded of anew, one that comes back is not.

    What comes before the event is part of the booking; what comes after it, one may refuse.
    """
    is_after = rule.unit == rule.Unit.AFTER
    mail = "thanks" if is_after else "reminder"
    key = f"{mail}.{event.pk}.{rule.number}{rule.unit}.{int(event.starts_at.timestamp())}"
    return _queue_to(
        addressee,
        mail,
        key=key,
        list=List.FEEDBACK if is_after else None,
        event=event,
        rule=rule,
        name=addressee.places[0].name,
    )


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
            is_secret=True,
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
        is_secret=True,
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
