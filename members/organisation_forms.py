from typing import Any

from django import forms
from django.core.validators import DomainNameValidator
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from journal import trail
from members.models import Kind, Mandate, Member
from payments.companies import compact_siret

BILLING = [
    "billing_email",
    "purchase_order",
    "service_code",
    "engagement_number",
    "siret",
    "address",
    "postcode",
    "city",
    "country",
]


class InviteForm(forms.Form):
    email = forms.EmailField(
        label=_("Adresse e-mail de la personne"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(
        label=_("Elle sera"),
        choices=[
            (Mandate.Role.COLLEAGUE, _("collègue\u00a0: profite de l’adhésion")),
            (Mandate.Role.DEPUTY, _("suppléante\u00a0: représente aussi l’organisation")),
        ],
        initial=Mandate.Role.COLLEAGUE,
    )


class DomainForm(forms.Form):
    domain = forms.CharField(
        label=_("Domaine"),
        max_length=253,
        help_text=_("Ce qui suit l’arobase dans les adresses de l’organisation\u00a0: exemple.fr"),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )

    def clean_domain(self) -> str:
        domain: str = self.cleaned_data["domain"].strip().rpartition("@")[2].lower()
        DomainNameValidator(message=gettext("Ce n’est pas un domaine, comme exemple.fr."))(domain)
        return domain


class MandateForm(forms.Form):
    role = forms.ChoiceField(label=_("Rôle"), choices=Mandate.Role)
    is_voting = forms.BooleanField(
        label=_("Vote pour l’organisation"),
        required=False,
        help_text=_("Une seule personne à la fois\u00a0: qui votait jusque-là ne vote plus."),
    )
    is_dues_contact = forms.BooleanField(
        label=_("Suit la cotisation"), required=False, help_text=_("Voit les sommes dues et peut renouveler.")
    )
    ends_on = forms.DateField(
        label=_("Dernier jour du mandat"),
        required=False,
        help_text=_("Vide\u00a0: sans fin prévue."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def clean_ends_on(self) -> Any:
        day, earliest = self.cleaned_data["ends_on"], timezone.localdate()
        if day and day < earliest:
            raise forms.ValidationError(
                gettext("Ce jour est passé. Pour arrêter un mandat maintenant, retirez la place.")
            )
        return day


class BillingForm(forms.ModelForm):
    siret = forms.CharField(
        label=_("SIREN ou SIRET"),
        required=False,
        max_length=30,  # as it is written on letters: with spaces
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )

    class Meta:
        model = Member
        fields = BILLING
        widgets = {
            "address": forms.TextInput(attrs={"autocomplete": "address-line1"}),
            "postcode": forms.TextInput(attrs={"autocomplete": "postal-code"}),
            "city": forms.TextInput(attrs={"autocomplete": "address-level2"}),
            "country": forms.TextInput(attrs={"autocomplete": "country-name"}),
        }

    def clean_siret(self) -> str:
        """An application finds its organisation by this number: two may not have the same."""
        number = self.cleaned_data["siret"] and compact_siret(self.cleaned_data["siret"])
        others = Member.objects.filter(kind=Kind.ORGANISATION).exclude(pk=self.instance.pk)
        if number and others.filter(siret=number).exists():
            raise forms.ValidationError(gettext("Ce numéro est déjà celui d’une autre organisation."))
        return number

    def record(self, *, by: User) -> None:
        """Save what was changed, and write it in the journal."""
        before = trail.snapshot(Member.objects.get(pk=self.instance.pk), BILLING)
        self.instance.save(update_fields=BILLING)
        changes = trail.diff(before, trail.snapshot(self.instance, BILLING))
        if changes:
            trail.record(self.instance, trail.Action.CHANGED, actor=by, changes=changes)
