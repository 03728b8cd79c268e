"""Reminders before an event.

A rule of n days is due from 9:00 in Paris on the n-th day before the event, until the next rule takes over or the event
begins: a missed run catches up, and old rules never burst. Whoever was confirmed after a rule was due is spared it.
"""

from datetime import date, datetime, time, timedelta

from django.utils import timezone

from events import emails
from events.models import Event, Registration

RULES = [7, 1]  # days before
HOUR = time(9)


def _paris(day: date, hour: time = time.min) -> datetime:
    return datetime.combine(day, hour, tzinfo=timezone.get_default_timezone())


def _rule_day(now: datetime) -> date:
    """The last day whose 9:00 has passed."""
    local = timezone.localtime(now)
    return local.date() if local.time() >= HOUR else local.date() - timedelta(days=1)


def due(event: Event, *, rule: int) -> "list[Registration]":
    """The confirmed registrations that were there before the rule was due."""
    due_at = _paris(timezone.localdate(event.starts_at) - timedelta(days=rule), HOUR)
    early = event.registrations.confirmed().filter(booking__confirmed_at__lt=due_at)
    return list(early.select_related("booking__event"))


def send_reminders(*, now: datetime) -> int:
    """Queue what is due at that moment; a second run queues nothing."""
    day, count = _rule_day(now), 0
    for rule, next_rule in zip(RULES, [*RULES[1:], None], strict=True):
        events = Event.objects.filter(
            status=Event.Status.PUBLISHED,
            starts_at__gt=now,
            starts_at__lt=_paris(day + timedelta(days=rule + 1)),
        )
        if next_rule is not None:
            events = events.filter(starts_at__gte=_paris(day + timedelta(days=next_rule + 1)))
        for event in events:
            count += sum(emails.reminder(registration, days=rule) for registration in due(event, rule=rule))
    return count
