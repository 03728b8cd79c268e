from typing import Any

from django import forms
from django.db import transaction
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from mailing.models import List, OptOut


def _choices() -> list[tuple[str, str]]:
    return [(one.value, capfirst(str(one.label))) for one in List]


class PreferencesForm(forms.Form):
    """What one address receives."""

    lists = forms.MultipleChoiceField(
        label=_("Messages"), choices=_choices, required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, address: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.address = address

    @transaction.atomic
    def save(self) -> None:
        for one in List:
            verb = OptOut.objects.come_back if one in self.cleaned_data["lists"] else OptOut.objects.leave
            verb(self.address, one)
