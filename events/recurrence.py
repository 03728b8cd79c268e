"""The dates of a series: the same hour of the clock in Paris, on both sides of a change of hour."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum, StrEnum, auto
from itertools import islice

from dateutil.rrule import MONTHLY, WEEKLY, rrule, weekday
from django.utils import timezone

MAX_DATES = 60
WEEK = timedelta(days=7)


class SeriesRefused(Exception):
    """These dates make no sense, or are not to be had of this event."""

    class Why(Enum):
        NO_DATE = auto()
        TOO_MANY = auto()
        IN_THE_PAST = auto()
        OVERLAP = auto()

    def __init__(self, why: Why) -> None:
        self.why = why


class Pattern(StrEnum):
    WEEKS = "semaines"
    NTH_WEEKDAY = "mois"  # the second Tuesday of each
    LAST_WEEKDAY = "fin-de-mois"


@dataclass(frozen=True)
class Recurrence:
    """`count` is how many dates come after the first, `until` the last day that may be one: give one of the two."""

    pattern: Pattern
    every: int = 1
    count: int | None = None
    until: date | None = None

    def dates(self, first: datetime) -> list[datetime]:
        """The dates after `first`. Raises SeriesRefused for none, or for too many."""
        start = on_the_clock(first)
        rule = rrule(
            MONTHLY if self.pattern != Pattern.WEEKS else WEEKLY,
            dtstart=start,
            interval=self.every,
            byweekday=self._weekday(start),
            until=None if self.until is None else datetime.combine(self.until, time.max),
            count=None if self.count is None else self.count + 1,
        )
        found = [day for day in islice(rule, MAX_DATES + 2) if day > start]
        if not found:
            raise SeriesRefused(SeriesRefused.Why.NO_DATE)
        if len(found) > MAX_DATES:
            raise SeriesRefused(SeriesRefused.Why.TOO_MANY)
        return [in_paris(day) for day in found]

    def _weekday(self, start: datetime) -> weekday:
        match self.pattern:
            case Pattern.NTH_WEEKDAY:
                return weekday(start.weekday(), week_of(start))
            case Pattern.LAST_WEEKDAY:
                return weekday(start.weekday(), -1)
        return weekday(start.weekday())


def week_of(day: date) -> int:
    """2 for the second Tuesday of its month."""
    return (day.day - 1) // 7 + 1


def is_last_of_month(day: date) -> bool:
    return (day + WEEK).month != day.month


def on_the_clock(moment: datetime) -> datetime:
    """What a clock in Paris says at this moment."""
    return timezone.localtime(moment, timezone.get_default_timezone()).replace(tzinfo=None, fold=0)


def in_paris(clock: datetime) -> datetime:
    """When a clock in Paris says this. In UTC, so that moments can be compared and added to.

    As RFC 5545, 3.3.5, has it: what is said twice is the first time; 2:30 is 3:30 on the day that has none.
    """
    return clock.replace(tzinfo=timezone.get_default_timezone()).astimezone(UTC)
