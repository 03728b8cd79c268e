from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _

from journal import trail
from journal.models import Entry


class JournalledAdmin(admin.ModelAdmin):
    """An admin whose rows leave a trail: created, changed from what to what, deleted, and whose page was opened."""

    journalled_fields: ClassVar[Sequence[str] | None] = None  # None: all of them

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        response = super().change_view(request, object_id, form_url, extra_context)
        shown = (getattr(response, "context_data", None) or {}).get("original")
        if shown is not None:
            trail.record(shown, trail.Action.OPENED, actor=_staff(request), once_per=trail.HOUR)
        return response

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        """The row is read again, and held: the form has written on the one it was given."""
        form.journal_before = self._snapshot(form.instance.pk) if change else {}
        return super().save_form(request, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        changes = trail.diff(form.journal_before, self._snapshot(form.instance.pk))
        if changes or not change:
            action = trail.Action.CHANGED if change else trail.Action.CREATED
            trail.record(form.instance, action, actor=_staff(request), changes=changes)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        trail.record(obj, trail.Action.ERASED, actor=_staff(request))
        super().delete_model(request, obj)

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        trail.record_many(queryset.iterator(), trail.Action.ERASED, actor=_staff(request))
        super().delete_queryset(request, queryset)

    def _snapshot(self, pk: int) -> dict[str, Any]:
        rows = self.model._base_manager.select_for_update()
        return trail.snapshot(rows.get(pk=pk), self.journalled_fields)


def _staff(request: HttpRequest) -> Model:
    user = request.user
    assert isinstance(user, Model)  # noqa: S101 - the admin lets nobody else in
    return user


class UneditedAdmin(admin.ModelAdmin):
    """Rows that the portal writes, and nobody by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Entry)
class EntryAdmin(UneditedAdmin):
    list_display = ["at", "author", "action", "kind", "subject", "note"]
    list_display_links = ["at"]
    list_filter = ["action"]
    search_fields = ["label", "actor_name", "reference"]
    search_help_text = _("Objet, personne qui a agi, ou référence.")
    date_hierarchy = "at"
    show_full_result_count = False
    fields = ["at", "author", "action", "kind", "subject", "changed", "note", "reference"]
    readonly_fields = ["author", "kind", "subject", "changed"]

    @admin.display(description=_("par"), ordering="actor_name")
    def author(self, entry: Entry) -> str:
        return entry.who

    @admin.display(description=_("type"))
    def kind(self, entry: Entry) -> str:
        return ContentType.objects.get_for_id(entry.content_type_id).name

    @admin.display(description=_("objet"), ordering="label")
    def subject(self, entry: Entry) -> str:
        """Its name, leading to its page of the admin if it has one; who may open it is asked there."""
        kind = ContentType.objects.get_for_id(entry.content_type_id)
        try:
            url = reverse(f"admin:{kind.app_label}_{kind.model}_change", args=[entry.object_id])
        except NoReverseMatch:
            return entry.about
        return format_html('<a href="{}">{}</a>', url, entry.about)

    @admin.display(description=_("changements"), empty_value="–")
    def changed(self, entry: Entry) -> str | None:
        return format_html_join(mark_safe("<br>"), "{}\u00a0: {} → {}", entry.described_changes()) or None
