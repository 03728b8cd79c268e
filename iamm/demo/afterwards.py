"""What leaves by itself around the demo events, and what people thought of those that are past."""

from collections.abc import Iterable, Iterator
from random import Random

from django.db.models import Model
from django.utils import timezone

from events.models import Event, Feedback, Registration, ReminderRule

ANSWERS = 0.4
MARKS = [5, 5, 4, 4, 4, 3, 3, 2, 1]
WORDS = [
    "",
    "",
    "Les exemples tirés de la région.",
    "Le temps laissé aux questions ; il en fallait encore plus.",
    "Une salle plus calme, et les supports avant de commencer.",
    "La démonstration. Le début était un peu rapide pour qui découvre.",
]


def rules(events: Iterable[Event]) -> list[ReminderRule]:
    """Those of every event. Nobody is thanked on the day of the load for an event of the week before."""
    found = [rule for event in events for rule in ReminderRule.defaults(event)]
    for rule in found:
        if rule.event.is_over:
            rule.sent_for = rule.event.starts_at
    return found


def feedback(rng: Random, rows: Iterable[Model]) -> Iterator[Feedback]:
    """From some of those who came. Once it cannot be changed any more, nothing says from whom."""
    for row in rows:
        if not isinstance(row, Registration) or not row.is_confirmed:
            continue
        event, now = row.event, timezone.now()
        if event.status == Event.Status.PUBLISHED and event.is_over and rng.random() < ANSWERS:
            mark = rng.choice(MARKS)
            yield Feedback(
                event=event,
                place=row if now < event.feedback_closes_at else None,
                rating=mark,
                useful=rng.choice(WORDS),
                would_recommend=None if rng.random() < 0.1 else mark >= 3,
            )
