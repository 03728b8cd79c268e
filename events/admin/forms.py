from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import ngettext

from events.models import Event


class MomentInput(forms.DateTimeInput):
    """One native control, which its label names; the admin's own is two that nothing names."""

    input_type = "datetime-local"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%dT%H:%M")


MOMENTS: dict[Any, Any] = {
    models.DateTimeField: {"form_class": forms.DateTimeField, "widget": MomentInput},
}


class EventForm(forms.ModelForm):
    class Meta:
        model = Event
        fields: list[str] = []  # the admin gives them

    def clean_capacity(self) -> int | None:
        """Locks the event until it is saved: nobody takes a place between this count and the new capacity."""
        capacity: int | None = self.cleaned_data["capacity"]
        if self.instance.pk and capacity is not None:
            taken = self.instance.locked().places_taken
            if capacity < taken:
                raise ValidationError(
                    ngettext(
                        "%(taken)d place est déjà prise : on ne peut pas descendre en dessous.",
                        "%(taken)d places sont déjà prises : on ne peut pas descendre en dessous.",
                        taken,
                    )
                    % {"taken": taken}
                )
        return capacity
