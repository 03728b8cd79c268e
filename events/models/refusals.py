"""Why a place is not given, or not given back."""

from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from events.models.booking import Booking
    from events.models.pricing import Price


class RegistrationClosed(Exception):
    """Registration has not opened, has closed, or the event is a draft or cancelled."""


class EventOver(RegistrationClosed):
    """The event has begun or is past."""


class EventFull(Exception):
    """No place, and no waiting list."""


class MembersOnly(Exception):
    """The event is for accounts whose membership is up to date."""


class TooManyPlaces(Exception):
    """More places in one booking than the event allows, or none."""


class AlreadyRegistered(Exception):
    """A live booking exists for this address."""

    def __init__(self, booking: "Booking") -> None:
        self.booking = booking


class PriceRefused(Exception):
    """This price cannot be had now, by this person, or for this amount."""

    class Why(Enum):
        UNKNOWN = auto()
        NOT_ON_SALE = auto()
        NOT_FOR_YOU = auto()
        SOLD_OUT = auto()
        TOO_LITTLE = auto()

    def __init__(self, price: "Price | None", why: Why) -> None:
        self.price, self.why = price, why


class CodeRefused(Exception):
    """The promo code cannot be used, or not any more."""

    class Why(Enum):
        UNKNOWN = auto()
        TOO_EARLY = auto()
        TOO_LATE = auto()
        USED_UP = auto()
        USELESS = auto()

    def __init__(self, why: Why) -> None:
        self.why = why


class FeedbackClosed(Exception):
    """It is not over yet, or it has been for too long, or this place was not confirmed."""


class OfferGone(Exception):
    """The offer was accepted, declined, or has run out."""


class CapacityTooLow(Exception):
    """Fewer places than are already taken."""

    def __init__(self, taken: int) -> None:
        self.taken = taken
