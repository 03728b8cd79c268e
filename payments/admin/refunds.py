from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.admin_pages import ReadOnlyAdmin, StateFilter, form_page
from payments.admin.charges import refund_state
from payments.admin.forms import SettlementForm
from payments.models import NothingLeft, PaymentMismatch, Refund
from payments.money import euros


class RefundStateFilter(StateFilter):
    states = {
        "to_make": (_("à faire"), lambda refunds: refunds.to_make()),
        "withdrawn": (_("retiré"), lambda refunds: refunds.exclude(withdrawn_at=None)),
        "made": (_("fait"), lambda refunds: refunds.exclude(payment=None)),
    }


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    list_display = ["charge", "amount", "reason", "created_at", "state"]
    list_filter = [RefundStateFilter, "reason"]
    list_select_related = ["charge", "payment"]
    search_fields = ["charge__name", "charge__email"]
    fields = ["charge", "amount", "reason", "created_at", "state"]
    readonly_fields = ["created_at", "state"]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.settle)
        return [path("<int:pk>/settle/", view, name="payments_refund_settle"), *super().get_urls()]

    @admin.display(description=_("état"))
    def state(self, refund: Refund) -> str:
        return refund_state(refund)

    def settle(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Staff have sent the money back: note how."""
        if not self.has_act_permission(request):
            raise PermissionDenied
        staff: Any = request.user
        refund = get_object_or_404(Refund.objects.select_related("charge"), pk=pk)
        changelist = redirect("admin:payments_refund_changelist")
        if not refund.is_to_make:
            messages.info(request, gettext("Ce remboursement est déjà noté, ou n’est plus à faire."))
            return changelist
        form = SettlementForm(request.POST or None)
        if form.is_valid():
            try:
                payment = refund.settle(**form.cleaned_data, recorded_by=staff)
            except PaymentMismatch:
                form.refuse_known_reference()
            except NothingLeft:
                messages.info(request, gettext("Ce remboursement n’est plus à faire."))
                return changelist
            else:
                self.log_change(request, refund, gettext("Remboursement effectué : %s.") % payment)
                messages.success(request, gettext("Remboursement noté."))
                return changelist
        return form_page(
            self,
            request,
            refund,
            form,
            title=gettext("Remboursement effectué"),
            submit=gettext("Noter ce remboursement"),
            note=gettext("À rembourser : %(amount)s à %(name)s, %(email)s.")
            % {"amount": euros(refund.amount), "name": refund.charge.name, "email": refund.charge.email},
        )
