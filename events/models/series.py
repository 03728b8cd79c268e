import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.db import models, transaction
from django.db.models.fields.files import FieldFile
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from events.recurrence import Recurrence, SeriesRefused, in_paris, on_the_clock

_date_at_the_end = re.compile(r"(-\d{4}-\d{2}-\d{2})(-\d+)?$")


class Series(models.Model):
    """Events that are one event at several dates. Each lives its own life: its places, its changes, its cancellation."""

    name = models.CharField(_("nom"), max_length=200)
    created_at = models.DateTimeField(_("créée le"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("série")
        verbose_name_plural = _("séries")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.name


class Repeatable(models.Model):
    """What can be copied to other dates."""

    # Rows that say what the event is go with it; what happened to the event stays.
    COPIED: ClassVar = ["prices", "questions", "appearances", "slots", "reminder_rules"]
    NOT_COPIED: ClassVar = ["bookings", "promo_codes", "resources", "group_messages", "feedback"]
    OWN: ClassVar = {"id", "slug", "status", "series", "starts_at", "ends_at"}

    series = models.ForeignKey(
        Series,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="events",
        verbose_name=_("série"),
    )

    class Meta:
        abstract = True

    if TYPE_CHECKING:  # of the event
        title: Any
        slug: Any
        starts_at: Any
        ends_at: Any
        reminder_rules: Any
        locked: Callable[[], Self]
        publish: Callable[[], None]

    @transaction.atomic
    def copy(self, *, starts_at: datetime, series: Series | None = None) -> Self:
        """A draft of the same event at another date. Every other moment moves by as much, on the clock.

        What staff typed is copied, with prices, questions, programme and speakers. What was received or sent is not,
        nor are codes, which were given to somebody for a date, nor resources, which are what remains of it.
        """
        starts_at, later = starts_at.astimezone(UTC), _shift(self.starts_at, starts_at)
        ends_at = later(self.ends_at)
        if ends_at <= starts_at:  # its end falls into an hour that the clock says twice
            ends_at = starts_at + (self.ends_at.astimezone(UTC) - self.starts_at.astimezone(UTC))
        twin = type(self)(
            **_typed(self, except_for=self.OWN, later=later),
            slug=self._slug_at(starts_at),
            series=series,
            starts_at=starts_at,
            ends_at=ends_at,
        )
        twin.save(force_insert=True)
        twin.reminder_rules.all().delete()  # those that every new event has
        _copy_many_to_many(self, twin)
        for name in self.COPIED:
            for row in getattr(self, name).all():
                other = type(row)(**_typed(row, except_for={"id", "event"}, later=later), event=twin)
                other.save(force_insert=True)
                _copy_many_to_many(row, other)
        return twin

    @transaction.atomic
    def repeat(self, recurrence: Recurrence, *, is_published: bool = False) -> list[Self]:
        """Make this event the first of a series, or lengthen the one it is of. Returns the new events.

        A date that the series already has is left alone. Raises SeriesRefused.
        """
        event = self.locked()
        dates = recurrence.dates(event.starts_at)
        if dates[0] <= timezone.now():
            raise SeriesRefused(SeriesRefused.Why.IN_THE_PAST)
        lasts = event.ends_at - event.starts_at
        if any(after - before < lasts for before, after in pairwise([event.starts_at, *dates])):
            raise SeriesRefused(SeriesRefused.Why.OVERLAP)
        if event.series is None:
            event.series = Series.objects.create(name=event.title)
            event.save(update_fields=["series", "updated_at"])
        self.series = event.series
        known = set(event.series.events.values_list("starts_at", flat=True))
        if not (missing := [date for date in dates if date not in known]):
            raise SeriesRefused(SeriesRefused.Why.NO_DATE)
        twins = [event.copy(starts_at=date, series=event.series) for date in missing]
        for twin in twins if is_published else []:
            twin.publish()
        return twins

    def _slug_at(self, starts_at: datetime) -> str:
        """The same address with the date, and a number for a second event that day."""
        stem = f"{_date_at_the_end.sub('', self.slug)[:200]}-{on_the_clock(starts_at):%Y-%m-%d}"
        events: Any = type(self)._default_manager
        taken = set(events.filter(slug__startswith=stem).values_list("slug", flat=True))
        names = (stem if number == 1 else f"{stem}-{number}" for number in count(1))
        return next(name for name in names if name not in taken)


def _shift(before: datetime, after: datetime) -> Callable[[datetime], datetime]:
    """Moves a moment as `before` moved to `after`, on the clock: what is at 18:30 stays at 18:30."""
    moved: timedelta = on_the_clock(after) - on_the_clock(before)
    return lambda moment: in_paris(on_the_clock(moment) + moved)


def _typed(row: Any, *, except_for: set[str], later: Callable[[datetime], datetime]) -> dict[str, Any]:
    """What staff typed into this row, its moments moved."""
    values = {}
    for field in row._meta.concrete_fields:
        if field.editable and field.name not in except_for:
            value = getattr(row, field.attname)
            if isinstance(value, FieldFile):
                value = value.name  # the row keeps its own object
            is_moment = isinstance(field, models.DateTimeField) and value is not None
            values[field.attname] = later(value) if is_moment else value
    return values


def _copy_many_to_many(row: Any, other: Any) -> None:
    for field in row._meta.many_to_many:
        if field.remote_field.through._meta.auto_created:
            getattr(other, field.name).set(getattr(row, field.name).all())
