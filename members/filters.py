"""A row of filters as a page shows it: what may be chosen, how much it would keep, and what is applied."""

from dataclasses import dataclass

from django.utils.text import Truncator
from django.utils.translation import gettext as _


@dataclass(frozen=True)
class Option:
    value: str
    label: str
    count: int
    is_chosen: bool

    @property
    def is_dead_end(self) -> bool:
        return self.count == 0 and not self.is_chosen


@dataclass(frozen=True)
class Choice:
    """A facet as the form shows it."""

    name: str
    label: str
    options: list[Option]

    @property
    def chosen_count(self) -> int:
        return sum(option.is_chosen for option in self.options)


@dataclass(frozen=True)
class Chip:
    label: str
    query: str  # that takes it away


def in_quotes(value: str) -> str:
    return _("«\u00a0%(words)s\u00a0»") % {"words": Truncator(value.replace("\0", "")).chars(40)}
