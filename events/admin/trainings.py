from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from events.models import Training


@admin.register(Training)
class TrainingAdmin(admin.ModelAdmin):
    list_display = ["title", "duration_hours", "next_session", "is_published"]
    list_filter = ["is_published"]
    search_fields = ["title", "summary"]
    prepopulated_fields = {"slug": ["title"]}
    fields = [
        ("title", "slug"),
        "summary",
        "objectives",
        "prerequisites",
        "programme",
        ("duration_hours", "is_published"),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Training]:
        trainings: QuerySet[Training] = Training.objects.with_next_session()
        return trainings

    @admin.display(description=_("prochaine session"), ordering="next_session_at", empty_value="–")
    def next_session(self, training: Any) -> Any:
        return training.next_session_at
