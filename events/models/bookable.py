from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from events import emails
from events.addressees import addressees
from events.models.booking import Booking
from events.models.capacity import HasPlaces
from events.models.places import HOLD, OFFER, Place, may_offer, wanted
from events.models.pricing import Price, PromoCode
from events.models.questions import Answer, Question
from events.models.refusals import (
    AlreadyRegistered,
    CapacityTooLow,
    CodeRefused,
    EventFull,
    EventOver,
    MembersOnly,
    PriceRefused,
    RegistrationClosed,
    TooManyPlaces,
)
from events.models.registration import Registration
from members.models import Member
from payments.models import Charge

if TYPE_CHECKING:
    from accounts.models import User


class Bookable(HasPlaces):
    """The verbs that give places. Every one locks the event first."""

    class Meta:
        abstract = True

    # Who may have what

    def price_for(
        self, user: "User | None", *, email: str | None = None, code: PromoCode | None = None
    ) -> Price | None:
        """The best price this person may have now, or None when entry is free.

        With `email`, the place is for that address: a personal price is for the account's own. Raises PriceRefused.
        """
        prices = [price for price in self.prices.all() if price.is_on_sale]
        own = user is not None and (email is None or email in user.verified_emails)
        best = sorted(
            prices, key=lambda one: (one.is_sold_out, one.amount_for(None, code), one.position, one.pk)
        )
        for price in best:
            if price.for_whom == Price.ForWhom.STUDENTS:
                continue  # chosen, never presumed
            if price.for_whom in Price.PERSONAL and not own and (code is None or code.price_id != price.pk):
                continue
            if price.is_for(user, code):
                return price
        if self.prices.all():
            raise PriceRefused(None, PriceRefused.Why.NOT_ON_SALE)
        return None

    def find_code(self, code: str) -> PromoCode | None:
        """Raises CodeRefused for a word that is not one of ours."""
        if not code.strip():
            return None
        found = self.promo_codes.filter(code=PromoCode.normalized(code)).select_related("price").first()
        if found is None:
            raise CodeRefused(CodeRefused.Why.UNKNOWN)
        return found

    def _refuse_unless_open(self, user: "User | None") -> None:
        if self.has_begun:
            raise EventOver
        closed = {self.Availability.CANCELLED, self.Availability.NOT_YET, self.Availability.CLOSED}
        if self.availability in closed:
            raise RegistrationClosed
        if self.is_members_only:
            today = timezone.localdate()
            if user is None or not Member.objects.benefiting(user).current(on=today).exists():
                raise MembersOnly

    # Verbs

    @transaction.atomic
    def register(
        self,
        *,
        name: str,
        email: str,
        request_key: str,
        user: "User | None" = None,
        places: Sequence[Place] = (),
        code: str = "",
        invoice_to: str = "",
        answers: "dict[Question, str] | None" = None,
    ) -> Booking:
        """Ask for places, for oneself unless `places` says for whom: they are confirmed, held until paid, or waited for.

        The same `request_key` (two clicks) gives the same booking. Raises one of the refusals, and then nothing is kept.
        """
        event, email = self.locked(), email.lower()
        known = Booking.objects.filter(request_key=request_key).first()
        if known is not None:
            if known.event_id == event.pk and known.email == email and known.is_live:
                return known
            request_key = str(uuid4())  # a form sent again for something else
        event._refuse_unless_open(user)
        for late in event.bookings.expired().filter(email=email):
            late.expire()
        live = event.bookings.live().filter(email=email).first()
        if live is not None:
            raise AlreadyRegistered(live)
        booking: Booking = event.bookings.create(
            name=name,
            email=email,
            user=user,
            request_key=request_key,
            invoice_to=invoice_to if event.allows_invoice else "",
            state=Booking.State.REQUESTED if event.needs_approval else Booking.State.WAITING,
        )
        event._add_places(booking, places or [Place(name, email)], code=code)
        Answer.objects.bulk_create(
            Answer(question=question, booking=booking, text=text)
            for question, text in (answers or {}).items()
            if text
        )
        event._receive(booking)
        return booking

    def _add_places(self, booking: Booking, places: Sequence[Place], *, code: str) -> None:
        """Write who comes, at the price that we compute."""
        if not 1 <= len(places) <= self.max_places:
            raise TooManyPlaces
        promo_code = self.find_code(code)
        prices = {price.pk: price for price in self.prices.all()}
        personal: set[int] = set()
        lowered = 0
        for place in places:
            email = (place.email or booking.email).lower()
            price = self._price_of(
                place, booking, email=email, code=promo_code, prices=prices, personal=personal
            )
            used = promo_code if promo_code and price and promo_code.is_for(price) else None
            lowered += used is not None
            registration = Registration.objects.create(
                booking=booking,
                name=place.name,
                email=email,
                price=price,
                promo_code=used,
                amount=price.amount_for(place.amount, used) if price else Decimal(0),
            )
            registration.note(answers=place.answers, access_need=place.access_need)
        if promo_code is not None:
            if not lowered:
                raise CodeRefused(CodeRefused.Why.USELESS)
            promo_code.refuse_unless_valid()

    def _price_of(
        self,
        place: Place,
        booking: Booking,
        *,
        email: str,
        code: PromoCode | None,
        prices: dict[int, Price],
        personal: set[int],
    ) -> Price | None:
        """The price asked for, if it is to be had; else the best. A personal one is for the account itself, once."""
        if place.price is not None:
            price = prices.get(place.price.pk)
            if price is None:
                raise PriceRefused(None, PriceRefused.Why.UNKNOWN)
            if not price.is_on_sale:
                raise PriceRefused(price, PriceRefused.Why.NOT_ON_SALE)
            if not price.is_for(booking.user, code):
                raise PriceRefused(price, PriceRefused.Why.NOT_FOR_YOU)
        else:
            price = self.price_for(None if personal else booking.user, email=email, code=code)
        if (
            price is not None
            and price.for_whom in Price.PERSONAL
            and not (code and code.price_id == price.pk)
        ):
            own = booking.user is not None and email in booking.user.verified_emails
            again = self.registrations.live().filter(
                booking__user=booking.user, price__for_whom__in=Price.PERSONAL
            )
            if not own or personal or again.exclude(booking=booking).exists():
                raise PriceRefused(price, PriceRefused.Why.NOT_FOR_YOU)
            personal.add(price.pk)
        return price

    def _receive(self, booking: Booking) -> None:
        """Answer a new booking: to be approved, served at once, or in the queue, unless there is none."""
        if booking.state == Booking.State.REQUESTED:
            emails.booking_requested(booking)
            return
        asked = wanted(booking.places)
        room = self._room_behind_queue(newcomer=booking)
        if room.fits(asked):
            booking.give(until=min(timezone.now() + HOLD, self.starts_at))
            return
        others = [price.pk for price in self.prices.all() if not price.is_reserved and price.is_on_sale]
        if room.has_capacity(asked) and any(room.left_at(price) != 0 for price in others):
            sold_out = next(price for price in self.prices.all() if not room.has_quota_of(price.pk, asked))
            raise PriceRefused(sold_out, PriceRefused.Why.SOLD_OUT)
        if not self.has_waiting_list or not self.is_queue_open or room.could_never_fit(asked):
            raise EventFull
        emails.booking_waiting(booking)

    @transaction.atomic
    def serve_queue(self, *, approved: Booking | None = None) -> list[Booking]:
        """Offer places to those who wait, in their order, each who fits. Returns who was served.

        Outside the hours of offers, the places stay theirs until morning. Somebody whom staff just approved asked for a
        place and not for an offer: it is given.
        """
        event = self.locked()
        if event.status != event.Status.PUBLISHED or event.has_begun:
            return []
        room, served = event.room(), []
        is_full = room.left == 0 and not room.kept
        queue = [] if is_full else event._queue()
        if approved is not None and not event.is_queue_open:
            queue = [approved]
        for booking in queue:
            if not room.fits(asked := wanted(booking.places)):
                continue
            room.take(asked)
            if booking == approved:
                booking.give(until=min(timezone.now() + OFFER, event.starts_at))
            elif may_offer(timezone.now()):
                booking.offer(event.offer_until())
            else:
                continue
            served.append(booking)
        return served

    @transaction.atomic
    def release_expired(self) -> int:
        """Give the places whose time has run out to those who wait. A late payment is `Booking.confirm_paid`'s matter.

        Once the event has begun, nobody waits any more.
        """
        event = self.locked()
        expired = list(event.bookings.expired().select_related("event"))
        if event.has_begun:
            expired += event.bookings.hoping().select_related("event")
        for booking in expired:
            booking.expire()
        event.serve_queue()
        return len(expired)

    def refuse_capacity(self, capacity: int | None) -> None:
        """Raises CapacityTooLow below what is taken. The caller holds the lock."""
        if capacity is not None and capacity < (taken := self.places_taken):
            raise CapacityTooLow(taken)

    @transaction.atomic
    def change_capacity(self, capacity: int | None) -> None:
        """More places go to the queue first. Raises CapacityTooLow below what is taken."""
        event = self.locked()
        event.refuse_capacity(capacity)
        event.capacity = self.capacity = capacity
        event.save(update_fields=["capacity", "updated_at"])
        event.serve_queue()

    @transaction.atomic
    def cancel(self) -> None:
        """Call the event off: every live booking is cancelled, told, and owed back. A second call changes nothing."""
        list(Charge.objects.select_for_update(of=("self",)).filter(booking__event=self.pk).order_by("pk"))
        event = self.locked()
        if event.status == self.Status.CANCELLED:
            return
        event.status = self.status = self.Status.CANCELLED
        event.sequence += 1
        event.save(update_fields=["status", "sequence", "updated_at"])
        bookings = event.bookings.live().select_related("event", "charge").prefetch_related("registrations")
        called_off = list(bookings.order_by("pk"))
        for booking in called_off:
            booking.call_off()
        for addressee in addressees(called_off):
            emails.event_cancelled(addressee)
