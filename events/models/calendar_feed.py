from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from events.models.booking import Booking
from events.models.registration import Registration

if TYPE_CHECKING:
    from accounts.models import User

KEPT_DAYS = 60


class CalendarFeed(models.Model):
    """The secret address at which the calendar of an account reads what it holds."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="calendar_feed", verbose_name=_("compte")
    )
    token = models.UUIDField(default=uuid4, unique=True, editable=False)
    created_at = models.DateTimeField(_("créée le"), default=timezone.now, editable=False)

    objects: ClassVar = models.Manager()

    class Meta:
        verbose_name = _("adresse de calendrier")
        verbose_name_plural = _("adresses de calendrier")

    def __str__(self) -> str:
        return str(self.user)

    def get_absolute_url(self) -> str:
        return reverse("calendars:personal_feed", args=[self.token])

    @property
    def url(self) -> str:
        return f"{settings.SITE_URL}{self.get_absolute_url()}"

    @property
    def webcal_url(self) -> str:
        """What a click opens in the calendar of the machine."""
        return f"webcal://{self.url.split('://', 1)[1]}"

    @classmethod
    def renew(cls, user: "User") -> "CalendarFeed":
        """Another address, the first included. The one before is worth nothing any more."""
        values = {"token": uuid4(), "created_at": timezone.now()}
        feed, _is_new = cls.objects.update_or_create(user=user, defaults=values)
        return feed

    @property
    def held(self) -> list[Booking | Registration]:
        """The account's bookings, and its places in those of others, since sixty days ago."""
        since = timezone.now() - timedelta(days=KEPT_DAYS)
        bookings = Booking.objects.visible_to(self.user)
        recent = bookings.filter(event__ends_at__gte=since).for_display()
        places = Registration.objects.given_to(self.user).filter(booking__event__ends_at__gte=since)
        return [*recent, *places.order_by("pk")]
