from django.contrib import admin

from events.models import ReminderRule


class ReminderRuleInline(admin.StackedInline):
    """On the page of an event that exists: a new one has those of every event."""

    model = ReminderRule
    extra = 0
    fields = [("number", "unit", "only_online")]
