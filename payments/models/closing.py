from datetime import date, timedelta
from typing import TYPE_CHECKING, ClassVar

from dateutil.relativedelta import relativedelta
from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from payments.models.advisory import BOOKS, hold
from payments.models.frozen import FrozenRow

if TYPE_CHECKING:
    from accounts.models import User


class MonthNotOver(Exception):
    """Only a month that has ended can be closed."""


class MonthsBefore(Exception):
    """An earlier month still is open: they are closed in order."""


class Closing(FrozenRow):
    """A month whose books are closed: nothing is dated inside it any more. `sha256` says what they held that day."""

    month = models.DateField(_("mois"), unique=True, help_text=_("Son premier jour."))
    entry_count = models.PositiveIntegerField(_("écritures"))
    total = models.DecimalField(_("total des débits"), max_digits=12, decimal_places=2)
    sha256 = models.CharField(_("empreinte"), max_length=64)
    closed_at = models.DateTimeField(_("clos le"), default=timezone.now, editable=False)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("clos par")
    )

    objects: ClassVar = models.Manager()

    class Meta:
        verbose_name = _("clôture")
        verbose_name_plural = _("clôtures")
        ordering = ["-month"]

    def __str__(self) -> str:
        return date_format(self.month, "F Y")

    @property
    def last_day(self) -> date:
        return self.month + relativedelta(months=1) - timedelta(days=1)

    @property
    def is_intact(self) -> bool:
        """Whether the books of that month still are what was closed."""
        from payments import books  # noqa: PLC0415 - it reads our models

        return books.digest(self.month, self.last_day).sha256 == self.sha256

    @classmethod
    @transaction.atomic
    def close(cls, month: date, *, by: "User") -> "Closing":
        """Close the month of that day, and those before it in which nothing happened. A second call changes nothing.

        Waits for whoever is writing. Raises MonthNotOver, MonthsBefore.
        """
        from payments import books  # noqa: PLC0415 - it reads our models

        month = month.replace(day=1)
        if month >= timezone.localdate().replace(day=1):
            raise MonthNotOver
        hold(BOOKS)
        if known := cls.objects.filter(month=month).first():
            return known
        last = cls.objects.order_by("-month").first()
        if books.has_entries(since=last.last_day + timedelta(days=1) if last else None, until=month):
            raise MonthsBefore
        digest = books.digest(month, month + relativedelta(months=1) - timedelta(days=1))
        return cls.objects.create(
            month=month,
            entry_count=digest.entry_count,
            total=digest.total,
            sha256=digest.sha256,
            closed_by=by,
        )


def open_day(wanted: date) -> date:
    """The day on which something of that day may be written: itself, or the first that is still open.

    Keeps the books from being closed before the end of the transaction.
    """
    hold(BOOKS, alone=False)
    last = Closing.objects.order_by("-month").first()
    return max(wanted, last.last_day + timedelta(days=1)) if last else wanted
