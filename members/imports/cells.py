"""What one cell means of a member: the ways people write a number, a nature, a role."""

import re

from django.utils.translation import gettext as _

from documents.cells import BadCell, folded, text
from documents.reading import Cell
from members.models import Kind, Mandate

NUMBER = re.compile(r"A?-?0*(\d{1,9})", re.IGNORECASE)
KINDS: dict[str, str] = {
    Kind.PERSON: "personne physique particulier individu individuel adherent person",
    Kind.ORGANISATION: "organisation morale entreprise societe association structure organisme company",
}
ROLES: dict[str, str] = {
    Mandate.Role.TITULAR: "titulaire representant principal titular",
    Mandate.Role.DEPUTY: "suppleant suppleante adjoint deputy",
    Mandate.Role.COLLEAGUE: "collegue membre salarie colleague",
}


def member_number(cell: Cell) -> int:
    match = NUMBER.fullmatch(text(cell).replace(" ", ""))
    if match is None:
        raise BadCell(_("Un numéro d’adhérent s’écrit A-000123."))
    return int(match[1])


def kind(cell: Cell) -> str:
    return _among(KINDS, cell, _("On attend «\u00a0personne\u00a0» ou «\u00a0organisation\u00a0»."))


def role(cell: Cell) -> str:
    return _among(
        ROLES,
        cell,
        _("On attend «\u00a0titulaire\u00a0», «\u00a0suppléant\u00a0» ou «\u00a0collègue\u00a0»."),
    )


def phone_key(number: str) -> str:
    """What is the same in 06 12 34 56 78 and +33 6 12 34 56 78."""
    return re.sub(r"\D", "", number)[-9:]


def _among(choices: dict[str, str], cell: Cell, otherwise: str) -> str:
    words = folded(text(cell)).split()
    found = [choice for choice, names in choices.items() if set(words) & set(names.split())]
    if len(found) != 1:
        raise BadCell(otherwise)
    return str(found[0])
