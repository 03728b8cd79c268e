"""What public sources say of the association itself, in the portal's own words. Data only."""

from typing import NamedTuple

from django.utils.translation import gettext as _


class Figure(NamedTuple):
    figure: str
    text: str
    source: str
    dated: str = ""


def figures() -> list[Figure]:
    """In the language of the request."""
    return [
        Figure(
            "6",
            _("membres fondateurs ont lancé l’association."),
            "rtsfm.com, ecomnews.fr",
            _("25 septembre 2025"),
        ),
        Figure("500 000 €", _("de soutien de la Métropole à l’association."), "rtsfm.com"),
        Figure(
            _("Plus de 1 000"),
            _("personnes ont signé l’appel de la Métropole et de l’université pour l’IA à Montpellier."),
            "montpellier3m.fr",
            _("janvier 2024"),
        ),
    ]
