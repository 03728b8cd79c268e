from typing import Any

from django import forms
from django.utils import formats
from django.utils.translation import gettext

from members import merging
from members.models import Member

KEPT, REMOVED = "kept", "removed"


class MergeForm(forms.Form):
    """For each field that differs, whose value stays: the kept member's, unless it is blank."""

    shown = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, kept: Member, removed: Member, data: Any = None) -> None:
        self.now = merging.seen(kept, removed)
        filled = merging.filled_from(kept, removed)
        differing = merging.differing(kept, removed)
        kept_or = {field.name: REMOVED if field.name in filled else KEPT for field in differing}
        self.is_late = data is not None and data.get("shown") != self.now
        # What differs only since the page was shown has no answer yet.
        super().__init__(kept_or | data.dict() | {"shown": self.now} if data is not None else None)
        self.fields["shown"].initial = self.now
        for field in differing:
            self.fields[field.name] = forms.ChoiceField(
                label=str(field.verbose_name).capitalize(),
                choices=[(KEPT, said(kept, field)), (REMOVED, said(removed, field))],
                initial=kept_or[field.name],
                widget=forms.RadioSelect,
            )

    def clean(self) -> None:
        if self.is_late:
            self.add_error(None, merging.ChangedMeanwhile().reasons)

    @property
    def choices(self) -> list[Any]:
        return [self[name] for name in self.fields if name != "shown"]

    @property
    def taken(self) -> list[str]:
        return [name for name, value in self.cleaned_data.items() if value == REMOVED]


def said(member: Member, field: Any) -> str:
    """The value as people read it."""
    if field.choices:
        return str(getattr(member, f"get_{field.name}_display")())
    value = getattr(member, field.name)
    if isinstance(value, bool):
        return gettext("oui") if value else gettext("non")
    return gettext("vide") if value in field.empty_values else str(formats.localize(value, use_l10n=False))
