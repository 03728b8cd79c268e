from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from events.models import CapacityTooLow, Event


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

    def full_clean(self) -> None:
        """Locks the event until it is saved: nobody takes a place between what is counted here and what is written."""
        if self.is_bound and self.instance.pk:
            self.instance.locked()
        super().full_clean()

    def clean_capacity(self) -> int | None:
        capacity: int | None = self.cleaned_data["capacity"]
        if self.instance.pk:
            try:
                Event.objects.get(pk=self.instance.pk).refuse_capacity(capacity)
            except CapacityTooLow as refusal:
                raise ValidationError(
                    ngettext(
                        "%(taken)d place est déjà prise : on ne peut pas descendre en dessous.",
                        "%(taken)d places sont déjà prises : on ne peut pas descendre en dessous.",
                        refusal.taken,
                    )
                    % {"taken": refusal.taken}
                ) from refusal
        return capacity

    def clean_starts_at(self) -> datetime:
        """An event that people come to may move until it begins, but not into the past: they could do nothing any more."""
        starts_at: datetime = self.cleaned_data["starts_at"]
        event = self.instance
        is_same = event.pk is None or starts_at == event.starts_at.replace(second=0, microsecond=0)
        if not is_same and event.has_begun and event.bookings.live().exists():
            raise ValidationError(
                gettext("Des personnes étaient inscrites à cette date : dupliquez l’événement.")
            )
        is_brought_back = self.instance.pk and not self.instance.has_begun and starts_at <= timezone.now()
        if is_brought_back and self.instance.bookings.live().exists():
            raise ValidationError(gettext("Des personnes sont inscrites : la nouvelle date est déjà passée."))
        return starts_at

    def clean_registration_closes_at(self) -> datetime | None:
        opens_at = self.cleaned_data.get("registration_opens_at")
        closes_at: datetime | None = self.cleaned_data["registration_closes_at"]
        if opens_at and closes_at and closes_at <= opens_at:
            raise ValidationError(gettext("Les inscriptions fermeraient avant d’ouvrir."))
        return closes_at
