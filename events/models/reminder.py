from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from events.models.dated import Dated

if TYPE_CHECKING:
    from events.models.event import Event

MAX_BEFORE = 90


def _paris(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, tzinfo=timezone.get_default_timezone())


class ReminderRule(models.Model):
    """When those who come are written to by itself: some time before the event, or after it to thank them."""

    class Unit(models.TextChoices):
        DAYS = "days", _("jours avant, à 9 h")
        HOURS = "hours", _("heures avant")
        AFTER = "after", _("jours après, à 10 h : merci, supports et questionnaire")

    MORNING: ClassVar = time(9)
    MORNING_AFTER: ClassVar = time(10)

    event = models.ForeignKey(
        "events.Event", models.CASCADE, related_name="reminder_rules", verbose_name=_("événement")
    )
    number = models.PositiveSmallIntegerField(
        _("nombre"), validators=[MinValueValidator(1), MaxValueValidator(MAX_BEFORE)]
    )
    unit = models.CharField(_("quand"), max_length=5, choices=Unit, default=Unit.DAYS)
    only_online = models.BooleanField(
        _("seulement en ligne"),
        default=False,
        help_text=_("Ne part que si l’événement se suit en ligne, en tout ou en partie."),
    )
    sent_for = models.DateTimeField(
        null=True, editable=False, help_text="The start of the event for which everybody was written to."
    )

    class Meta:
        verbose_name = _("message automatique")
        verbose_name_plural = _("messages automatiques")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "unit", "number"],
                name="reminder_rule_once_an_event",
                violation_error_message=_("Ce message est déjà prévu."),
            ),
            models.CheckConstraint(condition=models.Q(number__gte=1), name="reminder_rule_number"),
        ]

    def __str__(self) -> str:
        if self.unit == self.Unit.HOURS:
            return ngettext("%d heure avant", "%d heures avant", self.number) % self.number
        if self.unit == self.Unit.AFTER:
            return ngettext("%d jour après", "%d jours après", self.number) % self.number
        return ngettext("%d jour avant", "%d jours avant", self.number) % self.number

    @classmethod
    def defaults(cls, event: "Event") -> "list[ReminderRule]":
        """What an event has unless staff say otherwise."""
        return [
            cls(event=event, number=7, unit=cls.Unit.DAYS),
            cls(event=event, number=1, unit=cls.Unit.DAYS),
            cls(event=event, number=2, unit=cls.Unit.HOURS, only_online=True),
            cls(event=event, number=1, unit=cls.Unit.AFTER),
        ]

    def is_for(self, event: "Event") -> bool:
        return not self.only_online or event.format != event.Format.ON_SITE

    def due_at(self, event: "Event") -> datetime:
        """Hours are those of a stopwatch, days those of the calendar in Paris."""
        if self.unit == self.Unit.HOURS:
            return event.starts_at.astimezone(UTC) - timedelta(hours=self.number)
        if self.unit == self.Unit.AFTER:
            day = timezone.localtime(event.ends_at).date() + timedelta(days=self.number)
            return _paris(day, self.MORNING_AFTER)
        return _paris(timezone.localtime(event.starts_at).date() - timedelta(days=self.number), self.MORNING)


class Reminding(Dated):
    """What has rules of its own from the day it is made."""

    class Meta:
        abstract = True

    if TYPE_CHECKING:  # of the event
        reminder_rules: Any

    def save(self, *args: Any, **kwargs: Any) -> None:
        is_new = self._state.adding
        super().save(*args, **kwargs)
        if is_new:
            self.reminder_rules.bulk_create(ReminderRule.defaults(self))  # type: ignore[arg-type]

    def due_rule(self, *, now: datetime, is_after: bool) -> ReminderRule | None:
        """The last whose time has come: those before it are of no use any more."""
        event: Any = self
        rules: Iterable[ReminderRule] = [
            rule
            for rule in self.reminder_rules.all()
            if (rule.unit == rule.Unit.AFTER) == is_after and rule.is_for(event) and rule.due_at(event) <= now
        ]
        return max(rules, key=lambda rule: rule.due_at(event), default=None)

    def skip_due_reminders(self) -> None:
        """Whoever has just been told of another date needs no reminder whose time for that date has passed."""
        event: Any = self
        now = timezone.now()
        for rule in self.reminder_rules.all():
            if rule.due_at(event) <= now:
                rule.sent_for = self.starts_at
                rule.save(update_fields=["sent_for"])
