"""What we hold of one person, family by family, as their page tells it."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from iamm import retention
from iamm.personal import SOURCES, Person
from iamm.retention_rules import Rule

WHERE_TO_CORRECT: dict[str, tuple[str, Any]] = {
    "accounts": ("account_email", _("Changer d’adresse e-mail")),
    "sessions": ("usersessions_list", _("Voir mes appareils connectés")),
    "members": ("members:profile", _("Voir et corriger ma fiche")),
    "directory": ("members:directory_entry", _("Changer ce que l’annuaire montre")),
    "consents": ("members:directory_entry", _("Retirer mon accord")),
    "journal": ("consultation_list", _("Voir qui a consulté ma fiche")),
    "bookings": ("account", _("Voir et corriger mes réservations")),
    "opt-outs": ("mailing:preferences", _("Choisir les messages que je reçois")),
    "mails": ("mailing:preferences", _("Choisir les messages que je reçois")),
}


class Family(NamedTuple):
    rule: Rule
    counts: list[tuple[int, str]]

    @property
    def link(self) -> tuple[str, Any] | None:
        name, label = WHERE_TO_CORRECT.get(self.rule.slug, ("", ""))
        return (reverse(name), label) if name else None


def of(person: Person) -> list[Family]:
    """Those of which there is something."""
    return [Family(rule, counts) for rule in retention.POLICY if (counts := list(_counts(person, rule)))]


def _counts(person: Person, rule: Rule) -> Iterator[tuple[int, str]]:
    for source in SOURCES:
        if source.rule == rule.slug and (count := source.rows(person).count()):
            meta = source.model._meta
            yield count, str(meta.verbose_name if count == 1 else meta.verbose_name_plural)
