"""Days counted from the day of the load, so that demo data never look old."""

from datetime import date, datetime, time, timedelta
from random import Random

from django.utils import timezone

HOLIDAYS = {(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11)}
HOLIDAYS |= {(12, day) for day in range(24, 32)}
SATURDAY, SUNDAY = 5, 6


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """That hour of the clock in Paris."""
    return datetime.combine(day, time(hour, minute), tzinfo=timezone.get_default_timezone())


def is_working(day: date, *, saturday: bool = False) -> bool:
    closed = {SUNDAY} if saturday else {SATURDAY, SUNDAY}
    return day.weekday() not in closed and (day.month, day.day) not in HOLIDAYS


def working_day(day: date, *, step: int, saturday: bool = False) -> date:
    """`day`, or the next (`step` 1) or previous (`step` -1) one on which people come."""
    while not is_working(day, saturday=saturday):
        day += timedelta(days=step)
    return day


def moment(rng: Random, day: date) -> datetime:
    """Some minute of that day at which people are awake."""
    return at(day, rng.randrange(7, 23), rng.randrange(60))
