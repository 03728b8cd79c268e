"""What we hold of one person, family by family, as their page tells it."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import Model
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
# Models of others that have no French name, or one that says nothing to a person.
NAMES: dict[type[Model], tuple[Any, Any]] = {
    Authenticator: (_("second facteur ou clé d’accès"), _("seconds facteurs et clés d’accès")),
    Session: (_("connexion ouverte"), _("connexions ouvertes")),
    UserSession: (_("appareil connecté"), _("appareils connectés")),
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
            one, several = NAMES.get(source.model, (meta.verbose_name, meta.verbose_name_plural))
            yield count, str(one if count == 1 else several)
