from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.template.defaultfilters import filesizeformat
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from documents import tables
from documents.models import Export, private_files
from journal import trail
from journal.admin import UneditedAdmin


@admin.register(Export)
class ExportAdmin(UneditedAdmin):
    """What one has asked for. Everybody who may take a table away has this list, with their own exports in it."""

    list_display = [
        "title",
        "format",
        "state",
        "row_count",
        "weight",
        "asked_by",
        "asked_at",
        "download_link",
    ]
    list_filter = ["state"]
    view_on_site = False
    list_select_related = ["asked_by"]
    fields = [
        "title",
        "state",
        "error",
        "download_link",
        "format",
        "row_count",
        "weight",
        "asked_by",
        "asked_at",
        "expires_at",
        "token",
    ]
    readonly_fields = ["weight", "download_link", "token"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Export]:
        exports: QuerySet[Export] = Export.objects.visible_to(request.user)
        return exports

    def has_module_permission(self, request: HttpRequest) -> bool:
        return tables.may_ask(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """One's own, whatever right was lost since: the file itself asks for it again."""
        return bool(request.user.is_active and request.user.is_staff)

    def get_urls(self) -> list[URLPattern]:
        download = self.admin_site.admin_view(require_safe(self.download))
        return [
            path("<uuid:token>/fichier/", download, name="documents_export_download"),
            *super().get_urls(),
        ]

    @admin.display(description=_("taille"), ordering="size", empty_value="–")
    def weight(self, export: Export) -> str | None:
        return None if export.size is None else filesizeformat(export.size)

    @admin.display(description=_("fichier"), empty_value="–")
    def download_link(self, export: Export) -> str | None:
        if not export.is_ready:
            return None
        url = reverse("admin:documents_export_download", args=[export.token])
        return format_html('<a href="{}">{}</a>', url, gettext("Télécharger"))

    def download(self, request: HttpRequest, token: Any) -> FileResponse:
        """The file, to keep, and noted: it may be fetched by somebody else with every right."""
        user: Any = request.user
        export = get_object_or_404(self.get_queryset(request), token=token)
        if not export.may(user):
            raise PermissionDenied
        if not export.is_ready or not private_files().exists(str(export.file.name)):
            raise Http404
        trail.record(export, trail.Action.EXPORTED, actor=user, reference=str(export.token))
        return FileResponse(
            export.file.open(),
            as_attachment=True,
            filename=export.filename,
            content_type=export.content_type,
            headers={"Cache-Control": "private, no-store"},
        )
