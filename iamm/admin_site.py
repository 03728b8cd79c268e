from typing import Any, cast

from django.apps import apps
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.models import User
from iamm import balances_page, staff
from iamm.timeline import Timeline
from journal import trail
from members.models import Member


class AdminSite(admin.AdminSite):
    site_header = _("IA Montpellier Méditerranée")
    site_title = _("Administration")
    index_title = _("Administration")

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """In the order of the settings: what staff do every day first."""
        order = [config.label for config in apps.get_app_configs()]
        found: list[Any] = super().get_app_list(request, app_label)
        for app in found:
            app["name"] = capfirst(app["name"])
        return sorted(found, key=lambda app: order.index(app["app_label"]))

    def get_urls(self) -> list[Any]:
        """What an app's own pages may not know: the timeline of a member holds events too, a payer may be a member."""
        timeline = self.admin_view(require_safe(self.timeline))
        balances = self.admin_view(require_safe(self.balances))
        return [
            path("members/member/<int:pk>/chronologie/", timeline, name="member_timeline"),
            path("payments/soldes/", balances, name="payments_balances"),
            *super().get_urls(),
        ]

    def timeline(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not request.user.has_perm("members.view_member"):
            raise PermissionDenied
        member = get_object_or_404(Member.objects.select_related("user"), pk=pk)
        trail.record(member, trail.Action.OPENED, actor=cast(User, request.user), once_per=trail.HOUR)
        timeline = Timeline(member, request.user)
        context = {
            "title": _("Chronologie"),
            "original": member,
            "opts": Member._meta,
            "timeline": timeline,
            "page": timeline.page(request.GET.get("page")),
        }
        return TemplateResponse(
            request, "admin/members/member/timeline.html", self.each_context(request) | context
        )

    def balances(self, request: HttpRequest) -> HttpResponse:
        return balances_page.page(self, request)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        context = {"waiting": staff.waiting_for(request.user), **(extra_context or {})}
        return super().index(request, context)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """There is one page to change a password: it warns the person by mail."""
        return redirect("account_change_password")
