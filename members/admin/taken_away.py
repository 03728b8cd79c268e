"""Taking the table of members away: the rows one ticked, or all that the filters keep."""

from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from documents.models import Export
from members.models import Member


class TakesMembersAway(admin.ModelAdmin):
    actions = ["export_xlsx", "export_csv"]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        may_export = self.has_export_permission(request)
        if request.POST.get("action", "").startswith("export_") and not may_export:
            raise PermissionDenied
        context = {"may_export": may_export, **(extra_context or {})}
        return super().changelist_view(request, context)

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and request.user.has_perm("members.export_member")

    @admin.action(description=_("Exporter en XLSX"), permissions=["export"])
    def export_xlsx(self, request: HttpRequest, queryset: QuerySet[Member]) -> HttpResponse:
        return self._export(request, queryset, Export.Format.XLSX)

    @admin.action(description=_("Exporter en CSV"), permissions=["export"])
    def export_csv(self, request: HttpRequest, queryset: QuerySet[Member]) -> HttpResponse:
        return self._export(request, queryset, Export.Format.CSV)

    def _export(self, request: HttpRequest, queryset: QuerySet[Member], form: str) -> HttpResponse:
        """What is exported is what was in the list when it was asked for."""
        parameters = {"members": list(queryset.values_list("pk", flat=True))}
        Export.ask(
            "members.members",
            parameters=parameters,
            by=cast(User, request.user),
            title=gettext("Adhérents"),
            format=form,
        )
        messages.success(
            request,
            gettext("L’export se prépare\u00a0: il sera ici, à télécharger pendant une semaine."),
        )
        return redirect("admin:documents_export_changelist")
