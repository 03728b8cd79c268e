"""Some of the members who are up to date, in the directory, with what each chose to show."""

from collections.abc import Sequence
from datetime import date
from random import Random
from typing import Any

from django.db.models import Model

from iamm.demo import people
from members.models import Consent, DirectoryEntry, Kind, Member, Membership, Purpose, Skill
from members.models.consents import version_on

Link = DirectoryEntry.skills.through
SHARE = 0.3
HEADLINES = [
    "Cherche à comprendre ce que l’IA change à mon métier",
    "Données de santé, côté recherche",
    "Enseigne la programmation, et ses limites",
    "Cartographie du littoral et des inondations",
    "Anime des ateliers à la médiathèque",
    "Conseil en sobriété numérique",
    "Traduction, terminologie et modèles de langage",
    "Développe des outils libres",
]
ORGANISATION_HEADLINES = [
    "Des outils pour les communes",
    "Mesurer sans gaspiller",
    "Former près de chez vous",
]


class EntryWriter:
    """Draws from a source of its own, so that what else is in the demo does not depend on it."""

    def __init__(self, seed: int, today: date) -> None:
        self.seed, self.today = seed, today
        self.skills = list(Skill.objects.all())

    def rows(self, member: Member, periods: Sequence[Membership]) -> list[Model]:
        """Nothing for most; who signs in to the demo is always in it."""
        rng = Random(f"{self.seed}/entry/{member.email}")  # noqa: S311 - demo data must come out the same again
        covering = next((period for period in periods if period.covers(self.today)), None)
        if covering is None or member.email != people.CAMILLE.email and rng.random() > SHARE:
            return []
        consent = Consent(
            member=member,
            purpose=Purpose.DIRECTORY,
            text_version=version_on(Purpose.DIRECTORY, self.today),
            given_at=covering.created_at,
            given_by=member.user,
            expires_on=covering.ends_on,
        )
        entry = DirectoryEntry(member=member, **self._content(rng, member))
        known = rng.sample(self.skills, min(rng.randint(1, 4), len(self.skills)))
        return [consent, entry, *[Link(directoryentry=entry, skill=skill) for skill in known]]

    def _content(self, rng: Random, member: Member) -> dict[str, Any]:
        is_organisation = member.kind == Kind.ORGANISATION
        headlines = ORGANISATION_HEADLINES if is_organisation else HEADLINES
        return {
            "headline": rng.choice(headlines) if rng.random() < 0.7 else "",
            "shows_email": rng.random() < 0.5,
            "shows_college": rng.random() < 0.6,
            "shows_organisation": not is_organisation and rng.random() < 0.5,
        }
