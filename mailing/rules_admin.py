"""What the admin of the rules of reminders shares: the message as it will be read, and who gets it on a day."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any, ClassVar

from csp.constants import SELF
from csp.decorators import csp, csp_update
from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.clickjacking import xframe_options_sameorigin

from journal.admin import JournalledAdmin
from mailing.admin import PREVIEW_POLICY
from mailing.rules import FURTHEST

SHOWN = 500


class DayForm(forms.Form):
    on = forms.DateField(
        label=_("Jour de l’envoi"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def clean_on(self) -> date:
        day: date = self.cleaned_data["on"]
        if abs((day - timezone.localdate()).days) > FURTHEST:
            raise forms.ValidationError(_("Choisissez un jour à moins d’un an d’aujourd’hui."))
        return day


class RuleAdmin(JournalledAdmin):
    """Its model's pages `apercu/` and `<pk>/rendu/` are named `…_preview` and `…_frame`."""

    change_form_template = "admin/rule_change_form.html"
    change_list_template = "admin/rule_change_list.html"
    preview_template: ClassVar[str]
    preview_title: ClassVar[Any]
    preview_right: ClassVar[str]

    def get_urls(self) -> list[URLPattern]:
        wrap, name = self.admin_site.admin_view, f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            path("apercu/", wrap(self.preview), name=f"{name}_preview"),
            path("<int:pk>/rendu/", wrap(self.frame), name=f"{name}_frame"),
            *super().get_urls(),
        ]

    def example(self, rule: Any) -> str:
        """The message, as HTML, that somebody who does not exist would get on the day of the rule."""
        raise NotImplementedError

    def who(self, on: date) -> Any:
        """A preview of that day, with `due` and `spared`."""
        raise NotImplementedError

    @method_decorator(csp_update({"frame-src": [SELF]}))
    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        return super().change_view(request, object_id, form_url, extra_context)

    @method_decorator(xframe_options_sameorigin)
    @method_decorator(csp(PREVIEW_POLICY))
    def frame(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return HttpResponse(self.example(get_object_or_404(self.get_queryset(request), pk=pk)))

    def preview(self, request: HttpRequest) -> HttpResponse:
        """Who is written to on a day, and why the others are not."""
        if not request.user.has_perm(self.preview_right):
            raise PermissionDenied
        today = timezone.localdate()
        form = DayForm(request.GET if "on" in request.GET else {"on": today})
        context = {"title": self.preview_title, "opts": self.opts, "form": form, "today": today}
        if form.is_valid():
            context |= _figures(self.who(form.cleaned_data["on"]))
        return TemplateResponse(
            request,
            self.preview_template,
            self.admin_site.each_context(request) | context,
            status=200 if form.is_valid() else 400,
        )


def _figures(found: Any) -> dict[str, Any]:
    rules = {one.rule.pk: one.rule for one in found.due}
    due = Counter(one.rule.pk for one in found.due)
    by_day = sorted(rules, key=lambda pk: (rules[pk].days, pk))
    return {
        "found": found,
        "due": found.due[:SHOWN],
        "more_due": max(len(found.due) - SHOWN, 0),
        "due_counts": [(rules[pk], due[pk]) for pk in by_day],
        "spared": found.spared[:SHOWN],
        "more_spared": max(len(found.spared) - SHOWN, 0),
        "spared_counts": _by_reason(one.reason for one in found.spared),
    }


def _by_reason(reasons: Iterable[Any]) -> list[tuple[Any, int]]:
    """In the order in which the reasons are declared."""
    counts = Counter(reasons)
    order: Any = type(next(iter(counts))) if counts else []
    return [(reason.label, counts[reason]) for reason in order if counts[reason]]
