"""What a rule of retention is made of: see `iamm.retention` for the rules themselves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

CHUNK = 200
AT_MOST = 20_000  # rows of one rule in one night: the next one goes on


def words(names: str) -> list[str]:
    return names.split()


@dataclass(frozen=True)
class Kept:
    """How long, and from when: in words for people, and as the day before which it is over."""

    since: Any
    years: int = 0
    days: int | Callable[[], int] = 0  # or what the settings say

    @property
    def day_count(self) -> int:
        return self.days() if callable(self.days) else self.days

    def __str__(self) -> str:
        if not (self.years or self.day_count):
            return str(self.since)
        years = ngettext("%d an", "%d ans", self.years) % self.years if self.years else ""
        days = ngettext("%d jour", "%d jours", self.day_count) % self.day_count if self.day_count else ""
        both = _("%(years)s et %(days)s") % {"years": years, "days": days}
        length = both if years and days else years or days
        return _("%(length)s après %(since)s") % {"length": length, "since": self.since}

    @property
    def sentence(self) -> str:
        return f"{capfirst(str(self))}."

    def limit(self, today: date) -> date:
        """What happened before this day has been kept long enough."""
        is_leap_day = self.years and (today.month, today.day) == (2, 29)
        day = today.replace(day=28) if is_leap_day else today
        return day.replace(year=day.year - self.years) - timedelta(days=self.day_count)

    def moment(self) -> datetime:
        """The same as the beginning of that day in Paris."""
        return timezone.make_aware(datetime.combine(self.limit(timezone.localdate()), time()))


@dataclass(frozen=True)
class Rule:
    """One line of the policy.

    `data` names each column by its model. `due` gives the rows whose time has come, `apply` takes them out of the
    database, and says how many; a rule without them is applied by `task`, or ends with the rows of another rule.
    """

    slug: str
    title: Any
    holds: Any
    why: Any
    kept: Kept
    then: Any
    data: Mapping[str, Sequence[str]]
    due: Callable[[Kept], QuerySet[Any]] | None = None
    apply: Callable[[QuerySet[Any]], int] | None = None
    task: str = ""
    secrets: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def count(self) -> int:
        """How many rows have been kept long enough."""
        return self.due(self.kept).count() if self.due else 0

    def run(self) -> int:
        """Apply it, some rows at a time, so that nobody waits for it and a failure loses little."""
        if self.due is None or self.apply is None:
            return 0
        pks = list(self.due(self.kept).order_by("pk").values_list("pk", flat=True)[:AT_MOST])
        return sum(
            self.apply(self.due(self.kept).filter(pk__in=pks[start : start + CHUNK]))
            for start in range(0, len(pks), CHUNK)
        )
