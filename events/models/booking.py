from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, TypeAlias
from uuid import uuid4

from django.conf import settings
from django.db import models, transaction
from django.db.models import Count, F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from events import emails
from events.models.booking_states import LIVE, UNTIL, BookingQuerySet, BookingState
from events.models.owing import Owing
from events.models.places import HOLD, Chance, wanted
from events.models.refusals import AlreadyRegistered, EventFull, EventOver, OfferGone
from mailing.outbox import current_language
from payments.models import Charge, Refund

if TYPE_CHECKING:
    from events.models.event import Event
    from events.models.registration import Registration


class Booking(Owing):
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
        for place in leaving:
            place.give_back()
        is_all = not booking.registrations.live().exists()
        if is_all:
            booking._end()
        else:
            booking.step()
        refund = booking.correct_charge(leaving, is_all=is_all)
        booking.refresh_from_db()  # what is left may be paid by now
        if is_all:
            emails.booking_cancelled(booking, leaving, refund=refund)
        else:
            emails.place_cancelled(booking, leaving[0], refund=refund)
        booking.event.serve_queue()

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
        if booking.charge:  # what an invoice still to come says of when it is supplied
            booking.charge.supplied_on = timezone.localdate(there.starts_at)
            booking.charge.save(update_fields=["supplied_on"])
        booking.sequence += max(here.sequence - there.sequence, 0)  # their sum only grows
        booking.step("event", "queued_at")
        emails.booking_moved(booking, from_event=here)
        here.serve_queue()
        there.serve_queue()
