"""What money was for: what came in for a charge, and went back, spread over the natures of its lines to the cent.

Money that comes pays what is still owed of each nature, in proportion; what is beyond is an EXCESS. Money that goes back
is taken from what is no longer owed first, then in proportion to what had come. A share never changes afterwards: it
depends on what was written before it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import ROUND_DOWN, Decimal
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from payments.models import Adjustment, ChargeLine, ChargeQuerySet, Payment
from payments.models.lines import ZERO

EXCESS = ""  # of no nature: more than what was owed, until it is given back
CENT = Decimal("0.01")
Parts = dict[str, Decimal]


class Written(NamedTuple):
    """A payment, or a correction where `payment` is None: then `amount` is what is no longer owed of `nature`."""

    at: datetime
    payment: int | None
    on: date
    amount: Decimal
    nature: str = EXCESS
    kind: str = ""


class Share(NamedTuple):
    """What `payment` brought of one nature, or took back. Without a payment, what a correction moved to another nature."""

    charge: int
    payment: int | None
    kind: str
    on: date
    nature: str
    amount: Decimal


def spread(amount: Decimal, weights: Mapping[str, Decimal]) -> Parts:
    """`amount`, at most the sum of the weights, in proportion to them: the cents left go to the largest remainders.

    No part is above its weight, and the order of the weights does not matter.
    """
    whole = sum(weights.values(), ZERO)
    exact = {key: amount * weight / whole for key, weight in weights.items() if weight}
    parts = {key: part.quantize(CENT, ROUND_DOWN) for key, part in exact.items()}
    left = int((amount - sum(parts.values(), ZERO)) / CENT)
    for key in sorted(exact, key=lambda key: (parts[key] - exact[key], key))[:left]:
        parts[key] += CENT
    return {key: part for key, part in parts.items() if part}


class Basket:
    """What is owed of each nature of one charge, and what is held of it so far."""

    def __init__(self, owed: Mapping[str, Decimal]) -> None:
        self.owed = defaultdict(Decimal, owed)
        self.held: defaultdict[str, Decimal] = defaultdict(Decimal)

    def receive(self, amount: Decimal) -> Parts:
        missing = self._missing()
        parts = spread(min(amount, sum(missing.values(), ZERO)), missing)
        return self._hold(parts, rest=amount)

    def give_back(self, amount: Decimal) -> Parts:
        """The parts are below zero. More than what is held leaves the excess below zero."""
        spare = self._spare()
        parts = spread(min(amount, sum(spare.values(), ZERO)), spare)
        kept = {key: held - parts.get(key, ZERO) for key, held in self.held.items()}
        kept = {key: max(held, ZERO) for key, held in kept.items()}
        left = amount - sum(parts.values(), ZERO)
        for key, part in spread(min(left, sum(kept.values(), ZERO)), kept).items():
            parts[key] = parts.get(key, ZERO) + part
        return self._hold({key: -part for key, part in parts.items()}, rest=-amount)

    def correct(self, corrections: Iterable[Written]) -> Parts:
        """Owe less: what is held of it pays the rest of the basket, if something is missing there."""
        for one in corrections:
            self.owed[one.nature] -= one.amount
        missing, spare = self._missing(), self._spare()
        moved = min(sum(missing.values(), ZERO), sum(spare.values(), ZERO))
        parts = spread(moved, missing) | {key: -part for key, part in spread(moved, spare).items()}
        return self._hold(parts, rest=ZERO)

    def _missing(self) -> Parts:
        return {
            key: self.owed[key] - self.held[key] for key in self._keys() if self.owed[key] > self.held[key]
        }

    def _spare(self) -> Parts:
        return {
            key: self.held[key] - self.owed[key] for key in self._keys() if self.held[key] > self.owed[key]
        }

    def _keys(self) -> list[str]:
        return [*{**self.owed, **self.held}]

    def _hold(self, parts: Parts, *, rest: Decimal) -> Parts:
        """`rest` is the whole: what no part took is the excess."""
        if excess := rest - sum(parts.values(), ZERO):
            parts[EXCESS] = parts.get(EXCESS, ZERO) + excess
        for key, part in parts.items():
            self.held[key] += part
        return parts


def shares_of(charge: int, owed: Mapping[str, Decimal], written: Iterable[Written]) -> Iterator[Share]:
    """Of one charge, whose lines ask for `owed` by nature. Corrections of one day count together."""
    basket = Basket(owed)
    in_order = sorted(written, key=lambda one: (one.at, one.payment or 0))
    for (payment, on), found in groupby(in_order, key=attrgetter("payment", "on")):
        rows = list(found)
        if payment is None:
            parts = basket.correct(rows)
        elif (amount := rows[0].amount) > ZERO:
            parts = basket.receive(amount)
        else:
            parts = basket.give_back(-amount)
        kind = rows[0].kind
        yield from (Share(charge, payment, kind, on, nature, part) for nature, part in parts.items())


def shares(charges: ChargeQuerySet) -> Iterator[Share]:
    """Of all that was ever paid for these charges. Three queries, however many there are."""
    mine = {"charge__in": charges.order_by().values("pk")}
    owed: defaultdict[int, Parts] = defaultdict(dict)
    written: defaultdict[int, list[Written]] = defaultdict(list)
    lines = ChargeLine.objects.filter(**mine).order_by()
    for charge, nature, amount in lines.values_list("charge", "nature", "amount").iterator():
        owed[charge][nature] = owed[charge].get(nature, ZERO) + amount
    payments = Payment.objects.filter(**mine).order_by()
    paid = payments.values_list("charge", "recorded_at", "pk", "booked_on", "amount", "kind")
    for charge, at, payment, on, amount, kind in paid.iterator():
        written[charge].append(Written(at, payment, on, amount, kind=kind))
    corrections = Adjustment.objects.filter(**mine).order_by("pk")
    corrected = corrections.values_list("charge", "made_at", "booked_on", "amount", "line__nature")
    for charge, at, on, amount, nature in corrected.iterator():
        if charge in written:
            written[charge].append(Written(at, None, on, amount, nature))
    for charge, rows in written.items():
        yield from shares_of(charge, owed[charge], rows)
