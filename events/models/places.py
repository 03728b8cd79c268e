"""How places are given: counted under the lock on the event, never stored.

Whoever asks for places joins the queue, and the queue is served: who comes last gets places only if those before leave
enough. A booking of three waits for three; somebody who fits goes before somebody who does not.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from events.models.pricing import Price
    from events.models.questions import Question

HOLD = timedelta(minutes=20)
OFFER = timedelta(hours=48)
SHORTEST_OFFER = timedelta(minutes=30)
OFFER_HOURS = (time(8), time(20))
FEW_PLACES = 5


class Chance(models.TextChoices):
    """What somebody who waits may hope, said with words."""

    GOOD = "good", _("D’habitude, assez de places se libèrent pour que votre tour vienne.")
    FAIR = "fair", _("D’habitude, il se libère à peu près autant de places qu’il vous en faut.")
    SLIM = "slim", _("D’habitude, il ne se libère pas assez de places pour que votre tour vienne.")

    @classmethod
    def of(cls, *, needed: int, expected: float) -> "Chance":
        """`needed`: the places asked for up to and with this booking; `expected`: those that usually come free."""
        if needed <= expected / 2:
            return cls.GOOD
        return cls.FAIR if needed <= expected * 1.5 else cls.SLIM


@dataclass
class Place:
    """One place asked for. Without a price, the best that the person may have."""

    name: str
    email: str = ""
    price: "Price | None" = None
    amount: Decimal | None = None
    answers: "dict[Question, str]" = field(default_factory=dict)
    access_need: str = ""


@dataclass
class Room:
    """What is taken of an event and of each of its prices. `None` stands for free entry."""

    capacity: int | None
    taken: Counter[int | None]
    quotas: dict[int, int]
    kept: set[int]

    @classmethod
    def of(cls, capacity: int | None, prices: Iterable["Price"], taken: Counter[int | None]) -> "Room":
        prices = list(prices)
        return cls(
            capacity,
            taken,
            {price.pk: price.quota for price in prices if price.quota is not None},
            {price.pk for price in prices if price.is_kept},
        )

    def committed(self, extra: Counter[int | None] | None = None) -> int:
        """Places taken, or kept for somebody, if `extra` were taken too."""
        taken = self.taken + (extra or Counter())
        kept = sum(max(self.quotas[price] - taken[price], 0) for price in self.kept)
        return taken.total() + kept

    @property
    def left(self) -> int | None:
        """What anybody may still take. None without a limit."""
        return None if self.capacity is None else max(self.capacity - self.committed(), 0)

    def left_at(self, price: int) -> int | None:
        """What may still be taken at this price, kept places included."""
        limits = []
        if price in self.quotas:
            limits.append(max(self.quotas[price] - self.taken[price], 0))
        if self.left is not None:
            own = max(self.quotas[price] - self.taken[price], 0) if price in self.kept else 0
            limits.append(self.left + own)
        return min(limits) if limits else None

    def has_capacity(self, wanted: Counter[int | None]) -> bool:
        """Whether the event holds so many more; kept places are only for whom they are kept for."""
        if self.capacity is None:
            return True
        fits_at_all = (self.taken + wanted).total() <= self.capacity
        return fits_at_all and self.committed(wanted) <= max(self.capacity, self.committed())

    def has_quota_of(self, price: int, wanted: Counter[int | None]) -> bool:
        return price not in self.quotas or self.taken[price] + wanted[price] <= self.quotas[price]

    def has_quota(self, wanted: Counter[int | None]) -> bool:
        return all(self.has_quota_of(price, wanted) for price in self.quotas)

    def fits(self, wanted: Counter[int | None]) -> bool:
        return self.has_capacity(wanted) and self.has_quota(wanted)

    def could_never_fit(self, wanted: Counter[int | None]) -> bool:
        """Whether all the places there are would not be enough."""
        is_beyond_quota = any(wanted[price] > quota for price, quota in self.quotas.items())
        return is_beyond_quota or (self.capacity is not None and wanted.total() > self.capacity)

    def take(self, wanted: Counter[int | None]) -> None:
        self.taken += wanted


def may_offer(now: datetime) -> bool:
    """Offers leave between 8:00 and 20:00 in Paris: their time runs while people are awake."""
    first, last = OFFER_HOURS
    return first <= timezone.localtime(now).time() < last


def offer_until(now: datetime, *, closes_at: datetime) -> datetime:
    """48 hours, but no more than a quarter of what is left before the queue closes, and never past that."""
    lifetime = min(OFFER, max((closes_at - now) / 4, SHORTEST_OFFER))
    return min(now + lifetime, closes_at)


def wanted(places: Sequence[Any]) -> Counter[int | None]:
    """How many places at each price, of registrations or of `Place`s."""
    return Counter(place.price.pk if place.price else None for place in places)


def holding_place(registration: str = "") -> Q:
    """What makes a place count: confirmed, or held or offered and not yet expired. `registration` is the way to it."""
    booking = f"{registration}booking__"
    until = Q(**{f"{booking}state__in": ["offered", "held"], f"{booking}expires_at__gt": timezone.now()})
    return Q(**{f"{registration}cancelled_at": None}) & (Q(**{f"{booking}state": "confirmed"}) | until)
