"""How long what is due has been due, counted from `Charge.due_day`."""

from datetime import date, timedelta
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from payments.models import ChargeQuerySet


class Age(NamedTuple):
    """From `first` days to `last`, both included; None is without end."""

    name: str
    label: Any
    first: int | None
    last: int | None

    def of(self, charges: ChargeQuerySet, *, on: date) -> ChargeQuerySet:
        """Those of this age that day."""
        aged: Any = charges.with_due_day()
        if self.first is not None:
            aged = aged.filter(due_since__lte=on - timedelta(days=self.first))
        if self.last is not None:
            aged = aged.filter(due_since__gte=on - timedelta(days=self.last))
        kept: ChargeQuerySet = aged
        return kept


AGES = [
    Age("coming", _("pas encore échue"), None, -1),
    Age("30", _("0 à 30 jours"), 0, 30),
    Age("60", _("31 à 60 jours"), 31, 60),
    Age("90", _("61 à 90 jours"), 61, 90),
    Age("older", _("plus de 90 jours"), 91, None),
]


def age_of(days: int) -> Age:
    return next(age for age in AGES if age.last is None or days <= age.last)
