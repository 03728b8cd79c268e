from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from members.models import College, Plan, PlanPrice
from payments.money import euros


@admin.register(College)
class CollegeAdmin(admin.ModelAdmin):
    list_display = ["name", "position"]
    prepopulated_fields = {"slug": ["name"]}


class PlanPriceInline(admin.StackedInline):
    model = PlanPrice
    extra = 0
    fields = [("amount", "since")]


@admin.register(Plan)
class PlanAdmin(admin.ModelAdmin):
    list_display = ["name", "kind", "college", "price", "months", "is_open"]
    list_filter = ["kind", "is_open"]
    list_select_related = ["college"]
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}
    fields = [
        ("name", "slug"),
        ("kind", "college"),
        "summary",
        "benefits",
        ("months", "position"),
        "is_open",
    ]
    inlines = [PlanPriceInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Plan]:
        plans: QuerySet[Plan] = Plan.objects.with_price(on=timezone.localdate())
        return plans

    @admin.display(description=_("prix du jour"), ordering="price", empty_value="–")
    def price(self, plan: Any) -> str | None:
        return None if plan.price is None else euros(plan.price)
