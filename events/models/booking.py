from datetime import datetime
from typing import TYPE_CHECKING, ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from events import emails
from mailing.outbox import current_language
from payments.models import Charge, Refund

if TYPE_CHECKING:
    from accounts.models import User


class BookingQuerySet(models.QuerySet["Booking"]):
    def visible_to(self, user: "User") -> "BookingQuerySet":
        return self.filter(Q(user=user) | Q(email__in=user.verified_emails))

    def for_display(self) -> "BookingQuerySet":
        return self.select_related("event", "registration", "charge").prefetch_related(
            "charge__lines", "charge__payments"
        )


class Booking(models.Model):
    """One act by one contact: the event, who to write to, what it costs. Reached by its token, without an account."""

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
    charge = models.OneToOneField(
        Charge, models.PROTECT, null=True, blank=True, related_name="booking", verbose_name=_("somme due")
    )
    language = models.CharField(_("langue"), max_length=5, default=current_language, editable=False)
    created_at = models.DateTimeField(_("créée le"), default=timezone.now, editable=False)

    objects: ClassVar = BookingQuerySet.as_manager()

    class Meta:
        verbose_name = _("réservation")
        verbose_name_plural = _("réservations")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.name} – {self.event}"

    def get_absolute_url(self) -> str:
        return reverse("bookings:booking", args=[self.token])

    @property
    def is_cancellable(self) -> bool:
        return self.registration.is_live and self.event.starts_at > timezone.now()

    @transaction.atomic
    def confirm_paid(self) -> None:
        """The charge is covered: give the held place. Too late, give one if there still is one, else owe a refund."""
        event = self.event.locked()
        registration = Registration.objects.get(booking=self)
        if registration.state == Registration.State.CONFIRMED:
            return
        others = event.registrations.live().filter(email=registration.email).exclude(pk=registration.pk)
        is_called_off = event.status == event.Status.CANCELLED
        has_place = not is_called_off and not event.is_over and event.has_room()
        if registration.holds_place or (has_place and not others.exists()):
            registration.confirm()
        else:
            registration.expire()
            assert self.charge is not None  # noqa: S101 - only a charge can be paid
            reason = Refund.Reason.CANCELLED if is_called_off else Refund.Reason.NO_PLACE
            self.charge.owe_refund(self.charge.amount, reason=reason)

    @transaction.atomic
    def cancel(self) -> None:
        """Give the place back, owe what was paid, and serve the waiting list. A second call changes nothing.

        Raises EventOver once the event has begun.
        """
        # The charge is locked before the event, as a payment does.
        list(Charge.objects.select_for_update(of=("self",)).filter(booking=self))
        event = self.event.locked()
        booking = Booking.objects.select_related("registration", "charge").get(pk=self.pk)
        registration = booking.registration
        if not registration.is_live:
            return
        event.refuse_if_over()
        registration.cancel()
        if booking.charge:
            booking.charge.cancel()
        emails.registration_cancelled(registration)
        event.promote_waiting()


class RegistrationQuerySet(models.QuerySet["Registration"]):
    def holding_place(self) -> "RegistrationQuerySet":
        """Those that count against the capacity: confirmed, or held and not yet expired."""
        held = Q(state=Registration.State.HELD, expires_at__gt=timezone.now())
        return self.filter(Q(state=Registration.State.CONFIRMED) | held)

    def confirmed(self) -> "RegistrationQuerySet":
        return self.filter(state=Registration.State.CONFIRMED)

    def waiting(self) -> "RegistrationQuerySet":
        """The queue, first come first."""
        return self.filter(state=Registration.State.WAITING).order_by("pk")

    def expired(self) -> "RegistrationQuerySet":
        return self.filter(state=Registration.State.HELD, expires_at__lte=timezone.now())

    def live(self) -> "RegistrationQuerySet":
        return self.filter(state__in=Registration.LIVE)


class Registration(models.Model):
    """One place of one attendee: confirmed, held while it is being paid, or waiting."""

    class State(models.TextChoices):
        CONFIRMED = "confirmed", _("confirmée")
        HELD = "held", _("à payer")
        WAITING = "waiting", _("en attente")
        CANCELLED = "cancelled", _("annulée")
        EXPIRED = "expired", _("expirée")

    LIVE: ClassVar = [State.CONFIRMED, State.HELD, State.WAITING]

    booking = models.OneToOneField(
        Booking, models.PROTECT, related_name="registration", verbose_name=_("réservation")
    )
    event = models.ForeignKey(
        "events.Event", models.PROTECT, related_name="registrations", verbose_name=_("événement")
    )
    name = models.CharField(_("nom"), max_length=200)
    email = models.EmailField(_("adresse e-mail"))
    state = models.CharField(_("état"), max_length=10, choices=State)
    expires_at = models.DateTimeField(_("place retenue jusqu’à"), null=True, blank=True)
    confirmed_at = models.DateTimeField(_("confirmée le"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("annulée le"), null=True, blank=True)

    objects: ClassVar = RegistrationQuerySet.as_manager()

    class Meta:
        verbose_name = _("inscription")
        verbose_name_plural = _("inscriptions")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                F("event"),
                F("email"),
                name="one_live_registration_an_address",
                condition=Q(state__in=["confirmed", "held", "waiting"]),
            ),
            models.CheckConstraint(
                condition=Q(state="held", expires_at__isnull=False) | ~Q(state="held"),
                name="a_held_place_expires",
            ),
        ]
        indexes = [models.Index(fields=["event", "state"], name="registration_event_state")]

    def __str__(self) -> str:
        return f"{self.name} – {self.get_state_display()}"

    @property
    def is_live(self) -> bool:
        return self.state in self.LIVE

    @property
    def holds_place(self) -> bool:
        """The same rule as `holding_place`, for one row."""
        is_held = (
            self.state == self.State.HELD and self.expires_at is not None and self.expires_at > timezone.now()
        )
        return is_held or self.state == self.State.CONFIRMED

    @property
    def is_late(self) -> bool:
        """Its hold has run out; a payment may still find a place."""
        return self.state == self.State.EXPIRED or (self.state == self.State.HELD and not self.holds_place)

    @property
    def rank(self) -> int:
        """1 for the next to be served."""
        return self.event.registrations.waiting().filter(pk__lte=self.pk).count()

    # The verbs below are for `Event` and `Booking`, which hold the lock on the event.

    def confirm(self) -> None:
        self.state, self.confirmed_at, self.expires_at = self.State.CONFIRMED, timezone.now(), None
        self.save(update_fields=["state", "confirmed_at", "expires_at"])
        emails.registration_confirmed(self)

    def hold(self, until: datetime) -> None:
        self.state, self.expires_at = self.State.HELD, until
        self.save(update_fields=["state", "expires_at"])

    def cancel(self) -> None:
        self.state, self.cancelled_at, self.expires_at = self.State.CANCELLED, timezone.now(), None
        self.save(update_fields=["state", "cancelled_at", "expires_at"])

    def expire(self) -> None:
        self.state = self.State.EXPIRED
        self.save(update_fields=["state"])
