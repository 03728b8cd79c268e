"""Why a place is not given, or not given back."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from events.models.booking import Booking


class RegistrationClosed(Exception):
    """Registration has not opened, has closed, or the event is a draft or cancelled."""


class EventOver(RegistrationClosed):
    """The event has begun or is past."""


class EventFull(Exception):
    """No place, and no waiting list."""


class AlreadyRegistered(Exception):
    """A live registration exists for this address."""

    def __init__(self, booking: "Booking") -> None:
        self.booking = booking
