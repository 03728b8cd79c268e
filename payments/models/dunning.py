from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mailing import rules
from mailing.rules import FURTHEST

PLACEHOLDERS = ["nom", "numero", "objet", "montant", "echeance", "jours", "lien"]


def validate_placeholders(text: str) -> None:
    rules.refuse_unknown_placeholders(text, PLACEHOLDERS)


class DunningRule(rules.WrittenRule):
    """A message about a sum that is not paid, so many days after the day on which it is due, or before it."""

    name = models.CharField(
        _("nom"), max_length=80, help_text=_("Pour l’équipe\u202f; personne d’autre ne le lit.")
    )
    days = models.SmallIntegerField(
        _("jours après l’échéance"),
        unique=True,
        validators=[MinValueValidator(-FURTHEST), MaxValueValidator(FURTHEST)],
        help_text=_("15\u00a0: quinze jours après\u202f; −7\u00a0: sept jours avant."),
        error_messages={"unique": _("Il y a déjà une relance ce jour-là.")},
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
            "Vide\u00a0: le texte ordinaire. {nom} est le payeur, {numero} la référence de la somme, {objet} ce qu’elle paie, "
            "{montant} ce qui reste à régler, {echeance} le jour où c’est dû, {jours} le temps qui en sépare («\u00a07 "
            "jours\u00a0»), {lien} l’adresse où régler\u00a0: seule sur sa ligne elle devient un bouton, et sans elle il "
            "s’ajoute à la fin."
        ),
    )

    objects: ClassVar = models.Manager()

    class Meta:
        verbose_name = _("relance d’impayé")
        verbose_name_plural = _("relances d’impayés")
        ordering = ["days"]

    def __str__(self) -> str:
        return self.name

    @property
    def moment(self) -> str:
        return self.moment_around(gettext("le jour de l’échéance"))
