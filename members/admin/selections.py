"""What is done with members chosen in their list: the rows that are ticked, or all those of the filters."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from members import merging
from members.models import Group, Member, MemberMessage, SavedSearch


class GroupForm(forms.Form):
    group = forms.ModelChoiceField(label=_("Groupe"), queryset=Group.objects.all())


class MemberSelections(admin.ModelAdmin):
    actions: list[Any] = ["merge_two", "put_in_group", "take_out_of_group", "write"]  # noqa: RUF012 - as Django types it

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context: dict[str, Any] = {"may_save_search": request.user.has_perm("members.add_savedsearch")}
        if request.user.has_perm("members.view_savedsearch"):
            context["searches"] = SavedSearch.objects.visible_to(request.user)
        return super().changelist_view(request, context | (extra_context or {}))

    def has_merge_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perms(["members.view_member", "members.add_merge"])

    def has_group_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perms(["members.view_member", "members.change_group"])

    def has_write_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perms(["members.view_member", "members.add_membermessage"])

    @admin.action(description=_("Fusionner deux fiches"), permissions=["merge"])
    def merge_two(self, request: HttpRequest, queryset: QuerySet[Member]) -> HttpResponse | None:
        chosen = list(queryset[:3])
        if len(chosen) != 2:
            messages.error(request, gettext("Choisissez deux fiches, et deux seulement."))
            return None
        kept, removed = merging.best_first(*chosen)
        return redirect("admin:members_merge_compare", kept.pk, removed.pk)

    @admin.action(description=_("Ajouter à un groupe"), permissions=["group"])
    def put_in_group(self, request: HttpRequest, queryset: QuerySet[Member]) -> HttpResponse | None:
        form, page = self._ask_group(request, queryset, gettext("Ajouter à un groupe"), gettext("Ajouter"))
        if page is None:
            group: Group = form.cleaned_data["group"]
            done = group.put(_plain(queryset), by=cast(User, request.user))
            told = ngettext("%d fiche ajoutée.", "%d fiches ajoutées.", done) % done
            messages.success(request, f"{group}\u00a0: {told}")
        return page

    @admin.action(description=_("Retirer d’un groupe"), permissions=["group"])
    def take_out_of_group(self, request: HttpRequest, queryset: QuerySet[Member]) -> HttpResponse | None:
        form, page = self._ask_group(request, queryset, gettext("Retirer d’un groupe"), gettext("Retirer"))
        if page is None:
            group: Group = form.cleaned_data["group"]
            done = group.take_out(_plain(queryset), by=cast(User, request.user))
            told = ngettext("%d fiche retirée.", "%d fiches retirées.", done) % done
            messages.success(request, f"{group}\u00a0: {told}")
        return page

    @admin.action(description=_("Écrire à la sélection"), permissions=["write"])
    def write(self, request: HttpRequest, queryset: QuerySet[Member]) -> HttpResponse:
        by = cast(User, request.user)
        message = MemberMessage.draft(_plain(queryset), audience=gettext("choisis dans la liste"), by=by)
        return redirect("admin:members_membermessage_edit", message.pk)

    def _ask_group(
        self, request: HttpRequest, queryset: QuerySet[Member], title: str, submit: str
    ) -> tuple[GroupForm, HttpResponse | None]:
        """The page that asks which group, until it is answered."""
        form = GroupForm(request.POST if "confirmed" in request.POST else None)
        if form.is_valid():
            return form, None
        context = {
            "title": title,
            "submit": submit,
            "opts": self.opts,
            "form": form,
            "errors": form.errors,
            "count": queryset.count(),
            "hidden": [
                ("action", request.POST["action"]),
                ("select_across", request.POST.get("select_across", "0")),
                *(("_selected_action", pk) for pk in request.POST.getlist("_selected_action")),
            ],
        }
        page = TemplateResponse(
            request,
            "admin/members/member/choose_group.html",
            self.admin_site.each_context(request) | context,
            status=400 if form.errors else 200,
        )
        return form, page


def _plain(members: QuerySet[Member]) -> QuerySet[Member]:
    """The same rows, without what the list computes of them."""
    return Member.objects.filter(pk__in=members.order_by().values("pk"))
