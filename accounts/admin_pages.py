"""What the admin pages of the other apps share: rows nobody edits, a filter by state, a page to confirm, a verb's form."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import AdminForm
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows that only verbs write. An action that calls one asks for `act`: the model's own right to change."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_act_permission(self, request: HttpRequest) -> bool:
        return super().has_change_permission(request)


class ReadOnlyInline(admin.TabularInline):
    template = "admin/read_only_rows.html"
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class StateFilter(admin.SimpleListFilter):
    """Each state keeps the rows of a QuerySet adjective, so that a list and the rest of the portal never disagree."""

    title = _("état")
    parameter_name = "state"
    states: ClassVar[dict[str, tuple[Any, Callable[[Any], Any]]]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, label) for name, (label, _keep) in self.states.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in self.states:
            return queryset
        _label, keep = self.states[str(self.value())]
        kept: QuerySet[Any] = keep(queryset)
        return kept


def confirm(
    model_admin: admin.ModelAdmin,
    request: HttpRequest,
    rows: "QuerySet[Any]",
    *,
    title: str,
    warning: str,
    submit: str,
) -> HttpResponse | None:
    """The page between an action and its effect, or None once it has been answered with yes."""
    if "confirmed" in request.POST:
        return None
    context = {
        "title": title,
        "warning": warning,
        "submit": submit,
        "rows": rows,
        "action": request.POST["action"],
        "opts": model_admin.opts,
    }
    return TemplateResponse(
        request, "admin/confirmation.html", model_admin.admin_site.each_context(request) | context
    )


def act(
    model_admin: admin.ModelAdmin,
    request: HttpRequest,
    rows: "QuerySet[Any]",
    verb: Callable[[Any], str | None],
    *,
    history: str,
) -> int:
    """Call `verb` on each row, apart from the others. A sentence it returns is a refusal, and is shown.

    What was done is noted as `history`. Returns how many.
    """
    done = 0
    for row in rows:
        with transaction.atomic():
            refusal = verb(row)
            if refusal is None:
                model_admin.log_change(request, row, history)
                done += 1
        if refusal is not None:
            messages.error(request, f"{row} : {refusal}")
    return done


def form_page(
    model_admin: admin.ModelAdmin,
    request: HttpRequest,
    row: Model,
    form: Any,
    *,
    title: str,
    submit: str,
    note: str,
    second: str = "",
) -> HttpResponse:
    """The form of a verb of `row`, drawn as the admin draws its own. `second` is another button, sent by that name."""
    fields: Any = [(None, {"fields": list(form.fields)})]
    context = {
        "title": title,
        "submit": submit,
        "second": second,
        "note": note,
        "original": row,
        "opts": model_admin.opts,
        "adminform": AdminForm(form, fields, {}, model_admin=model_admin),
        "errors": form.errors,
        "media": model_admin.media + form.media,
    }
    return TemplateResponse(
        request,
        "admin/verb_form.html",
        model_admin.admin_site.each_context(request) | context,
        status=400 if form.errors else 200,
    )
