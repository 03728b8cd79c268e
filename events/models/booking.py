from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias
from uuid import uuid4

from django.conf import settings
from django.db import models, transaction
from django.db.models import Count, F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from events import emails
from events.models.booking_states import LIVE, UNTIL, BookingQuerySet, BookingState
from events.models.places import HOLD, Chance, wanted
from events.models.refusals import AlreadyRegistered, EventFull, EventOver, OfferGone
from events.models.sequenced import Sequenced
from mailing.outbox import current_language
from payments.models import Billing, Charge, ChargeLine, Line, Refund, read_address

if TYPE_CHECKING:
    from events.models.event import Event
    from events.models.registration import Registration


class Booking(Sequenced):
    """One act by one contact: the event, who to write to, what it costs, and one place for each who comes.

    Reached by its token, without an account. Its state is that of all its places; one of them may be cancelled alone.
    """

    State: TypeAlias = BookingState
    UNTIL: ClassVar = UNTIL
    LIVE: ClassVar = LIVE

    token = models.UUIDField(default=uuid4, unique=True, editable=False)
    request_key = models.UUIDField(unique=True, editable=False)
    event = models.ForeignKey(
        "events.Event", models.PROTECT, related_name="bookings", verbose_name=_("événement")
    )
    name = models.CharField(_("nom"), max_length=200)
    email = models.EmailField(_("adresse e-mail"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="bookings",
        verbose_name=_("compte"),
    )
    state = models.CharField(_("état"), max_length=10, choices=State, default=State.WAITING)
    expires_at = models.DateTimeField(_("place retenue jusqu’à"), null=True, blank=True)
    confirmed_at = models.DateTimeField(_("confirmée le"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("annulée le"), null=True, blank=True)
    queued_at = models.DateTimeField(_("demandée le"), default=timezone.now, editable=False)
    charge = models.OneToOneField(
        Charge, models.PROTECT, null=True, blank=True, related_name="booking", verbose_name=_("somme due")
    )
    invoice_to = models.TextField(
        _("facturer à"), blank=True, help_text=_("Nom et adresse de l’organisation qui paie, par virement.")
    )
    staff_reason = models.TextField(_("raison donnée par l’équipe"), blank=True, editable=False)
    language = models.CharField(_("langue"), max_length=5, default=current_language, editable=False)
    created_at = models.DateTimeField(_("créée le"), default=timezone.now, editable=False)

    objects: ClassVar = BookingQuerySet.as_manager()

    class Meta:
        verbose_name = _("réservation")
        verbose_name_plural = _("réservations")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                F("event"),
                F("email"),
                name="one_live_booking_an_address",
                condition=Q(state__in=["requested", "waiting", "offered", "held", "confirmed"])
                & ~Q(email=""),
            ),
            models.CheckConstraint(
                condition=Q(state__in=["held", "offered"], expires_at__isnull=False)
                | ~Q(state__in=["held", "offered"]),
                name="a_held_booking_expires",
            ),
        ]
        indexes = [models.Index(fields=["event", "state"], name="booking_event_state")]

    def __str__(self) -> str:
        return f"{self.name} – {self.event}"

    def get_absolute_url(self) -> str:
        return reverse("bookings:booking", args=[self.token])

    @property
    def is_live(self) -> bool:
        return self.state in self.LIVE

    @property
    def is_confirmed(self) -> bool:
        return self.state == self.State.CONFIRMED

    @property
    def holds_places(self) -> bool:
        """The same rule as `places.holding_place`, for one row."""
        is_held = (
            self.state in self.UNTIL and self.expires_at is not None and self.expires_at > timezone.now()
        )
        return is_held or self.is_confirmed

    @property
    def is_late(self) -> bool:
        """Its time has run out; a payment may still find places."""
        return self.state == self.State.EXPIRED or (self.state in self.UNTIL and not self.holds_places)

    @property
    def is_cancellable(self) -> bool:
        return self.is_live and not self.event.has_begun

    @property
    def places(self) -> "list[Registration]":
        """Those that were not given back, in the order of the form. Prefetched by `for_display`."""
        return [place for place in self.registrations.all() if place.cancelled_at is None]

    @property
    def amount(self) -> Decimal:
        return sum((place.amount for place in self.places), Decimal(0))

    @property
    def _queue_up_to_it(self) -> BookingQuerySet:
        before = Q(queued_at__lt=self.queued_at) | Q(queued_at=self.queued_at, pk__lte=self.pk)
        queue: BookingQuerySet = self.event.bookings.waiting().filter(before)
        return queue

    @property
    def rank(self) -> int:
        """1 for the next to be served."""
        return self._queue_up_to_it.count()

    @property
    def chance(self) -> Chance:
        """From how many places were given back at the events of the last year."""
        asking = self._queue_up_to_it.filter(registrations__cancelled_at=None)
        needed = asking.aggregate(n=Count("registrations"))["n"]
        return Chance.of(
            needed=needed, expected=self.event.usual_share_given_back() * self.event.places_taken
        )

    def refund_for(self, places: "Iterable[Registration]") -> Decimal:
        """What comes back when these places are given back now: what they cost less the fee, nothing once it is late.

        No more than what is left of the money, where staff have asked for less or given some of it back.
        """
        if self.charge is None or self.charge.paid_at is None or not self.event.is_refunding:
            return Decimal(0)
        fee = self.event.cancellation_fee
        priced = sum((max(place.amount - fee, Decimal(0)) for place in places), Decimal(0))
        return max(min(priced, self.charge.amount_kept), Decimal(0))

    # What `Event` calls under its lock

    def confirm(self) -> None:
        self.state, self.confirmed_at, self.expires_at = self.State.CONFIRMED, timezone.now(), None
        self.step("state", "confirmed_at", "expires_at")
        emails.booking_confirmed(self)

    def hold(self, until: datetime) -> None:
        """Keep the places until they are paid, and write what they cost."""
        self.state, self.expires_at = self.State.HELD, until
        self.charge = self.open_charge(payable_until=until)
        self.step("state", "expires_at", "charge")
        emails.places_held(self)

    def offer(self, until: datetime) -> None:
        self.state, self.expires_at = self.State.OFFERED, until
        self.step("state", "expires_at")
        emails.places_offered(self)

    def give(self, *, until: datetime) -> None:
        """Confirm what is free or will be invoiced, hold what has to be paid first."""
        if not self.amount:
            self.confirm()
        elif self.invoice_to:
            self.charge = self.open_charge(payable_until=None)
            self.save(update_fields=["charge"])
            self.confirm()
        else:
            self.hold(until)

    def expire(self) -> None:
        was_offered = self.state == self.State.OFFERED
        self.state = self.State.EXPIRED
        self.step("state")
        if was_offered:
            emails.offer_expired(self)

    def call_off(self) -> None:
        """The event will not take place: everything paid is owed back."""
        self._end()
        if self.charge:
            self.charge.cancel()

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
            due_on=timezone.localdate() + timedelta(days=settings.INVOICE_DAYS) if self.invoice_to else None,
            supplied_on=timezone.localdate(self.event.starts_at),
            billing=self._billing(),
        )

    def _billing(self) -> dict[str, Any] | None:
        """Of the charge that this one replaces, corrected perhaps since; or as they typed it."""
        if self.charge and (known := Billing.objects.filter(charge=self.charge).first()):
            return known.snapshot()
        return {"is_organisation": True, **read_address(self.invoice_to)} if self.invoice_to else None

    def _end(self, state: str = State.CANCELLED) -> None:
        self.state, self.cancelled_at, self.expires_at = state, timezone.now(), None
        self.step("state", "cancelled_at", "expires_at")

    def locked(self) -> "Booking":
        """This booking read again, with its charge then its event locked, in the order in which a payment locks them."""
        list(Charge.objects.select_for_update(of=("self",)).filter(booking=self))
        event = Booking.objects.select_related("event").get(pk=self.pk).event.locked()
        booking = Booking.objects.select_related("charge").get(pk=self.pk)
        booking.event = event
        return booking

    # Verbs

    @transaction.atomic
    def confirm_paid(self) -> None:
        """The charge is covered: give the held places. Too late, give them if there still are, else owe a refund."""
        booking = self.locked()
        event = booking.event
        if booking.is_confirmed:
            return
        others = event.bookings.live().filter(email=booking.email).exclude(pk=booking.pk)
        is_called_off = event.status == event.Status.CANCELLED
        may_come = not is_called_off and not event.is_over and booking.state != self.State.CANCELLED
        if booking.holds_places or (
            may_come and not others.exists() and event.has_room_behind_queue(booking)
        ):
            booking.confirm()
        else:
            if booking.is_live:
                booking.expire()
            assert booking.charge is not None  # noqa: S101 - only a charge can be paid
            reason = Refund.Reason.CANCELLED if is_called_off else Refund.Reason.NO_PLACE
            if (kept := booking.charge.amount_kept) > 0:  # not what was asked: it may have been more, or less
                booking.charge.owe_refund(kept, reason=reason)

    @transaction.atomic
    def accept(self) -> None:
        """Take the places offered. Raises OfferGone."""
        booking = self.locked()
        if booking.state != self.State.OFFERED or not booking.holds_places or booking.event.has_begun:
            raise OfferGone
        assert booking.expires_at is not None  # noqa: S101 - a constraint says so
        booking.give(until=max(booking.expires_at, min(timezone.now() + HOLD, booking.event.starts_at)))

    @transaction.atomic
    def cancel(self, registration: "Registration | None" = None) -> None:
        """Give all places back, or this one, owe what the event's policy gives back, and serve the queue.

        A second call changes nothing. Raises EventOver once the event has begun.
        """
        booking = self.locked()
        leaving = [place for place in booking.places if registration is None or place.pk == registration.pk]
        if not booking.is_live or not leaving:
            return
        if booking.event.has_begun:
            raise EventOver
        refund = booking.refund_for(leaving)
        for place in leaving:
            place.give_back()
        is_all = not booking.registrations.live().exists()
        if is_all:
            booking._end()
        else:
            booking.step()
        booking._correct_charge(refund, is_all=is_all)
        if is_all:
            emails.booking_cancelled(booking, leaving, refund=refund)
        else:
            emails.place_cancelled(booking, leaving[0], refund=refund)
        booking.event.serve_queue()

    def _correct_charge(self, refund: Decimal, *, is_all: bool) -> None:
        """Owe back what was paid, or ask only for what is still wanted of what was not."""
        if self.charge is None or (self.invoice_to and not self.event.is_refunding):
            return  # an invoice stays due once it is too late to cancel for free
        if self.charge.paid_at:
            if refund:
                self.charge.owe_refund(refund, reason=Refund.Reason.CANCELLED)
            return
        until = self.charge.payable_until
        self.charge.cancel()
        if is_all:
            return
        booking = Booking.objects.select_related("event", "user").get(pk=self.pk)
        if booking.amount:
            booking.charge = booking.open_charge(payable_until=until)
            booking.save(update_fields=["charge"])
        elif booking.state == self.State.HELD:  # what is left is free
            booking.confirm()

    @transaction.atomic
    def approve(self) -> None:
        """Staff let them come: places if there are, else the queue, at the rank of the request.

        Raises EventOver, and EventFull when there is no queue to join.
        """
        booking = self.locked()
        event = booking.event
        if booking.state != self.State.REQUESTED:
            return
        if event.has_begun:
            raise EventOver
        booking.state = self.State.WAITING
        booking.save(update_fields=["state"])
        if booking in event.serve_queue(approved=booking):
            return
        if not (event.has_waiting_list and event.is_queue_open):
            raise EventFull
        emails.booking_waiting(booking)

    @transaction.atomic
    def refuse(self, *, reason: str) -> None:
        """Staff do not let them come, and say why."""
        booking = self.locked()
        if booking.state != self.State.REQUESTED:
            return
        booking.staff_reason = reason
        booking.save(update_fields=["staff_reason"])
        booking._end(self.State.REFUSED)
        emails.booking_refused(booking)

    @transaction.atomic
    def promote(self, *, reason: str) -> None:
        """Offer places out of order, at any hour, for a reason that is kept. Raises EventFull, OfferGone."""
        booking = self.locked()
        event = booking.event
        if booking.state != self.State.WAITING or event.has_begun:
            raise OfferGone
        if not event.room().fits(wanted(booking.places)):
            raise EventFull
        booking.staff_reason = reason
        booking.save(update_fields=["staff_reason"])
        booking.offer(event.offer_until())

    @transaction.atomic
    def move(self, event: "Event") -> None:
        """Bring a confirmed or waiting booking to another date, at the price it had. Raises EventFull, OfferGone, AlreadyRegistered.

        A price of the same name there counts the place; its queue is joined at the end.
        """
        list(Charge.objects.select_for_update(of=("self",)).filter(booking=self))
        for pk in sorted(
            {self.event_id, event.pk}
        ):  # two moves that cross wait for each other, and never both
            type(event).objects.select_for_update(of=("self",)).get(pk=pk)
        booking = self.locked()
        here, there = booking.event, event.locked()
        if booking.state not in {self.State.CONFIRMED, self.State.WAITING} or there.has_begun:
            raise OfferGone
        known = there.bookings.live().filter(email=booking.email).first()
        if known is not None:
            raise AlreadyRegistered(known)
        prices = {price.name: price for price in there.prices.all()}
        for place in booking.places:
            place.price = prices.get(place.price.name) if place.price else None
            place.save(update_fields=["price"])
        if booking.is_confirmed and not there.room().fits(wanted(booking.places)):
            raise EventFull
        booking.event, booking.queued_at = there, timezone.now()
        booking.sequence += max(here.sequence - there.sequence, 0)  # their sum only grows
        booking.step("event", "queued_at")
        emails.booking_moved(booking, from_event=here)
        here.serve_queue()
        there.serve_queue()
