import re
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from payments.companies import compact_siret, validate_siret
from payments.countries import Country

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from payments.models.charges import Charge

NOT_PRINTED = {"id", "charge", "is_wanted"}
TOWN = re.compile(r"(?:F-)?(\d{5})\s+(\S.*)")


class BillingQuerySet(models.QuerySet["Billing"]):
    def complete(self) -> "BillingQuerySet":
        """The same rule as `missing`, for many rows."""
        return self.exclude(name="").exclude(address="").exclude(postcode="").exclude(city="")

    def incomplete(self) -> "BillingQuerySet":
        return self.filter(Q(name="") | Q(address="") | Q(postcode="") | Q(city=""))

    def to_invoice(self) -> "BillingQuerySet":
        """Of organisations, and of who asked for it, that have paid or pay later and have no invoice yet. A gift has none."""
        from payments.models.lines import ChargeLine  # noqa: PLC0415 - it reads the charge, which reads us
        from payments.models.papers import Document  # noqa: PLC0415 - the same

        owed = Q(charge__paid_at__isnull=False) | Q(charge__due_on__isnull=False)
        of_it = {"charge": OuterRef("charge")}
        lines = ChargeLine.objects.filter(amount__gt=0, **of_it).exclude(nature=ChargeLine.Nature.GIFT)
        invoices = Document.objects.filter(kind=Document.Kind.INVOICE, **of_it)
        expected = Q(is_organisation=True) | Q(is_wanted=True)
        return self.filter(owed, expected, Exists(lines), ~Exists(invoices), charge__cancelled_at=None)

    def invoice_soon(self, charge: "Charge") -> None:
        """Have the invoice of an organisation issued once this transaction is over: it never holds money up."""
        from payments import tasks  # noqa: PLC0415 - they call the models

        if self.to_invoice().filter(charge=charge).exists():
            tasks.issue_invoice.delay_on_commit(charge.pk)  # type: ignore[attr-defined]


class Billing(models.Model):
    """To whom the invoice of a charge is made out. It may be corrected until there is one: the invoice keeps its own."""

    charge = models.OneToOneField("payments.Charge", models.PROTECT, related_name="billing")
    is_organisation = models.BooleanField(_("organisation"), default=False)
    is_wanted = models.BooleanField(_("demandée"), default=False, editable=False)
    name = models.CharField(_("nom"), max_length=200)
    address = models.CharField(_("adresse"), max_length=200, blank=True)
    postcode = models.CharField(_("code postal"), max_length=12, blank=True)
    city = models.CharField(_("ville"), max_length=100, blank=True)
    country = models.CharField(_("pays"), max_length=2, choices=Country, default=Country.FR)
    siret = models.CharField(_("SIREN ou SIRET"), max_length=14, blank=True, validators=[validate_siret])
    legal_form = models.CharField(
        _("forme juridique"), max_length=60, blank=True, help_text=_("SAS, association loi 1901…")
    )
    vat_number = models.CharField(_("numéro de TVA"), max_length=20, blank=True)
    service_code = models.CharField(
        _("code service"), max_length=100, blank=True, help_text=_("Chorus Pro, pour un organisme public.")
    )
    engagement_number = models.CharField(
        _("numéro d’engagement"),
        max_length=50,
        blank=True,
        help_text=_("Chorus Pro, pour un organisme public."),
    )
    purchase_order = models.CharField(_("bon de commande"), max_length=50, blank=True)

    objects: ClassVar = BillingQuerySet.as_manager()

    class Meta:
        verbose_name = _("destinataire de facture")
        verbose_name_plural = _("destinataires de facture")

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        if self.siret:
            self.siret = compact_siret(self.siret)

    @property
    def missing(self) -> "list[StrOrPromise]":
        """What an invoice cannot do without."""
        wanted = {
            "name": _("nom"),
            "address": _("adresse"),
            "postcode": _("code postal"),
            "city": _("ville"),
        }
        return [label for name, label in wanted.items() if not getattr(self, name)]

    def snapshot(self) -> dict[str, Any]:
        """What a document keeps of it."""
        names = [field.name for field in self._meta.concrete_fields if field.name not in NOT_PRINTED]
        return {name: getattr(self, name) for name in names}


def read_address(text: str) -> dict[str, Any]:
    """A name and an address as somebody wrote them, line by line, as the fields of `Billing`. What is not there stays empty."""
    name, *lines = [line.strip(" ,") for line in text.splitlines() if line.strip(" ,")] or [""]
    found: dict[str, Any] = {"name": name[:200]}
    for line in lines:
        if town := TOWN.fullmatch(line):
            found |= {"postcode": town[1], "city": town[2][:100]}
        elif code := Country.named(line):
            found["country"] = code
        elif street := ", ".join(one for one in [found.get("address", ""), line] if one):
            found["address"] = street[:200]
    return found
