"""The association as a seller: what the law wants of it on each document, read from the settings."""

import re
from typing import Any, NamedTuple

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from stdnum.fr import siret

ADDRESS = re.compile(r"(?P<street>\S.*?)\s*[,\n]\s*(?P<postcode>\d{5})\s+(?P<city>\S.*?)\s*", re.DOTALL)
RNA = re.compile(r"W\d{9}")


class LegalMentionsMissing(Exception):
    """The settings do not say yet, or not in a form that can be read, what a document must bear. `names` says what."""

    def __init__(self, names: list[Any]) -> None:
        super().__init__(", ".join(map(str, names)))
        self.names = names


class Seller(NamedTuple):
    name: str
    street: str
    postcode: str
    city: str
    siret: str
    rna: str
    vat_number: str

    @property
    def siren(self) -> str:
        return self.siret[:9]


def seller() -> Seller:
    """Raises LegalMentionsMissing."""
    own: dict[str, str] = settings.ASSOCIATION
    address = ADDRESS.fullmatch(own["address"].strip())
    number, rna = siret.compact(own["siret"]), own["rna"].replace(" ", "").upper()
    missing = [
        name
        for is_there, name in [
            (address, _("l’adresse postale, suivie d’une virgule, du code postal et de la ville")),
            (siret.is_valid(number), _("le numéro SIRET, 14 chiffres")),
            (RNA.fullmatch(rna), _("le numéro RNA, un W et 9 chiffres")),
        ]
        if not is_there
    ]
    if missing or address is None:
        raise LegalMentionsMissing(missing)
    street = ", ".join(line.strip(" ,") for line in address["street"].splitlines())
    return Seller(own["name"], street, address["postcode"], address["city"], number, rna, settings.VAT_NUMBER)
