import re
from collections.abc import Iterable
from itertools import zip_longest
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from members.models.plans import Plan

LAST_RULE_DAYS = 30
FURTHEST = 365
PLACEHOLDERS = ["nom", "formule", "fin", "lien", "jours"]
BRACES = re.compile(r"\{([^{}\n]*)\}")


def validate_placeholders(text: str) -> None:
    unknown = [found for found in BRACES.findall(text) if found not in PLACEHOLDERS]
    if unknown:
        raise ValidationError(
            ngettext(
                "Ce repère n’existe pas\u00a0: %(unknown)s. Les repères sont %(known)s.",
                "Ces repères n’existent pas\u00a0: %(unknown)s. Les repères sont %(known)s.",
                len(unknown),
            )
            % {"unknown": _in_braces(unknown), "known": _in_braces(PLACEHOLDERS)}
        )


def _in_braces(names: Iterable[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)


class ReminderRule(models.Model):
    """A message about the end of a membership, so many days after its last day, or before it.

    It stays due until the next one takes over, so that a missed run catches up and a late start never bursts old ones;
    the last stays due for `LAST_RULE_DAYS`. One that announces the end is not sent once it has come.
    """

    plan = models.ForeignKey(
        Plan,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="reminder_rules",
        verbose_name=_("formule"),
        help_text=_(
            "Vide\u00a0: toutes les formules qui n’ont pas de relance à elles. Une formule qui en a, même inactives, ne suit "
            "que les siennes."
        ),
    )
    days = models.SmallIntegerField(
        _("jours après le dernier jour"),
        validators=[MinValueValidator(-FURTHEST), MaxValueValidator(FURTHEST)],
        help_text=_(
            "−30\u00a0: trente jours avant\u202f; 0\u00a0: le dernier jour\u202f; 15\u00a0: quinze jours après."
        ),
    )
    subject = models.CharField(
        _("objet"),
        max_length=150,
        blank=True,
        validators=[validate_placeholders],
        help_text=_("Vide\u00a0: l’objet ordinaire."),
    )
    text = models.TextField(
        _("texte"),
        blank=True,
        validators=[validate_placeholders],
        help_text=_(
            "Vide\u00a0: le texte ordinaire. {nom} est la personne ou l’organisation, {formule} sa formule, {fin} le dernier "
            "jour, {jours} le temps qui en sépare («\u00a07 jours\u00a0»), {lien} l’adresse où renouveler\u00a0: seule sur "
            "sa ligne elle devient un bouton, et sans elle il s’ajoute à la fin."
        ),
    )
    is_active = models.BooleanField(pgettext_lazy("relance", "active"), default=True)

    class Meta:
        verbose_name = _("relance")
        verbose_name_plural = _("relances")
        ordering = [models.F("plan").asc(nulls_first=True), "days"]
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "days"],
                name="reminder_rule_once_a_plan",
                violation_error_message=_("Cette formule a déjà une relance ce jour-là."),
            ),
            models.UniqueConstraint(
                fields=["days"],
                condition=Q(plan=None),
                name="reminder_rule_once_for_every_plan",
                violation_error_message=_("Il y a déjà une relance ce jour-là."),
            ),
        ]

    def __str__(self) -> str:
        if not self.days:
            return gettext("le dernier jour")
        if self.days < 0:
            return ngettext("%d jour avant", "%d jours avant", -self.days) % -self.days
        return ngettext("%d jour après", "%d jours après", self.days) % self.days

    def fill(self, **values: str) -> dict[str, Any]:
        """Subject and text with what they say of one person. Braces that a value brings stay as they are."""

        def filled(text: str) -> str:
            return BRACES.sub(lambda found: values.get(found[1], found[0]), "\n".join(text.splitlines()))

        return {
            "subject": filled(self.subject),
            "text": filled(self.text),
            "has_link": "{lien}" in self.text,
        }


class Timetable:
    """Which rule is due so many days after the end, by plan."""

    def __init__(self, rules: Iterable[ReminderRule]) -> None:
        self._by_plan: dict[int | None, list[ReminderRule]] = {None: []}
        for rule in sorted(rules, key=lambda one: one.days):
            active = self._by_plan.setdefault(rule.plan_id, [])
            if rule.is_active:
                active.append(rule)
        self._days = [rule.days for active in self._by_plan.values() for rule in active]

    @property
    def reach(self) -> range:
        """The days after the end on which a rule may be due."""
        return range(min(self._days), max(self._days) + LAST_RULE_DAYS) if self._days else range(0)

    def due(self, plan_id: int, elapsed: int) -> ReminderRule | None:
        """The latest whose day has come, while it still makes sense."""
        rules = self._by_plan.get(plan_id, self._by_plan[None])
        for rule, after in zip_longest(rules, rules[1:]):
            until = after.days if after else rule.days + LAST_RULE_DAYS
            if rule.days <= elapsed < until and (rule.days >= 0 or elapsed <= 0):
                return rule
        return None
