from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from journal.admin import JournalledAdmin
from members.models import Group


class GroupFilter(admin.SimpleListFilter):
    title = _("groupe")
    parameter_name = "group"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        return list(Group.objects.values_list("pk", "name"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value() or ""
        if not value.isdecimal() or len(value) > 9:
            return queryset
        return queryset.filter(pk__in=Group.members.through.objects.filter(group=int(value)).values("member"))


@admin.register(Group)
class GroupAdmin(JournalledAdmin):
    list_display = ["name", "description", "size"]
    search_fields = ["name", "description"]
    fields = ["name", "description"]
    journalled_fields = ["name", "description"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        groups: QuerySet[Group] = Group.objects.annotate(size=Count("members"))
        return groups

    @admin.display(description=_("adhérents"), ordering="size")
    def size(self, group: Any) -> str:
        url = reverse("admin:members_member_changelist")
        return format_html('<a href="{}?group={}">{}</a>', url, group.pk, group.size)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {"may_write": request.user.has_perm("members.add_membermessage")}
        return super().change_view(request, object_id, form_url, context | (extra_context or {}))
