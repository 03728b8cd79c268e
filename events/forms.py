from datetime import date
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from accounts.validators import validate_name
from events.models import Audience, Event, Level, Theme

YEARS = range(2000, 2100)  # the months that a calendar page or a filter may name


class RegistrationForm(forms.Form):
    name = forms.CharField(
        label=_("Votre nom"),
        max_length=200,
        validators=[validate_name],
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    email = forms.EmailField(
        label=_("Votre adresse e-mail"),
        max_length=254,
        help_text=_("Pour la confirmation, les rappels et le lien d’annulation. Rien d’autre."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    request_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    def __init__(self, *args: Any, user: User | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if user:
            self.initial.update({"name": user.get_full_name(), "email": user.email})


class AgendaFilter(forms.Form):
    """The filters of the agenda and of its feeds. A value that is not one of ours is left out."""

    q = forms.CharField(
        label=_("Rechercher"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    kind = forms.ChoiceField(label=_("Quoi"), required=False)
    audience = forms.ChoiceField(label=_("Pour qui"), required=False)
    level = forms.ChoiceField(label=_("Niveau"), required=False)
    theme = forms.ModelChoiceField(
        label=_("Thème"),
        required=False,
        queryset=Theme.objects.all(),
        to_field_name="slug",
        empty_label=_("Tous"),
    )
    format = forms.ChoiceField(label=_("Où"), required=False)
    price = forms.ChoiceField(label=_("Tarif"), required=False)
    month = forms.CharField(required=False, max_length=7, widget=forms.HiddenInput)

    CHOICES = {
        "kind": (pgettext_lazy("kind", "Tout"), Event.Kind.choices),
        "audience": (_("Tous"), Audience.choices),
        "level": (_("Tous"), Level.choices),
        "format": (_("Partout"), Event.Format.choices),
        "price": (pgettext_lazy("price", "Tous"), [("gratuit", _("gratuit")), ("payant", _("payant"))]),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (everything, choices) in self.CHOICES.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 - CHOICES names choice fields
            field.choices = [("", everything), *choices]

    def clean_month(self) -> date | None:
        try:
            month = date.fromisoformat(f"{self.cleaned_data['month']}-01")
        except ValueError:
            return None
        return month if month.year in YEARS else None

    @property
    def applied(self) -> dict[str, Any]:
        """The filters that were understood and are not empty."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}
