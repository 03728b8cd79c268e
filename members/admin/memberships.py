from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.admin_pages import StateFilter, act, confirm, form_page
from accounts.models import User
from journal import trail
from members.admin.credit import CreditVerbs
from members.admin.verb_forms import ReasonForm
from members.models import Membership, PeriodOver
from payments.money import euros


class MembershipStateFilter(StateFilter):
    states = {
        "current": (_("en cours"), lambda rows: rows.covering(on=timezone.localdate())),
        "over": (_("terminée"), lambda rows: rows.effective().filter(ends_on__lt=timezone.localdate())),
        "coming": (_("à venir"), lambda rows: rows.effective().filter(starts_on__gt=timezone.localdate())),
        "cancelled": (_("annulée"), lambda rows: rows.exclude(cancelled_at=None)),
    }


@admin.register(Membership)
class MembershipAdmin(CreditVerbs):
    list_display = ["member", "plan", "starts_on", "ends_on", "credit_until", "cancelled_at"]
    list_filter = [MembershipStateFilter, "plan"]
    list_select_related = ["member", "plan"]
    search_fields = ["member__first_name", "member__last_name", "member__organisation", "member__email"]
    fields = [
        "member",
        "plan",
        "starts_on",
        "ends_on",
        "sold_until",
        "grace_until",
        "credit_until",
        "amount",
        "charge",
        "created_at",
        "cancelled_at",
    ]
    actions = ["cancel"]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.refund)
        return [path("<int:pk>/rembourser/", view, name="members_membership_refund"), *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {
            "may_refund": self.has_refund_permission(request),
            "may_credit": self.has_act_permission(request),
            **(extra_context or {}),
        }
        return super().change_view(request, object_id, form_url, context)

    def has_refund_permission(self, request: HttpRequest) -> bool:
        return self.has_act_permission(request) and request.user.has_perm("payments.change_refund")

    def refund(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Stop the period today, and owe back all that was paid for it."""
        if not self.has_refund_permission(request):
            raise PermissionDenied
        membership = get_object_or_404(Membership.objects.select_related("member", "plan", "charge"), pk=pk)
        form = ReasonForm(request.POST or None)
        if form.is_valid():
            try:
                with transaction.atomic():
                    membership.refund_and_stop()
                    sentence = gettext("Adhésion arrêtée et remboursée\u00a0: %s.") % membership
                    _record(request, membership, f"{sentence} {form.cleaned_data['reason']}")
                messages.success(request, f"{sentence} {_owed_back(membership)}")
                return redirect("admin:members_membership_change", pk)
            except PeriodOver:
                form.add_error(None, gettext("Cette adhésion est annulée, arrêtée ou terminée."))
        received = membership.charge.amount_received if membership.charge else 0
        return form_page(
            self,
            request,
            membership,
            form,
            title=gettext("Rembourser et arrêter"),
            submit=gettext("Rembourser et arrêter"),
            note=gettext(
                "Reçu pour cette période\u00a0: %s. Son dernier jour sera aujourd’hui\u202f; ce qui a été payé est à rembourser, "
                "et ce qui ne l’est pas n’est plus demandé. Après une démission, rien n’y oblige\u00a0: les cotisations échues restent dues."
            )
            % euros(received),
        )

    @admin.action(description=_("Annuler l’adhésion"), permissions=["act"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Membership]) -> HttpResponse | None:
        page = confirm(
            self,
            request,
            queryset,
            title=gettext("Annuler ces adhésions"),
            warning=gettext(
                "Ces périodes ne compteront plus. Aucun message ne part\u202f; un remboursement se fait à part."
            ),
            submit=gettext("Annuler ces adhésions"),
        )
        if page is None:

            def cancel(membership: Membership) -> str | None:
                if not membership.cancel():
                    return gettext("cette adhésion est déjà annulée.")
                _record(request, membership, gettext("Adhésion annulée\u00a0: %s.") % membership)
                return None

            done = act(self, request, queryset, cancel, history=gettext("Adhésion annulée."))
            messages.info(request, ngettext("%d adhésion annulée.", "%d adhésions annulées.", done) % done)
        return page


def _record(request: HttpRequest, membership: Membership, note: str) -> None:
    """On the record of the member, in the transaction of the verb."""
    trail.record(membership.member, trail.Action.CHANGED, actor=cast(User, request.user), note=note)


def _owed_back(membership: Membership) -> str:
    refunds = membership.charge.refunds.to_make() if membership.charge else []
    owed = sum(refund.amount for refund in refunds)
    return gettext("À rembourser\u00a0: %s.") % euros(owed) if owed else gettext("Rien n’est à rembourser.")
