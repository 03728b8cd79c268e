"""To whom an invoice is made out, as the payer or the staff say it."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from stdnum.eu import vat
from stdnum.exceptions import ValidationError as BadNumber

from accounts.validators import validate_name
from payments.companies import compact_siret
from payments.countries import Country
from payments.models import Billing

AUTOCOMPLETE = {
    "name": "organization",
    "address": "address-line1",
    "postcode": "postal-code",
    "city": "address-level2",
    "country": "country",
}


class BillingForm(forms.ModelForm):
    siret = forms.CharField(
        label=_("SIREN ou SIRET"),
        required=False,
        max_length=30,  # as it is written on letters: with spaces
        help_text=_("Pour une organisation en France."),
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )

    class Meta:
        model = Billing
        fields: Any = (
            *("name", "is_organisation", "address", "postcode", "city", "country"),
            *("siret", "vat_number", "purchase_order", "service_code", "engagement_number"),
        )
        labels = {
            "name": _("Nom ou dénomination"),
            "is_organisation": _("C’est une organisation (entreprise, association, organisme public)"),
            "address": _("Adresse"),
            "purchase_order": _("Numéro de bon de commande"),
        }
        widgets = {
            name: forms.TextInput(attrs={"autocomplete": token})
            for name, token in AUTOCOMPLETE.items()
            if name != "country"
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ["name", "address", "postcode", "city"]:
            self.fields[name].required = True
        self.fields["country"].widget.attrs["autocomplete"] = AUTOCOMPLETE["country"]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        validate_name(name)
        return name

    def clean_siret(self) -> str:
        number = self.cleaned_data["siret"]
        return compact_siret(number) if number else ""

    def clean_vat_number(self) -> str:
        number = self.cleaned_data["vat_number"]
        try:
            return str(vat.validate(number)) if number else ""
        except BadNumber as error:
            raise forms.ValidationError(
                gettext("Ce numéro de TVA n’est pas valable\u00a0: il commence par les lettres du pays.")
            ) from error

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        postcode, country = data.get("postcode", ""), data.get("country")
        if country == Country.FR and postcode and not (len(postcode) == 5 and postcode.isdigit()):
            self.add_error("postcode", gettext("En France, un code postal a cinq chiffres."))
        if data.get("siret") and not data.get("is_organisation"):
            data["is_organisation"] = True  # only an organisation has one
        return data


class DonorForm(BillingForm):
    """Of whom a tax receipt is: their complete address; of a company, its legal form and its number too."""

    class Meta(BillingForm.Meta):
        fields = (
            *("name", "is_organisation", "address", "postcode", "city", "country"),
            *("siret", "legal_form"),
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get("is_organisation"):
            for name in ["siret", "legal_form"]:
                if name not in self.errors and not data.get(name):
                    self.add_error(name, gettext("Le reçu d’une organisation le porte."))
        return data
