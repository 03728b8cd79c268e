from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import ERASED_NAME

if TYPE_CHECKING:
    from accounts.models import User
    from events.models.booking import Booking  # noqa: F401 - named by a string below


class BookingState(models.TextChoices):
    """Of a booking, and so of all its places."""

    REQUESTED = "requested", _("à valider")
    WAITING = "waiting", _("en attente")
    OFFERED = "offered", _("place proposée")
    HELD = "held", _("à payer")
    CONFIRMED = "confirmed", _("confirmée")
    REFUSED = "refused", _("refusée")
    CANCELLED = "cancelled", _("annulée")
    EXPIRED = "expired", _("expirée")


UNTIL = [BookingState.OFFERED, BookingState.HELD]  # they hold places until they expire
LIVE = [BookingState.REQUESTED, BookingState.WAITING, *UNTIL, BookingState.CONFIRMED]


class BookingQuerySet(models.QuerySet["Booking"]):
    def visible_to(self, user: "User") -> "BookingQuerySet":
        return self.filter(Q(user=user) | Q(email__in=user.verified_emails))

    def for_display(self) -> "BookingQuerySet":
        return self.select_related("event", "charge").prefetch_related(
            "registrations__price", "charge__lines", "charge__adjustments", "charge__payments"
        )

    def live(self) -> "BookingQuerySet":
        return self.filter(state__in=LIVE)

    def requested(self) -> "BookingQuerySet":
        return self.filter(state=BookingState.REQUESTED).order_by("queued_at", "pk")

    def waiting(self) -> "BookingQuerySet":
        """The queue of an event, first come first."""
        return self.filter(state=BookingState.WAITING).order_by("queued_at", "pk")

    def hoping(self) -> "BookingQuerySet":
        """For staff's answer, or for a place that comes free."""
        return self.filter(state__in=[BookingState.REQUESTED, BookingState.WAITING])

    def erase(self) -> int:
        """Take the contact, and what was answered for all, out of bookings that stay for what they count."""
        from events.models.questions import Answer  # noqa: PLC0415 - answers know their booking

        pks = list(self.values_list("pk", flat=True))
        Answer.objects.filter(booking__in=pks, registration=None).delete()
        blank = {"email": "", "user": None, "invoice_to": "", "staff_reason": ""}
        return self.model._base_manager.filter(pk__in=pks).update(name=ERASED_NAME, **blank)

    def expired(self) -> "BookingQuerySet":
        return self.filter(state__in=UNTIL, expires_at__lte=timezone.now())
