from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone

from events.models.sequenced import Sequenced
from payments.models import Billing, Charge, ChargeLine, Line, Refund, read_address

if TYPE_CHECKING:
    from accounts.models import User
    from events.models.event import Event
    from events.models.registration import Registration

ZERO = Decimal(0)


class Owing(Sequenced):
    """What a booking costs, and what becomes of it as its places are given back."""

    if TYPE_CHECKING:  # what a booking has
        event: Event
        registrations: Any
        charge: Charge | None
        name: str
        email: str
        user: User | None
        language: str
        invoice_to: str

        @property
        def places(self) -> list[Registration]: ...

        def get_absolute_url(self) -> str: ...

        def locked(self) -> Any: ...

    class Meta:
        abstract = True

    @property
    def amount(self) -> Decimal:
        return sum((place.amount for place in self.places), ZERO)

    # A charge is opened

    def open_charge(self, *, payable_until: datetime | None) -> Charge:
        """The sum of the places still wanted, a line each. What is to be invoiced is paid later."""
        nature = ChargeLine.Nature.TRAINING if self.event.training_id else ChargeLine.Nature.EVENT
        lines = [Line(nature, place.label, place.amount) for place in self.places if place.amount]
        return Charge.open(
            name=self.name,
            email=self.email,
            user=self.user,
            language=self.language,
            lines=lines,
            return_path=self.get_absolute_url(),
            payable_until=payable_until,
            due_on=self._due_on(),
            supplied_on=timezone.localdate(self.event.starts_at),
            billing=self._billing(),
        )

    def _due_on(self) -> date | None:
        """That of the charge that this one replaces, if any."""
        if not self.invoice_to:
            return None
        known = self.charge.due_on if self.charge else None
        return known or timezone.localdate() + timedelta(days=settings.INVOICE_DAYS)

    def _billing(self) -> dict[str, Any] | None:
        """Of the charge that this one replaces, corrected perhaps since; or as they typed it."""
        if self.charge and (known := Billing.objects.filter(charge=self.charge).first()):
            return known.snapshot()
        return {"is_organisation": True, **read_address(self.invoice_to)} if self.invoice_to else None

    # Places are given back

    def correct_charge(self, leaving: "Sequence[Registration]", *, is_all: bool) -> Decimal:
        """Ask no more for places that were just given back, and return what is owed back of what was paid for them.

        What is in the books stays, and is reduced: so stand its invoice, its day and what came in for the others.
        """
        charge = self.charge
        if charge is None or (self.invoice_to and not self.event.is_refunding):
            return ZERO  # an invoice stays due once it is too late to cancel for free
        if charge.paid_at:
            return self._owe_back(charge, leaving)
        if is_all:
            charge.cancel()
        elif charge.is_payable and charge.booked_on:
            return sum((self._ask_less(charge, place) for place in leaving), ZERO)
        elif charge.is_payable:
            self._ask_anew(charge)
        return ZERO

    def _owe_back(self, charge: Charge, leaving: "Sequence[Registration]") -> Decimal:
        """What was paid for them, as the policy says. No more than what is left of the money."""
        lines = [self._line_of(charge, place) for place in leaving]
        back = sum((self._policy(place, line) for place, line in zip(leaving, lines, strict=True)), ZERO)
        back = min(back, charge.amount_kept)
        if back > ZERO:
            line = lines[0] if len(lines) == 1 else None
            charge.owe_refund(back, reason=Refund.Reason.CANCELLED, line=line)
        return max(back, ZERO)

    def _ask_less(self, charge: Charge, place: "Registration") -> Decimal:
        """First what is not paid yet, whatever the policy; then what is too much, as the policy says."""
        line = self._line_of(charge, place)
        left = line.left if line else min(place.amount, charge.amount_owed)
        less = min(left, charge.amount_due)
        back = max(min(self._policy(place, line), left) - less, ZERO)
        if back:  # before what follows: it may find no place any more, and owe back all that is left
            charge.owe_refund(back, reason=Refund.Reason.CANCELLED, line=line)
        if less:
            charge.reduce(less, reason=Refund.Reason.CANCELLED, line=line)
        return back

    def _ask_anew(self, charge: Charge) -> None:
        """Nothing has come of it: another one takes its place."""
        charge.cancel()
        booking = self.locked()
        if booking.amount:
            booking.charge = booking.open_charge(payable_until=charge.payable_until)
            booking.save(update_fields=["charge"])
        elif booking.state == booking.State.HELD:  # what is left is free
            booking.confirm()

    def _policy(self, place: "Registration", line: ChargeLine | None) -> Decimal:
        """What the event gives back of a place now: what it cost less the fee, nothing once it is late.

        No more than what is still asked for it, where staff have asked for less or given some of it back.
        """
        if not self.event.is_refunding:
            return ZERO
        back = max(place.amount - self.event.cancellation_fee, ZERO)
        return min(back, line.left) if line else back

    def _line_of(self, charge: Charge, place: "Registration") -> ChargeLine | None:
        """What the charge asks for this place, whatever it is called since: its lines are in the order of the places it was opened for."""
        lines, all_places = list(charge.lines.order_by("pk")), self.registrations.order_by("pk")
        before = charge.created_at
        asked = [
            one
            for one in all_places
            if one.amount and (one.cancelled_at is None or one.cancelled_at > before)
        ]
        if [line.amount for line in lines] != [one.amount for one in asked]:
            return None
        return next((line for line, one in zip(lines, asked, strict=True) if one == place), None)
