from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from iamm import staff


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

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        context = {"waiting": staff.waiting_for(request.user), **(extra_context or {})}
        return super().index(request, context)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """There is one page to change a password: it warns the person by mail."""
        return redirect("account_change_password")
