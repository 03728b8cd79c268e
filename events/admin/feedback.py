from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from accounts.admin_pages import ReadOnlyAdmin
from events.models import Feedback


@admin.register(Feedback)
class FeedbackAdmin(ReadOnlyAdmin):
    """What was answered, never by whom."""

    list_display = ["event", "rating", "would_recommend", "useful"]
    list_display_links = None
    list_filter = [("event", admin.RelatedOnlyFieldListFilter), "rating", "would_recommend"]
    list_select_related = ["event"]
    search_fields = ["event__title", "useful"]
    fields = ["event", "rating", "would_recommend", "useful"]
    ordering = ["-event__starts_at", "pk"]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With the averages and counts of the rows that the filters keep."""
        response = super().changelist_view(request, extra_context)
        context = getattr(response, "context_data", None)
        if context and "cl" in context:
            context["summary"] = context["cl"].queryset.summary()
        return response
