"""The messages that leave by themselves, before an event and after it: see `ReminderRule`.

A rule holds from the moment it is due until the next one takes over: a missed run catches up, and old rules never
burst. Whoever was confirmed after a rule was due is spared it.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from events import emails
from events.addressees import Addressee, addressees
from events.models import FEEDBACK_DAYS, Booking, Event, ReminderRule
from events.models.reminder import MAX_BEFORE

CAUGHT_UP = timedelta(days=7)  # thanks that come later than that are no thanks


def send_reminders(*, now: datetime) -> int:
    """Queue what is due at that moment; a second run queues nothing."""
    return sum(_send(rule, event) for event, rule in _due(now))


def _due(now: datetime) -> Iterator[tuple[Event, ReminderRule]]:
    """The rule of each event whose turn it is, unless all were written to."""
    published = Event.objects.filter(status=Event.Status.PUBLISHED).prefetch_related("reminder_rules")
    coming = published.filter(starts_at__gt=now, starts_at__lt=now + timedelta(days=MAX_BEFORE + 1))
    for event in coming.order_by("starts_at", "pk"):
        rule = event.due_rule(now=now, is_after=False)
        if rule is not None and rule.sent_for != event.starts_at:
            yield event, rule
    past = published.filter(ends_at__lte=now, ends_at__gt=now - timedelta(days=FEEDBACK_DAYS))
    for event in past.order_by("ends_at", "pk"):
        rule = event.due_rule(now=now, is_after=True)
        if rule is not None and rule.sent_for != event.starts_at and now - rule.due_at(event) < CAUGHT_UP:
            yield event, rule


@transaction.atomic
def _send(rule: ReminderRule, event: Event) -> int:
    """Write to all, and that it is done. Two runs at once never do the same rule."""
    rules = ReminderRule.objects.select_for_update(skip_locked=True).filter(pk=rule.pk)
    if rules.exclude(sent_for=event.starts_at).first() is None:
        return 0
    ReminderRule.objects.filter(pk=rule.pk).update(sent_for=event.starts_at)
    return sum(emails.reminder(one, event=event, rule=rule) for one in _to_tell(rule, event))


def _to_tell(rule: ReminderRule, event: Event) -> list[Addressee]:
    """Each address with the places confirmed before the rule was due, once."""
    confirmed = Q(state=Booking.State.CONFIRMED, confirmed_at__lt=rule.due_at(event))
    bookings = event.bookings.filter(confirmed).select_related("event").prefetch_related("registrations")
    return [one for one in addressees(bookings.order_by("pk")) if one.places]
