"""What is done with members chosen in their list: the rows that are ticked, or all those of the filters."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from members import merging
from members.models import Member


class MemberSelections(admin.ModelAdmin):
    actions = ["merge_two"]  # noqa: RUF012 - as Django types it

    def has_merge_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perms(["members.view_member", "members.add_merge"])

    @admin.action(description=_("Fusionner deux fiches"), permissions=["merge"])
    def merge_two(self, request: HttpRequest, queryset: QuerySet[Member]) -> HttpResponse | None:
        chosen = list(queryset[:3])
        if len(chosen) != 2:
            messages.error(request, gettext("Choisissez deux fiches, et deux seulement."))
            return None
        kept, removed = merging.best_first(*chosen)
        return redirect("admin:members_merge_compare", kept.pk, removed.pk)
