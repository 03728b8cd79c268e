import unicodedata
from contextlib import suppress
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from payments.companies import compact_siret, validate_siret

FIRST_BIRTH_YEAR = 1900


class Kind(models.TextChoices):
    PERSON = "person", _("personne")
    ORGANISATION = "organisation", _("organisation")


def normalise_email(address: str) -> str:
    """One spelling for one mailbox: lower case, composed accents, and the domain as the network writes it."""
    name, at, domain = unicodedata.normalize("NFKC", address).strip().lower().rpartition("@")
    with suppress(UnicodeError):  # not a domain: the validator of the field says so
        domain = domain.encode("idna").decode()
    return f"{name}{at}{domain}"


def validate_birth_year(year: int) -> None:
    if year > date.today().year:
        raise ValidationError(_("Cette année n’est pas encore venue."))


class Identity(models.Model):
    """Who somebody is, a person or an organisation: what an application says, and what a member keeps of it."""

    first_name = models.CharField(_("prénom"), max_length=100, blank=True)
    last_name = models.CharField(_("nom"), max_length=100, blank=True)
    organisation = models.CharField(_("organisation"), max_length=200, blank=True)
    siret = models.CharField(_("SIREN ou SIRET"), max_length=14, blank=True, validators=[validate_siret])
    headcount = models.PositiveIntegerField(_("effectif"), null=True, blank=True)
    email = models.EmailField(_("adresse e-mail"), blank=True)
    phone = models.CharField(_("téléphone"), max_length=30, blank=True)
    birth_year = models.PositiveSmallIntegerField(
        _("année de naissance"),
        null=True,
        blank=True,
        validators=[MinValueValidator(FIRST_BIRTH_YEAR), validate_birth_year],
    )
    address = models.CharField(_("adresse postale"), max_length=200, blank=True)
    postcode = models.CharField(_("code postal"), max_length=12, blank=True)
    city = models.CharField(_("ville"), max_length=100, blank=True)
    country = models.CharField(_("pays"), max_length=60, blank=True)
    billing_email = models.EmailField(_("adresse e-mail de facturation"), blank=True)
    purchase_order = models.CharField(_("bon de commande"), max_length=50, blank=True)
    service_code = models.CharField(
        _("code service"), max_length=100, blank=True, help_text=_("Chorus Pro, pour un organisme public.")
    )
    engagement_number = models.CharField(_("numéro d’engagement"), max_length=50, blank=True)

    class Meta:
        abstract = True

    @property
    def display_name(self) -> str:
        return self.organisation or self.person_name

    @property
    def person_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    def clean(self) -> None:
        super().clean()
        self.email, self.billing_email = normalise_email(self.email), normalise_email(self.billing_email)
        if self.siret:
            self.siret = compact_siret(self.siret)

    @classmethod
    def identity_fields(cls) -> list[str]:
        return [field.name for field in Identity._meta.get_fields()]

    def identity(self) -> dict[str, Any]:
        """The values of all these fields."""
        return {name: getattr(self, name) for name in self.identity_fields()}
