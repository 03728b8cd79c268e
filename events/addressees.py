"""Who is behind the bookings of an event: one address is written to once, whatever it holds."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from events.models import Booking, Registration


class Addressee:
    """What one address holds at one event: bookings that it made, places that are its own."""

    def __init__(self, email: str) -> None:
        self.email = email
        self.bookings: list[Booking] = []
        self.places: list[Registration] = []

    @property
    def held(self) -> "list[Booking | Registration]":
        """Each with its page and its entry in a calendar: its bookings, and its places in those of others."""
        others = [place for place in self.places if place.booking not in self.bookings]
        return [*self.bookings, *others]

    @property
    def ways_out(self) -> "list[Booking | Registration]":
        """Where its places are given back: one by one, or on the page of a party for who made it."""
        found = []
        for place in self.places:
            is_party = place.booking in self.bookings and len(place.booking.places) > 1
            found.append(place.booking if is_party else place)
        return list(dict.fromkeys(found))

    @property
    def booking(self) -> "Booking":
        return self.bookings[0] if self.bookings else self.places[0].booking

    @property
    def name(self) -> str:
        return self.bookings[0].name if self.bookings else self.places[0].name


def addressees(bookings: "Iterable[Booking]") -> list[Addressee]:
    """The contact of each booking, and who comes with an address of their own."""
    found: dict[str, Addressee] = {}
    for booking in bookings:
        email = booking.email.lower()
        found.setdefault(email, Addressee(email)).bookings.append(booking)
        for place in booking.places:
            email = place.email.lower()
            found.setdefault(email, Addressee(email)).places.append(place)
    return list(found.values())
