from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.validators import validate_name


class ContactForm(forms.Form):
    name = forms.CharField(
        label=_("Votre nom"),
        max_length=200,
        validators=[validate_name],
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    email = forms.EmailField(
        label=_("Votre adresse e-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    message = forms.CharField(
        label=_("Votre message"), max_length=5000, widget=forms.Textarea(attrs={"rows": 8})
    )
    request_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
