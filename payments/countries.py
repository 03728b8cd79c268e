from django.db import models
from django.utils.translation import gettext_lazy as _

from documents.alphabet import alphabetical


class Country(models.TextChoices):
    """Those we invoice, by their ISO 3166 code. Others write to us."""

    FR = "FR", _("France")
    DE = "DE", _("Allemagne")
    AT = "AT", _("Autriche")
    BE = "BE", _("Belgique")
    BG = "BG", _("Bulgarie")
    CA = "CA", _("Canada")
    CY = "CY", _("Chypre")
    CI = "CI", _("Côte d’Ivoire")
    HR = "HR", _("Croatie")
    DK = "DK", _("Danemark")
    ES = "ES", _("Espagne")
    EE = "EE", _("Estonie")
    US = "US", _("États-Unis")
    FI = "FI", _("Finlande")
    GR = "GR", _("Grèce")
    HU = "HU", _("Hongrie")
    IE = "IE", _("Irlande")
    IT = "IT", _("Italie")
    LV = "LV", _("Lettonie")
    LB = "LB", _("Liban")
    LT = "LT", _("Lituanie")
    LU = "LU", _("Luxembourg")
    MT = "MT", _("Malte")
    MA = "MA", _("Maroc")
    MC = "MC", _("Monaco")
    NO = "NO", _("Norvège")
    NL = "NL", _("Pays-Bas")
    PL = "PL", _("Pologne")
    PT = "PT", _("Portugal")
    RO = "RO", _("Roumanie")
    GB = "GB", _("Royaume-Uni")
    SN = "SN", _("Sénégal")
    SK = "SK", _("Slovaquie")
    SI = "SI", _("Slovénie")
    SE = "SE", _("Suède")
    CH = "CH", _("Suisse")
    CZ = "CZ", _("Tchéquie")
    TN = "TN", _("Tunisie")

    @classmethod
    def named(cls, text: str) -> str:
        """The code of a country as somebody wrote it, in any case and without its accents; empty if we do not know it."""
        wanted = alphabetical(text.strip())
        known = {alphabetical(str(one.label)): one for one in cls} | {one.lower(): one for one in cls}
        return str(known[wanted].value) if wanted in known else ""
