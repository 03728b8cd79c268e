"""What a member writes about themselves: the entry of the directory, and the record that the association keeps."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.validators import validate_name
from members.models import DirectoryEntry, Kind, Member
from payments.companies import compact_siret


class DirectoryEntryForm(forms.ModelForm):
    website = forms.URLField(
        label=_("Site web"),
        required=False,
        max_length=200,
        assume_scheme="https",
        widget=forms.URLInput(attrs={"autocomplete": "url"}),
    )

    class Meta:
        model = DirectoryEntry
        fields: ClassVar = [
            "headline",
            "bio",
            "website",
            "skills",
            "shows_organisation",
            "shows_college",
            "shows_email",
            "shows_phone",
            "shows_city",
        ]
        widgets: ClassVar = {"skills": forms.CheckboxSelectMultiple, "bio": forms.Textarea(attrs={"rows": 5})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Beside each box to tick, what it would show."""
        super().__init__(*args, **kwargs)
        member = self.instance.member
        shown = {
            "shows_college": member.college.name,
            "shows_email": member.email,
            "shows_phone": member.phone,
            "shows_city": member.city,
        }
        for name, value in shown.items():
            self.fields[name].help_text = value or gettext("Nous n’en avons pas\u00a0: rien ne sera montré.")
        self.fields["shows_organisation"].help_text = gettext(
            "Celle où vous avez une place, s’il y en a une."
        )
        if member.kind == Kind.ORGANISATION:
            del self.fields["shows_organisation"]
            self.fields["headline"].help_text = gettext("Ce que fait l’organisation.")


def _hint(widget: type[forms.Widget], autocomplete: str, **attrs: str) -> forms.Widget:
    return widget({"autocomplete": autocomplete, **attrs})


ADDRESS_FIELDS = ["phone", "address", "postcode", "city", "country"]
ADDRESS_WIDGETS = {
    "phone": _hint(forms.TextInput, "tel", type="tel"),
    "address": _hint(forms.TextInput, "address-line1"),
    "postcode": _hint(forms.TextInput, "postal-code"),
    "city": _hint(forms.TextInput, "address-level2"),
    "country": _hint(forms.TextInput, "country-name"),
}


class PersonForm(forms.ModelForm):
    first_name = forms.CharField(
        label=_("Prénom"),
        max_length=100,
        validators=[validate_name],
        widget=_hint(forms.TextInput, "given-name"),
    )
    last_name = forms.CharField(
        label=_("Nom"),
        max_length=100,
        validators=[validate_name],
        widget=_hint(forms.TextInput, "family-name"),
    )

    class Meta:
        model = Member
        fields: ClassVar = ["first_name", "last_name", *ADDRESS_FIELDS, "birth_year"]
        widgets: ClassVar = ADDRESS_WIDGETS | {
            "birth_year": _hint(forms.NumberInput, "bday-year", inputmode="numeric")
        }


class OrganisationForm(forms.ModelForm):
    organisation = forms.CharField(
        label=_("Dénomination"),
        max_length=200,
        validators=[validate_name],
        widget=_hint(forms.TextInput, "organization"),
    )
    siret = forms.CharField(
        label=_("SIREN ou SIRET"),
        max_length=20,
        required=False,
        help_text=_("9 ou 14 chiffres, avec ou sans espaces."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    class Meta:
        model = Member
        fields: ClassVar = [
            "organisation",
            "siret",
            "headcount",
            *ADDRESS_FIELDS,
            "billing_email",
            "purchase_order",
            "service_code",
            "engagement_number",
        ]
        widgets: ClassVar = ADDRESS_WIDGETS | {"billing_email": _hint(forms.EmailInput, "email")}

    def clean_siret(self) -> str:
        number = self.cleaned_data["siret"]
        return compact_siret(number) if number else ""


RECORD_FORMS: dict[str, type[forms.ModelForm]] = {
    Kind.PERSON: PersonForm,
    Kind.ORGANISATION: OrganisationForm,
}
