from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.admin_pages import ReadOnlyAdmin, StateFilter, act, confirm
from members.models import Membership


class MembershipStateFilter(StateFilter):
    states = {
        "current": (_("en cours"), lambda rows: rows.covering(on=timezone.localdate())),
        "over": (_("terminée"), lambda rows: rows.effective().filter(ends_on__lt=timezone.localdate())),
        "coming": (_("à venir"), lambda rows: rows.effective().filter(starts_on__gt=timezone.localdate())),
        "cancelled": (_("annulée"), lambda rows: rows.exclude(cancelled_at=None)),
    }


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    list_display = ["member", "plan", "starts_on", "ends_on", "cancelled_at"]
    list_filter = [MembershipStateFilter, "plan"]
    list_select_related = ["member", "plan"]
    search_fields = ["member__first_name", "member__last_name", "member__organisation", "member__email"]
    fields = ["member", "plan", "starts_on", "ends_on", "charge", "created_at", "cancelled_at"]
    actions = ["cancel"]

    @admin.action(description=_("Annuler l’adhésion"), permissions=["act"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Membership]) -> HttpResponse | None:
        page = confirm(
            self,
            request,
            queryset,
            title=gettext("Annuler ces adhésions"),
            warning=gettext(
                "Ces périodes ne compteront plus. Aucun message ne part ; un remboursement se fait à part."
            ),
            submit=gettext("Annuler ces adhésions"),
        )
        if page is None:
            done = act(self, request, queryset, self._cancel, history=gettext("Adhésion annulée."))
            messages.info(request, ngettext("%d adhésion annulée.", "%d adhésions annulées.", done) % done)
        return page

    @staticmethod
    def _cancel(membership: Membership) -> str | None:
        if membership.cancelled_at:
            return gettext("cette adhésion est déjà annulée.")
        membership.cancel()
        return None
