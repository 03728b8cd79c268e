"""Importing members: the file, what its columns are, what would happen, then doing it and perhaps taking it back."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from documents import spreadsheets
from journal import trail
from journal.admin import UneditedAdmin
from members import tasks
from members.imports.errors import Errors
from members.imports.forms import ColumnsForm, UploadForm, likely_header_row, rows_that_may_be_titles
from members.imports.shown import shown
from members.models import ImportBatch, ImportBusy, ImportRow

PAGE = 50


@admin.register(ImportBatch)
class ImportBatchAdmin(UneditedAdmin):
    list_display = ["filename", "state", "uploaded_by", "created_at", "applied_at", "undone_at"]
    list_filter = ["state"]
    list_select_related = ["uploaded_by"]
    search_fields = ["filename"]

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        name = "members_importbatch"
        return [
            path("<int:pk>/colonnes/", wrap(self.columns), name=f"{name}_columns"),
            path("<int:pk>/importer/", wrap(require_POST(self.apply)), name=f"{name}_apply"),
            path("<int:pk>/annuler/", wrap(self.undo), name=f"{name}_undo"),
            path("<int:pk>/erreurs.csv", wrap(require_safe(self.errors)), name=f"{name}_errors"),
            *super().get_urls(),
        ]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("members.import_member")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    # The file

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = UploadForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            return redirect("admin:members_importbatch_columns", self._receive(request, form).pk)
        return self._page(
            request,
            "admin/members/importbatch/upload.html",
            gettext("Importer des adhérents"),
            form=form,
            errors=form.errors,
        )

    @transaction.atomic
    def _receive(self, request: HttpRequest, form: UploadForm) -> ImportBatch:
        staff: Any = request.user
        batch = ImportBatch.receive(form.cleaned_data["file"], head=form.head_as_json(), by=staff)
        trail.record(batch, trail.Action.CREATED, actor=staff, reference=str(batch.token))
        return batch

    # Its columns

    def columns(self, request: HttpRequest, pk: int) -> HttpResponse:
        batch = self._batch(request, pk)
        if batch.erased_at or batch.is_working or batch.applied_at:
            return self._too_late(request, batch)
        titles = rows_that_may_be_titles(batch)
        asked = request.POST.get("header_row") or request.GET.get("titres") or ""
        is_known = asked.isdecimal() and int(asked) in titles
        header_row = int(asked) if is_known else likely_header_row(batch)
        form = ColumnsForm(batch, request.POST or None, header_row=header_row)
        if request.method == "POST" and form.is_valid():
            return self._choose(request, batch, form)
        context = {"original": batch, "form": form, "errors": form.errors, "titles": titles}
        return self._page(
            request, "admin/members/importbatch/columns.html", gettext("Les colonnes du fichier"), **context
        )

    def _choose(self, request: HttpRequest, batch: ImportBatch, form: ColumnsForm) -> HttpResponse:
        try:
            with transaction.atomic():
                batch.choose_columns(
                    form.codes,
                    key=form.key,
                    header_row=form.header_row,
                    college=form.cleaned_data["college"],
                )
                _hand_over(batch)
        except ImportBusy:
            return self._too_late(request, batch)
        return redirect("admin:members_importbatch_change", batch.pk)

    # What would happen, or has happened

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if not object_id.isdecimal():
            raise Http404
        batch = self._batch(request, int(object_id))
        if batch.state == ImportBatch.State.RECEIVED and not batch.erased_at:
            return redirect("admin:members_importbatch_columns", batch.pk)
        outcome = request.GET.get("resultat", "")
        rows = batch.rows.select_related("member")
        if outcome in ImportRow.Outcome.values:
            rows = rows.filter(outcome=outcome)
        page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
        counts = batch.counts if not batch.is_working else batch.rows.count_outcomes()
        context = {
            "original": batch,
            "page": page,
            "rows": [shown(row) for row in page],
            "outcome": outcome,
            "counts": [(one, counts.get(one, 0)) for one in ImportRow.Outcome],
            "to_do": sum(counts.get(one, 0) for one in ImportRow.DOING),
            "error_count": counts.get(ImportRow.Outcome.ERROR, 0),
        }
        return self._page(request, "admin/members/importbatch/result.html", batch.filename, **context)

    def errors(self, request: HttpRequest, pk: int) -> StreamingHttpResponse:
        """The refused rows and why, as a table to correct the file by."""
        batch = self._batch(request, pk)
        trail.record(batch, trail.Action.EXPORTED, actor=_staff(request), reference=str(batch.token))
        return StreamingHttpResponse(
            spreadsheets.as_csv(Errors(batch)),
            content_type=spreadsheets.CONTENT_TYPES["csv"],
            headers={
                "Content-Disposition": f'attachment; filename="erreurs-{batch.pk}.csv"',
                "Cache-Control": "private, no-store",
            },
        )

    # Doing it, and taking it back

    def apply(self, request: HttpRequest, pk: int) -> HttpResponse:
        batch = self._batch(request, pk)
        try:
            with transaction.atomic():
                batch.apply(by=_staff(request))
                _hand_over(batch)
        except ImportBusy:
            return self._too_late(request, batch)
        return redirect("admin:members_importbatch_change", pk)

    def undo(self, request: HttpRequest, pk: int) -> HttpResponse:
        batch = self._batch(request, pk)
        if request.method != "POST":
            if not batch.can_be_undone:
                return self._too_late(request, batch)
            return self._page(
                request, "admin/members/importbatch/undo.html", gettext("Annuler cet import"), original=batch
            )
        try:
            with transaction.atomic():
                batch.undo(by=_staff(request))
                _hand_over(batch)
        except ImportBusy:
            return self._too_late(request, batch)
        return redirect("admin:members_importbatch_change", pk)

    def _batch(self, request: HttpRequest, pk: int) -> ImportBatch:
        if not self.has_view_permission(request):
            raise PermissionDenied
        batches: QuerySet[ImportBatch] = ImportBatch.objects.select_related(
            "uploaded_by", "applied_by", "undone_by"
        )
        return get_object_or_404(batches, pk=pk)

    def _too_late(self, request: HttpRequest, batch: ImportBatch) -> HttpResponse:
        messages.error(request, gettext("C’est déjà fait, ou en cours\u00a0: voici où en est cet import."))
        return redirect("admin:members_importbatch_change", batch.pk)

    def _page(self, request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
        context |= {"title": title, "opts": self.opts}
        return TemplateResponse(
            request,
            template,
            self.admin_site.each_context(request) | context,
            status=400 if context.get("errors") else 200,
        )


def _hand_over(batch: ImportBatch) -> None:
    tasks.go_on_with_import.delay_on_commit(batch.pk)  # type: ignore[attr-defined]


def _staff(request: HttpRequest) -> Any:
    return request.user
