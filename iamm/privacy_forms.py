from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from documents.days import in_words
from iamm.leaving import Leaver
from members.models import Member

ERASE_WORD = "EFFACER"  # the same in each language: it is copied


class LeaveForm(forms.Form):
    """Who leaves, and on which day: one choice says both."""

    choice = forms.ChoiceField(
        label=_("Dernier jour comme membre"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choisissez le dernier jour.")},
    )

    def __init__(self, *args: Any, leavers: list[Leaver], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.options = {
            f"{leaver.member.pk}-{word}": (leaver.member, day)
            for leaver in leavers
            for word, day in leaver.days
        }
        field = self.fields["choice"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = [(key, self._said(key, *option)) for key, option in self.options.items()]

    @staticmethod
    def _said(key: str, member: Member, day: date) -> str:
        said = (
            gettext("%(member)s\u00a0: aujourd’hui")
            if key.endswith("today")
            else gettext("%(member)s\u00a0: le %(day)s, à la fin de ce qui est payé")
        )
        return said % {"member": member, "day": in_words(day)}

    @property
    def chosen(self) -> tuple[Member, date]:
        return self.options[self.cleaned_data["choice"]]


class ErasureForm(forms.Form):
    word = forms.CharField(
        label=_("Pour confirmer, écrivez EFFACER"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_word(self) -> str:
        word: str = self.cleaned_data["word"].strip().upper()
        if word != ERASE_WORD:
            raise forms.ValidationError(gettext("Écrivez exactement EFFACER, ou quittez cette page."))
        return word
