from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from iamm import staff


class AdminSite(admin.AdminSite):
    site_header = _("IA Montpellier Méditerranée")
    site_title = _("Administration")
    index_title = _("Administration")

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        context = {"waiting": staff.waiting_for(request.user), **(extra_context or {})}
        return super().index(request, context)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """There is one page to change a password: it warns the person by mail."""
        return redirect("account_change_password")
