"""What the list of members can be narrowed to."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.admin_pages import StateFilter
from members.admin.verb_forms import DayInput
from members.models import Membership, Plan


def _in(status: str) -> Any:
    return lambda members: members.in_status(status, on=timezone.localdate())


class MemberStateFilter(StateFilter):
    title = _("état aujourd’hui")
    states = {
        "current": (_("à jour"), lambda members: members.current(on=timezone.localdate())),
        "grace": (_("en délai de grâce"), _in("grace")),
        "expired": (_("échue"), _in("lapsed")),
        "never": (_("jamais adhéré"), lambda members: members.never_joined()),
        "gone": (_("n’est plus membre"), lambda members: members.departed(on=timezone.localdate())),
        "honorary": (_("membre d’honneur"), _in("honorary")),
    }


class PeriodFilter(StateFilter):
    title = _("adhésion")
    parameter_name = "period"
    states = {
        "credit": (
            _("ouverte à crédit"),
            lambda members: members.filter(_having(Membership.objects.on_credit())),
        ),
        "this_year": (
            _("adhère depuis cette année"),
            lambda members: members.filter(joined_on__year=timezone.localdate().year),
        ),
    }


class PlanFilter(admin.SimpleListFilter):
    """By the plan of the last period."""

    title = _("dernière formule")
    parameter_name = "plan"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        return list(Plan.objects.values_list("pk", "name"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value() or ""
        if not value.isdecimal() or len(value) > 9:
            return queryset
        return queryset.filter(_having(Membership.objects.latest_of_each_member().filter(plan=int(value))))


def _having(periods: QuerySet[Membership]) -> Exists:
    return Exists(periods.filter(member=OuterRef("pk")))


class OnDayForm(forms.Form):
    current_on = forms.DateField(label=_("À jour au"), required=False, widget=DayInput)


class CurrentOnFilter(admin.SimpleListFilter):
    """Who was up to date on any day, typed in a field: nothing is kept of a day that is none, and the field says so."""

    title = _("à jour un autre jour")
    parameter_name = "current_on"
    template = "admin/members/member/day_filter.html"
    form: OnDayForm

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("day", self.title)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        self.form = OnDayForm({"current_on": self.value()})
        if not self.form.is_valid():
            return queryset.none()
        day = self.form.cleaned_data["current_on"]
        return queryset.current(on=day) if day else queryset  # type: ignore[attr-defined]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        others = [(key, value) for key, value in changelist.params.items() if key != self.parameter_name]
        clear = changelist.get_query_string(remove=[self.parameter_name, PAGE_VAR])
        yield {"form": self.form, "clear": clear, "others": others}
