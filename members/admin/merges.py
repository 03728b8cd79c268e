from typing import Any

from django.contrib import admin, messages
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.admin_pages import ReadOnlyAdmin, StateFilter, act, confirm
from documents.days import in_words
from journal.models import Entry
from members import merging, unmerging
from members.admin.merge_form import MergeForm
from members.models import Member, Merge


class MergeStateFilter(StateFilter):
    states = {
        "standing": (_("faite"), lambda merges: merges.standing()),
        "undone": (_("annulée"), lambda merges: merges.exclude(undone_at=None)),
    }


@admin.register(Merge)
class MergeAdmin(ReadOnlyAdmin):
    """The log of merges, the page where two members are compared, and the way back."""

    list_display = ["removed_number", "kept", "by", "at", "state"]
    list_filter = [MergeStateFilter]
    list_select_related = ["kept", "by"]
    search_fields = [
        "kept__first_name",
        "kept__last_name",
        "kept__organisation",
        "kept__email",
        "removed_card_code",
    ]
    fields = ["removed_number", "removed_card_code", "kept", "by", "at", "state", "followed"]
    readonly_fields = ["removed_number", "state", "followed"]
    actions = ["undo"]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.compare)
        return [
            path("comparer/<int:kept>/<int:removed>/", view, name="members_merge_compare"),
            *super().get_urls(),
        ]

    @admin.display(description=_("fiche retirée"), ordering="removed_pk")
    def removed_number(self, merge: Merge) -> str:
        return merge.removed_number

    @admin.display(description=_("état"))
    def state(self, merge: Merge) -> str:
        if merge.undone_at:
            return gettext("annulée le %s") % in_words(timezone.localdate(merge.undone_at))
        if not merge.is_undoable:
            return gettext("définitive")
        return gettext("annulable jusqu’au %s") % in_words(timezone.localdate(merge.undo_until))

    @admin.display(description=_("ce qui a suivi"), empty_value="–")
    def followed(self, merge: Merge) -> str:
        return ", ".join(f"{name}\u00a0: {count}" for name, count in merging.followed(merge))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        merge = Merge.objects.filter(pk=object_id).first() if object_id.isdecimal() else None
        context: dict[str, Any] = {}
        if merge:
            context["may_undo"] = self.has_act_permission(request) and merge.is_undoable
            context["entries"] = self._entries(request, merge)
        return super().change_view(request, object_id, form_url, context | (extra_context or {}))

    @staticmethod
    def _entries(request: HttpRequest, merge: Merge) -> QuerySet[Entry] | None:
        """What the journal says of the member that is no more: it stays under its old number."""
        if not request.user.has_perm("journal.view_entry"):
            return None
        kind = ContentType.objects.get_for_model(Member)
        entries: QuerySet[Entry] = Entry.objects.filter(content_type=kind, object_id=merge.removed_pk)
        return entries[:50]

    @admin.action(description=_("Annuler la fusion"), permissions=["act"])
    def undo(self, request: HttpRequest, queryset: QuerySet[Merge]) -> HttpResponse | None:
        page = confirm(
            self,
            request,
            queryset,
            title=gettext("Annuler la fusion"),
            warning=gettext(
                "Les deux fiches redeviennent ce qu’elles étaient, chacune avec ce qui était à elle. Ce que la fiche"
                " gardée a reçu depuis lui reste. Si l’une ou l’autre a été modifiée, rien ne change."
            ),
            submit=gettext("Annuler la fusion"),
        )
        if page is None:
            staff: Any = request.user

            def verb(merge: Merge) -> str | None:
                try:
                    unmerging.undo(merge, by=staff)
                except (unmerging.UndoRefused, merging.MergeRefused) as refused:
                    return str(refused)
                return None

            done = act(self, request, queryset, verb, history=gettext("Fusion annulée."))
            messages.info(request, ngettext("%d fusion annulée.", "%d fusions annulées.", done) % done)
        return page

    def compare(self, request: HttpRequest, kept: int, removed: int) -> HttpResponse:
        """Both side by side, what will follow, what forbids it; then the button that merges them."""
        if not request.user.has_perms(["members.add_merge", "members.view_member"]):
            raise PermissionDenied
        members = Member.objects.select_related("user", "college").with_standing()
        one, other = get_object_or_404(members, pk=kept), get_object_or_404(members, pk=removed)
        form = MergeForm(one, other, request.POST if request.method == "POST" else None)
        if form.is_valid() and self._merge(request, one, other, form):
            return redirect("admin:members_member_change", one.pk)
        obstacles = [] if form.errors else merging.obstacles(one, other)
        context = {
            "title": gettext("Fusionner deux fiches"),
            "opts": self.opts,
            "form": form,
            "errors": form.errors,
            "obstacles": obstacles,
            "kept": one,
            "removed": other,
            "sides": [(member, merging.moving(member)) for member in (one, other)],
            "joined_on": min(one.joined_on, other.joined_on),
        }
        return TemplateResponse(
            request,
            "admin/members/merge/compare.html",
            self.admin_site.each_context(request) | context,
            status=409 if form.errors else 200,
        )

    def _merge(self, request: HttpRequest, kept: Member, removed: Member, form: MergeForm) -> bool:
        staff: Any = request.user
        try:
            merge = merging.merge(kept, removed, take=form.taken, by=staff, shown=form.now)
        except merging.MergeRefused as refused:
            for reason in refused.reasons:
                form.add_error(None, reason)
            return False
        except ValidationError as error:
            form.add_error(None, error.messages)
            return False
        told = gettext("Fiche %(number)s fusionnée\u00a0: annulable jusqu’au %(day)s.") % {
            "number": merge.removed_number,
            "day": in_words(timezone.localdate(merge.undo_until)),
        }
        self.log_addition(request, merge, told)
        messages.success(request, told)
        return True
