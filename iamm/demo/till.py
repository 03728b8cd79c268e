"""At which price each demo place was had, so that no quota and no code is ever exceeded."""

from decimal import Decimal
from random import Random
from typing import NamedTuple

from events.models import Booking, Price, PromoCode
from iamm.demo.parties import Party
from iamm.demo.terms import Terms
from members.models import Member

HOLDING = {Booking.State.CONFIRMED, Booking.State.HELD, Booking.State.OFFERED}


class Sale(NamedTuple):
    price: Price | None
    code: PromoCode | None
    amount: Decimal


FREE = Sale(None, None, Decimal(0))


class Till:
    """The prices of one event, with what is left of each. Bookings come in their order."""

    def __init__(self, rng: Random, terms: Terms) -> None:
        self.rng, self.prices = rng, terms.prices
        self.by_whom = {price.for_whom: price for price in terms.prices if price.quota is None}
        self.limited = {price.for_whom: price for price in terms.prices if price.quota is not None}
        self.left = {price: price.quota or 0 for price in self.limited.values()}
        self.codes = [code for code in terms.codes if code.price is None and code.code != "RENTREE"]
        self.opening = next((code for code in terms.codes if code.price is not None), None)
        self.uses = {code: code.max_uses or 1000 for code in self.codes}

    def sell(self, party: Party, member: Member | None) -> list[Sale]:
        """The live places of a party, then those given back. `member` has an account and is up to date."""
        if not self.prices:
            return [FREE] * (party.size + party.given_back)
        if party.is_kept and self.opening and self.opening.price:
            self.left[self.opening.price] -= party.size
            return [self._sale(self.opening.price, self.opening)] * party.size
        counts = party.state in HOLDING
        code = self._code(party) if counts else None
        sales = []
        for number in range(party.size):
            price = self._price(counts=counts, member=None if number else member)
            sales.append(self._sale(price, code))
        return sales + [self._sale(self._public, None)] * party.given_back

    @property
    def _public(self) -> Price:
        return self.by_whom[Price.ForWhom.PUBLIC]

    def _price(self, *, counts: bool, member: Member | None) -> Price:
        """The best price for who asks, as far as places are left at it."""
        whom = Price.ForWhom
        if member is not None and whom.MEMBERS in self.by_whom:
            college = self.by_whom.get(whom.COLLEGE)
            return college if college and college.college == member.college else self.by_whom[whom.MEMBERS]
        wished = self.limited.get(whom.PUBLIC)
        if whom.STUDENTS in self.limited and self.rng.random() < 0.25:
            wished = self.limited[whom.STUDENTS]
        if wished is None or not self.left[wished]:
            return self._public
        self.left[wished] -= counts
        return wished

    def _code(self, party: Party) -> PromoCode | None:
        if party.given_back or not self.codes or self.rng.random() > 0.4:
            return None
        code = self.codes[0] if self.uses[self.codes[0]] >= party.size else self.codes[-1]
        self.uses[code] -= party.size
        return code

    def _sale(self, price: Price, code: PromoCode | None) -> Sale:
        chosen = price.amount + self.rng.choice([0, 0, 2, 5, 12]) if price.is_chosen else None
        used = code if code and code.is_for(price) else None
        return Sale(price, used, price.amount_for(chosen, used))
