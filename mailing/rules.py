"""What the rules of reminders have in common: so many days before or after a day, in words that staff write."""

import re
from collections.abc import Collection, Iterable, Sequence
from itertools import zip_longest
from typing import Any, Protocol, TypeVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import ngettext, pgettext_lazy

LAST_RULE_DAYS = 30
FURTHEST = 365
BRACES = re.compile(r"\{([^{}\n]*)\}")


class HasDays(Protocol):
    days: int


Rule = TypeVar("Rule", bound=HasDays)


def latest_due(rules: Sequence[Rule], elapsed: int) -> Rule | None:
    """Of rules in the order of their days, the latest whose day has come, while it still makes sense.

    One stays due until the next takes over, so that a missed run catches up and a late start never bursts old ones; the
    last stays due for `LAST_RULE_DAYS`. One that announces a day is not sent once it has passed.
    """
    for rule, after in zip_longest(rules, rules[1:]):
        until = after.days if after else rule.days + LAST_RULE_DAYS
        if rule.days <= elapsed < until and (rule.days >= 0 or elapsed <= 0):
            return rule
    return None


def reach(days: Collection[int]) -> range:
    """How long after the day something may be due by rules of so many days."""
    return range(min(days), max(days) + LAST_RULE_DAYS) if days else range(0)


def refuse_unknown_placeholders(text: str, known: Sequence[str]) -> None:
    """Raises ValidationError."""
    unknown = [found for found in BRACES.findall(text) if found not in known]
    if unknown:
        raise ValidationError(
            ngettext(
                "Ce repère n’existe pas\u00a0: %(unknown)s. Les repères sont %(known)s.",
                "Ces repères n’existent pas\u00a0: %(unknown)s. Les repères sont %(known)s.",
                len(unknown),
            )
            % {"unknown": _in_braces(unknown), "known": _in_braces(known)}
        )


def _in_braces(names: Iterable[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)


def filled(text: str, values: dict[str, str]) -> str:
    """Braces that a value brings stay as they are."""
    return BRACES.sub(lambda found: values.get(found[1], found[0]), "\n".join(text.splitlines()))


class WrittenRule(models.Model):
    """What staff may write otherwise. A rule has its `days`, `subject` and `text`, with placeholders of its own."""

    is_active = models.BooleanField(pgettext_lazy("relance", "active"), default=True)

    days: Any
    subject: Any
    text: Any

    class Meta:
        abstract = True

    def moment_around(self, day: str) -> str:
        """When it leaves, in words: `day` is what its days are counted from."""
        if not self.days:
            return day
        if self.days < 0:
            return ngettext("%d jour avant", "%d jours avant", -self.days) % -self.days
        return ngettext("%d jour après", "%d jours après", self.days) % self.days

    def fill(self, **values: str) -> dict[str, Any]:
        """Subject and text with what they say of one person."""
        return {
            "subject": filled(self.subject, values),
            "text": filled(self.text, values),
            "has_link": "{lien}" in self.text,
        }
