from collections import Counter
from datetime import date, timedelta
from typing import Any

from csp.constants import SELF
from csp.decorators import csp, csp_update
from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.clickjacking import xframe_options_sameorigin

from journal.admin import JournalledAdmin
from mailing.admin import PREVIEW_POLICY
from members import emails, renewals
from members.models import Member, Membership, Plan, ReminderRule
from members.models.reminders import FURTHEST

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


@admin.register(ReminderRule)
class ReminderRuleAdmin(JournalledAdmin):
    list_display = ["moment", "plan", "subject", "is_active"]
    list_display_links = ["moment"]
    list_filter = ["is_active", "plan"]
    list_select_related = ["plan"]
    fields = [("plan", "days"), "subject", "text", "is_active"]

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("apercu/", wrap(self.preview), name="members_reminderrule_preview"),
            path("<int:pk>/rendu/", wrap(self.frame), name="members_reminderrule_frame"),
            *super().get_urls(),
        ]

    @admin.display(description=_("quand"), ordering="days")
    def moment(self, rule: ReminderRule) -> str:
        return str(rule)

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
        """The message as somebody who does not exist would get it on its day."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        rule = get_object_or_404(ReminderRule.objects.select_related("plan"), pk=pk)
        today = timezone.localdate()
        example = Membership(
            member=Member(first_name="Camille", last_name=gettext("Exemple")),
            plan=rule.plan or Plan.objects.first() or Plan(name=gettext("Exemple")),
            ends_on=today - timedelta(days=rule.days),
        )
        link = f"{settings.SITE_URL}/adherer/renouveler/…/"
        return HttpResponse(emails.renewal_preview(example, rule=rule, on=today, link=link)["html"])

    def preview(self, request: HttpRequest) -> HttpResponse:
        """Who is written to on a day, and why the others are not."""
        if not request.user.has_perm("members.view_member"):
            raise PermissionDenied
        today = timezone.localdate()
        form = DayForm(request.GET if "on" in request.GET else {"on": today})
        context: dict[str, Any] = {
            "title": gettext("Relances\u00a0: aperçu"),
            "opts": self.opts,
            "form": form,
            "today": today,
        }
        if form.is_valid():
            context |= _figures(renewals.preview(on=form.cleaned_data["on"]))
        return TemplateResponse(
            request,
            "admin/members/reminderrule/preview.html",
            self.admin_site.each_context(request) | context,
            status=200 if form.is_valid() else 400,
        )


def _figures(found: renewals.Preview) -> dict[str, Any]:
    rules = {one.rule.pk: one.rule for one in found.due}
    due = Counter(one.rule.pk for one in found.due)
    spared = Counter(one.reason for one in found.spared)
    return {
        "found": found,
        "due": found.due[:SHOWN],
        "more_due": max(len(found.due) - SHOWN, 0),
        "due_counts": sorted(
            ((rules[pk], count) for pk, count in due.items()), key=lambda one: (one[0].days, one[0].pk)
        ),
        "spared": found.spared[:SHOWN],
        "more_spared": max(len(found.spared) - SHOWN, 0),
        "spared_counts": [(reason.label, spared[reason]) for reason in renewals.Reason if spared[reason]],
    }
