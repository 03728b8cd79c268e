from collections.abc import Iterable

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mailing import rules
from members.models.plans import Plan

PLACEHOLDERS = ["nom", "formule", "fin", "lien", "jours"]


def validate_placeholders(text: str) -> None:
    rules.refuse_unknown_placeholders(text, PLACEHOLDERS)


class ReminderRule(rules.WrittenRule):
    """A message about the end of a membership, so many days after its last day, or before it."""

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
        validators=[MinValueValidator(-rules.FURTHEST), MaxValueValidator(rules.FURTHEST)],
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
        return self.moment_around(gettext("le dernier jour"))


class Timetable:
    """Which rule is due so many days after the end, by plan."""

    def __init__(self, found: Iterable[ReminderRule]) -> None:
        self._by_plan: dict[int | None, list[ReminderRule]] = {None: []}
        for rule in sorted(found, key=lambda one: one.days):
            active = self._by_plan.setdefault(rule.plan_id, [])
            if rule.is_active:
                active.append(rule)

    @property
    def reach(self) -> range:
        """The days after the end on which a rule may be due."""
        return rules.reach([rule.days for active in self._by_plan.values() for rule in active])

    def due(self, plan_id: int, elapsed: int) -> ReminderRule | None:
        return rules.latest_due(self._by_plan.get(plan_id, self._by_plan[None]), elapsed)
