"""What the admin of each kind of `Broadcast` shows: the counts of copies, and that what was sent stays in the log."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth import get_permission_codename
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    Base = admin.ModelAdmin
else:
    Base = object


class SentFilter(admin.SimpleListFilter):
    title = _("état")
    parameter_name = "sent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("envoyé")), ("no", _("brouillon"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in {"yes", "no"}:
            return queryset
        return queryset.filter(sent_at__isnull=self.value() == "no")


class BroadcastAdmin(Base):
    """Mixed into the admin of a model, which says who may write by `has_write_permission`."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = self.model._default_manager.with_counts()
        return rows

    def has_write_permission(self, request: HttpRequest) -> bool:
        raise NotImplementedError

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only a draft: what was sent stays in the log."""
        right = f"{self.opts.app_label}.{get_permission_codename('delete', self.opts)}"
        return obj is not None and obj.is_draft and request.user.has_perm(right)

    @admin.display(description=_("en attente"), ordering="queued")
    def queued(self, message: Any) -> int:
        return int(message.queued)

    @admin.display(description=_("envoyés"), ordering="sent")
    def sent(self, message: Any) -> int:
        return int(message.sent)

    @admin.display(description=_("abandonnés"), ordering="failed")
    def failed(self, message: Any) -> int:
        return int(message.failed)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {"may_write": self.has_write_permission(request), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)
