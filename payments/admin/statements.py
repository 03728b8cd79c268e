"""Statements of the bank: the file, what its columns are if it is a table, what it would bring, then its lines."""

import hashlib
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.admin_pages import ReadOnlyAdmin
from accounts.models import User
from documents.unreadable import Unreadable
from payments.admin.statement_forms import ColumnsForm, UploadForm, likely_titles
from payments.models import Statement, TableLayout
from payments.statements import importing, tables

NAME = "payments_statement"
SHOWN = 200  # problems and doubles on one page
FIRST = 20  # new lines, to see that they are read as they should


@admin.register(Statement)
class StatementAdmin(ReadOnlyAdmin):
    list_display = [
        *("filename", "format", "account", "first_on", "last_on"),
        *("new_count", "doubtful_count", "known_count", "refused_count", "imported_at", "imported_by"),
    ]
    list_select_related = ["imported_by"]
    search_fields = ["filename", "account"]
    search_help_text = _("Nom du fichier ou du compte.")

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/colonnes/", wrap(self.columns), name=f"{NAME}_columns"),
            path("<int:pk>/importer/", wrap(require_POST(self.take_in)), name=f"{NAME}_import"),
            path("<int:pk>/abandonner/", wrap(require_POST(self.abandon)), name=f"{NAME}_abandon"),
            *super().get_urls(),
        ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("payments.add_statement")

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = UploadForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            statement = Statement.objects.create(
                filename=form.cleaned_data["file"].name[-200:],
                format=form.format,
                sha256=hashlib.sha256(form.content).hexdigest(),
                content=form.content,
            )
            is_table = statement.format == Statement.Format.TABLE  # which does not say its account
            return redirect(f"admin:{NAME}_{'columns' if is_table else 'change'}", statement.pk)
        title = gettext("Importer un relevé")
        return self._page(
            request, "admin/payments/statement/upload.html", title, form=form, errors=form.errors
        )

    def columns(self, request: HttpRequest, pk: int) -> HttpResponse:
        statement = self._received(request, pk)
        if statement is None or statement.format != Statement.Format.TABLE:
            return redirect(f"admin:{NAME}_change", pk)
        rows = tables.first_rows(bytes(statement.content))
        titles = likely_titles(rows)
        asked = request.POST.get("header_row") or request.GET.get("titres") or ""
        chosen = {str(number): number for number in titles}.get(asked)
        header = chosen or statement.header_row or tables.header_row(rows)
        initial = {"account": statement.account} if statement.layout_id else {}
        form = ColumnsForm(request.POST or None, rows=rows, header=header, initial=initial)
        if request.method == "POST" and form.is_valid():
            self._keep(statement, form)
            return redirect(f"admin:{NAME}_change", pk)
        context = {"original": statement, "form": form, "errors": form.errors, "titles": titles}
        return self._page(
            request, "admin/payments/statement/columns.html", gettext("Les colonnes du relevé"), **context
        )

    @transaction.atomic
    def _keep(self, statement: Statement, form: ColumnsForm) -> None:
        """For this file, and for the next ones of this bank."""
        statement.layout, _is_new = TableLayout.objects.update_or_create(
            signature=form.signature,
            defaults={"columns": form.codes},
            create_defaults={"columns": form.codes, "account": form.account_name},
        )
        statement.header_row, statement.account = form.header, form.account_name
        statement.save(update_fields=["layout", "header_row", "account"])

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """What it would bring, or what it has brought."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if not object_id.isdecimal():
            raise Http404
        statement = get_object_or_404(Statement.objects.select_related("imported_by"), pk=int(object_id))
        if statement.imported_at:
            return self._page(
                request, "admin/payments/statement/imported.html", statement.filename, original=statement
            )
        if statement.format == Statement.Format.TABLE and statement.layout_id is None:
            return redirect(f"admin:{NAME}_columns", statement.pk)
        same = Statement.objects.filter(sha256=statement.sha256).exclude(imported_at=None).first()
        context: dict[str, Any] = {
            "original": statement,
            "same": same,
            "may_import": self.has_add_permission(request),
        }
        try:
            plan = importing.plan(statement)
        except Unreadable as error:
            return self._page(
                request,
                "admin/payments/statement/preview.html",
                statement.filename,
                unreadable=str(error),
                **context,
            )
        context |= {
            "plan": plan,
            "to_write": len(plan.new) + len(plan.doubtful),
            "problems": plan.problems[:SHOWN],
            "tables": [
                (
                    "doubtful",
                    gettext("Doubles possibles, que quelqu’un devra trancher"),
                    plan.doubtful[:SHOWN],
                ),
                ("new", gettext("Les premières lignes nouvelles"), plan.new[:FIRST]),
            ],
        }
        return self._page(request, "admin/payments/statement/preview.html", statement.filename, **context)

    def take_in(self, request: HttpRequest, pk: int) -> HttpResponse:
        statement = self._received(request, pk)
        if statement is None:
            messages.info(request, gettext("Ce relevé est déjà importé."))
            return redirect(f"admin:{NAME}_change", pk)
        try:
            done = importing.take_in(statement, by=cast(User, request.user))
        except Unreadable as error:
            messages.error(request, str(error))
            return redirect(f"admin:{NAME}_change", pk)
        except Statement.DoesNotExist as error:  # abandoned at this very moment
            raise Http404 from error
        self.log_addition(request, done, gettext("Relevé importé."))
        told = gettext("Relevé importé\u00a0: %(new)d lignes nouvelles, %(doubtful)d doubles possibles.")
        messages.success(request, told % {"new": done.new_count, "doubtful": done.doubtful_count})
        return redirect("admin:payments_statementline_changelist")

    def abandon(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Forget a file that was sent by mistake."""
        statement = self._received(request, pk)
        if statement is not None and importing.abandon(statement):
            messages.success(request, gettext("Ce fichier est effacé, sans avoir été importé."))
        return redirect(f"admin:{NAME}_changelist")

    def _received(self, request: HttpRequest, pk: int) -> Statement | None:
        """The statement, if it is not imported yet."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        statement = get_object_or_404(Statement.objects.select_related("layout"), pk=pk)
        return None if statement.imported_at else statement

    def _page(self, request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
        return TemplateResponse(
            request,
            template,
            self.admin_site.each_context(request) | {"title": title, "opts": self.opts} | context,
            status=400 if context.get("errors") else 200,
        )
