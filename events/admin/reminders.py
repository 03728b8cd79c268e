from typing import Any

from django import forms
from django.contrib import admin

from events.models import ReminderRule


class ReminderRuleForm(forms.ModelForm):
    def clean(self) -> dict[str, Any]:
        """Another moment is another rule: it has not been sent yet."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if {"number", "unit"} & set(self.changed_data):
            self.instance.sent_for = None
        return cleaned


class ReminderRuleInline(admin.StackedInline):
    """On the page of an event that exists: a new one has those of every event."""

    model = ReminderRule
    form = ReminderRuleForm
    extra = 0
    fields = [("number", "unit", "only_online")]
