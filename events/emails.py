from datetime import date
from typing import TYPE_CHECKING, Any

from mailing import outbox

if TYPE_CHECKING:
    from events.models import Registration


def _queue(name: str, registration: "Registration", *, key: str, **context: Any) -> bool:
    """Queue mail `name` to the attendee, once per `key`. Tells whether it was new."""
    email = outbox.queue(
        f"events/email/{name}",
        to=registration.email,
        context={
            "registration": registration,
            "booking": registration.booking,
            "event": registration.event,
            **context,
        },
        key=f"events.{key}.{registration.pk}",
        language=registration.booking.language,
    )
    return email is not None


def registration_confirmed(registration: "Registration") -> None:
    _queue("registration_confirmed", registration, key="confirmed")


def registration_waiting(registration: "Registration") -> None:
    _queue("registration_waiting", registration, key="waiting")


def place_held(registration: "Registration", *, is_offer: bool) -> None:
    _queue("place_held", registration, key="held", is_offer=is_offer, charge=registration.booking.charge)


def registration_cancelled(registration: "Registration") -> None:
    _queue("registration_cancelled", registration, key="cancelled")


def event_cancelled(registration: "Registration") -> None:
    _queue("event_cancelled", registration, key="event_cancelled")


def booking_link(registration: "Registration", *, day: date) -> None:
    """Remind somebody of the page of a registration they had forgotten, once a day at most."""
    _queue("booking_link", registration, key=f"link.{day}")


def reminder(registration: "Registration", *, days: int) -> bool:
    return _queue("reminder", registration, key=f"reminder.{days}")
