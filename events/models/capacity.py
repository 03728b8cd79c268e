from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from events.models.booking import Booking
from events.models.dated import Dated
from events.models.places import FEW_PLACES, Room, offer_until, wanted
from events.models.pricing import Price
from events.models.registration import Registration

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from events.models.pricing import PromoCode
    from events.models.questions import Question


class HasPlaces(Dated):
    """What an event says of its places, and how many there are left. Nothing is stored: live rows are counted."""

    class Availability(models.TextChoices):
        """What a visitor can do now, in the order in which it is decided."""

        CANCELLED = "cancelled", _("annulé")
        OVER = "over", _("terminé")
        NOT_YET = "not_yet", _("inscriptions pas encore ouvertes")
        CLOSED = "closed", _("inscriptions closes")
        OPEN = "open", _("places disponibles")
        FEW = "few", _("dernières places")
        QUEUE = "queue", _("complet, liste d’attente ouverte")
        FULL = "full", _("complet")

    if TYPE_CHECKING:  # the far ends of foreign keys
        prices: RelatedManager[Price]
        promo_codes: RelatedManager[PromoCode]
        questions: RelatedManager[Question]
        bookings: Any
        training_id: int | None

    capacity = models.PositiveIntegerField(
        _("nombre de places"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Vide : sans limite."),
    )
    has_waiting_list = models.BooleanField(_("liste d’attente"), default=True)
    queue_closes_hours = models.PositiveSmallIntegerField(
        _("fin de la liste d’attente, en heures avant le début"),
        default=2,
        help_text=_("Après, une place libérée est à qui s’inscrit le premier."),
    )
    max_places = models.PositiveSmallIntegerField(
        _("places par réservation"),
        default=5,
        validators=[MinValueValidator(1), MaxValueValidator(20)],
    )
    needs_approval = models.BooleanField(_("inscriptions à valider"), default=False)
    is_members_only = models.BooleanField(_("réservé aux adhérents à jour"), default=False)
    allows_invoice = models.BooleanField(
        _("paiement sur facture"),
        default=False,
        help_text=_("Une organisation peut payer plus tard, par virement."),
    )
    cancellation_fee = models.DecimalField(
        _("frais d’annulation par place"),
        max_digits=8,
        decimal_places=2,
        default=Decimal(0),
        validators=[MinValueValidator(Decimal(0))],
    )
    refunds_until = models.DateTimeField(
        _("remboursable jusqu’au"), null=True, blank=True, help_text=_("Vide : jusqu’au début.")
    )
    registration_opens_at = models.DateTimeField(_("ouverture des inscriptions"), null=True, blank=True)
    registration_closes_at = models.DateTimeField(
        _("clôture des inscriptions"), null=True, blank=True, help_text=_("Vide : au début de l’événement.")
    )

    class Meta:
        abstract = True

    def locked(self) -> Self:
        """This event read again, and locked until the end of the transaction: places change under it only."""
        return type(self)._default_manager.select_for_update(of=("self",)).get(pk=self.pk)

    # Time

    @property
    def registration_ends_at(self) -> datetime:
        return min(self.registration_closes_at or self.starts_at, self.starts_at)

    @property
    def queue_closes_at(self) -> datetime:
        return self.starts_at - timedelta(hours=self.queue_closes_hours)

    @property
    def is_queue_open(self) -> bool:
        return timezone.now() < self.queue_closes_at

    @property
    def is_refunding(self) -> bool:
        return timezone.now() <= (self.refunds_until or self.starts_at)

    def offer_until(self) -> datetime:
        now = timezone.now()
        closes_at = self.queue_closes_at if self.is_queue_open else self.starts_at
        return offer_until(now, closes_at=closes_at)

    # Places

    @property
    def registrations(self) -> Any:
        return Registration.objects.filter(booking__event=self.pk)

    def room(self) -> Room:
        rows = self.registrations.holding_place().order_by().values("price").annotate(n=Count("pk"))
        taken = Counter({row["price"]: row["n"] for row in rows})
        return Room.of(self.capacity, self.prices.all(), taken)

    @property
    def places_taken(self) -> int:
        """Annotated by `with_places` in lists."""
        if hasattr(self, "taken"):
            return int(self.taken)
        return int(self.registrations.holding_place().count())

    @property
    def queue_length(self) -> int:
        """How many places the queue waits for."""
        if hasattr(self, "in_queue"):
            return int(self.in_queue)
        return int(self.registrations.waiting().count())

    @property
    def places_left(self) -> int | None:
        """What the public can still take: those who wait are served first. None without a limit."""
        queue = self.queue_length if self.is_queue_open else 0
        limits = []
        if self.capacity is not None:
            kept = sum(price.places_kept for price in self.prices.all())
            limits.append(self.capacity - self.places_taken - queue - kept)
        public = [price for price in self.prices.all() if not price.is_reserved and price.is_on_sale]
        quotas = [price.quota for price in public if price.quota is not None]
        if public and len(quotas) == len(public):
            limits.append(sum(quotas) - sum(price.places_taken for price in public) - queue)
        return max(min(limits), 0) if limits else None

    def usual_share_given_back(self) -> float:
        """Of the places confirmed at other events of the last year, those that were cancelled: 10 % without any."""
        now = timezone.now()
        past = Registration.objects.filter(
            booking__confirmed_at__gt=now - timedelta(days=365), booking__event__ends_at__lt=now
        )
        counts = past.aggregate(all=Count("pk"), back=Count("pk", filter=~models.Q(cancelled_at=None)))
        return counts["back"] / counts["all"] if counts["all"] else 0.1

    def has_room_behind_queue(self, booking: Booking) -> bool:
        """Whether this booking, which is late, finds places that nobody waits for. The caller holds the lock."""
        room = self._room_behind_queue(booking)
        return room.fits(wanted(booking.places))

    def _room_behind_queue(self, newcomer: Booking | None = None) -> Room:
        room = self.room()
        if room.left == 0 and not room.kept:
            return room
        for booking in self._queue():
            if booking != newcomer and room.fits(asked := wanted(booking.places)):
                room.take(asked)
        return room

    def _queue(self) -> "models.QuerySet[Booking]":
        waiting: models.QuerySet[Booking] = self.bookings.waiting()
        if not self.is_queue_open:
            waiting = waiting.none()
        return waiting.select_related("event", "user").prefetch_related("registrations__price")

    @property
    def availability(self) -> Availability:
        now, left = timezone.now(), self.places_left
        cases = [
            (self.status == self.Status.CANCELLED, self.Availability.CANCELLED),
            (self.has_begun, self.Availability.OVER),
            (
                self.registration_opens_at is not None and now < self.registration_opens_at,
                self.Availability.NOT_YET,
            ),
            (self.status == self.Status.DRAFT or now >= self.registration_ends_at, self.Availability.CLOSED),
            (not self._has_price_on_sale, self.Availability.CLOSED),
            (left is None or left > FEW_PLACES, self.Availability.OPEN),
            (bool(left), self.Availability.FEW),
            (self.has_waiting_list and self.is_queue_open, self.Availability.QUEUE),
        ]
        return next((state for holds, state in cases if holds), self.Availability.FULL)

    @property
    def _has_price_on_sale(self) -> bool:
        prices = self.prices.all()
        return not prices or any(price.is_on_sale for price in prices)

    @property
    def takes_registrations(self) -> bool:
        can = self.Availability
        return self.availability in {can.OPEN, can.FEW, can.QUEUE}

    # Price

    @property
    def public_prices(self) -> list[Price]:
        """What anybody can choose now."""
        return [price for price in self.prices.all() if not price.is_reserved and price.is_on_sale]

    @property
    def is_free(self) -> bool:
        return all(price.amount == 0 for price in self.prices.all())

    @property
    def price(self) -> Decimal:
        """The lowest that anybody pays, or what is least for some when nothing is for everybody."""
        for_all = [price for price in self.public_prices if price.for_whom == Price.ForWhom.PUBLIC]
        prices = for_all or self.public_prices or list(self.prices.all())
        return min((price.amount for price in prices), default=Decimal(0))

    @property
    def is_price_a_start(self) -> bool:
        """Whether somebody pays, or may choose to pay, more than `price`."""
        for_all = [price for price in self.public_prices if price.for_whom == Price.ForWhom.PUBLIC]
        return any(price.is_chosen or price.amount > self.price for price in for_all)

    @property
    def member_price(self) -> Decimal | None:
        """What members pay, when that is less."""
        amounts = [
            price.amount
            for price in self.prices.all()
            if price.for_whom == Price.ForWhom.MEMBERS and price.is_on_sale
        ]
        return min(amounts) if amounts and min(amounts) < self.price else None
