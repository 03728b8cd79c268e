from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from members.models import College, Plan, PlanPrice
from payments.money import euros


@admin.register(College)
class CollegeAdmin(admin.ModelAdmin):
    list_display = ["name", "position"]
    prepopulated_fields = {"slug": ["name"]}


class PlanPriceFormSet(forms.BaseInlineFormSet):
    """A price somebody was shown stays as it was: another amount is a new version, from another day."""

    def clean(self) -> None:
        super().clean()
        for form in self.forms:
            price: PlanPrice = form.instance
            touched = form.has_changed() or form in self.deleted_forms
            if price.pk and touched and PlanPrice.objects.get(pk=price.pk).has_served():
                raise forms.ValidationError(
                    gettext(
                        "Un prix qui a déjà servi ne se modifie ni ne se retire\u00a0: ajoutez-en un autre, à partir "
                        "d’un autre jour."
                    )
                )


class PlanPriceInline(admin.StackedInline):
    model = PlanPrice
    formset = PlanPriceFormSet
    extra = 0
    fields = [("since", "from_headcount"), ("amount", "seat_amount")]


@admin.register(Plan)
class PlanAdmin(admin.ModelAdmin):
    list_display = ["name", "kind", "college", "price", "period", "approval", "is_open"]
    list_filter = ["kind", "is_open"]
    list_select_related = ["college"]
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}
    fieldsets = [
        (
            None,
            {
                "fields": [
                    ("name", "slug"),
                    ("kind", "college"),
                    "summary",
                    "benefits",
                    ("position", "is_open"),
                ]
            },
        ),
        (
            _("Période"),
            {
                "fields": [
                    ("period", "months"),
                    ("fixed_starts_on", "fixed_ends_on"),
                    "late_join",
                    ("free_from_month", "free_from_day"),
                    "max_terms",
                ]
            },
        ),
        (_("Renouvellement"), {"fields": [("renewal_opens_days", "grace_days"), "backdates"]}),
        (_("Ce que l’on paie"), {"fields": ["is_amount_chosen", "seats_included", "is_deductible"]}),
        (_("Ce que l’on demande"), {"fields": ["approval", ("proof", "proof_label"), "asks_address"]}),
    ]
    inlines = [PlanPriceInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Plan]:
        plans: QuerySet[Plan] = Plan.objects.with_price(on=timezone.localdate())
        return plans

    @admin.display(description=_("prix du jour"), ordering="price", empty_value="–")
    def price(self, plan: Any) -> str | None:
        return None if plan.price is None else euros(plan.price)
