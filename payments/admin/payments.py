from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext

from accounts.admin_pages import ReadOnlyAdmin, form_page
from payments import receipts
from payments.admin.forms import MistakeForm
from payments.models import Checkout, NotUndoable, Payment
from payments.money import euros


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    list_display = ["valued_on", "method", "kind", "amount", "reference", "charge", "recorded_by"]
    list_filter = ["method", "kind", "valued_on"]
    list_select_related = ["charge", "recorded_by"]
    search_fields = ["reference", "charge__name", "charge__email"]
    fields = [
        "charge",
        "method",
        "kind",
        "amount",
        "reference",
        "counters",
        "line",
        "valued_on",
        "booked_on",
        "recorded_at",
        "recorded_by",
    ]
    readonly_fields = ["recorded_at"]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.undo)
        return [path("<int:pk>/undo/", view, name="payments_payment_undo"), *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {
            "may_act": self.has_act_permission(request),
            "receipts_are_issued": receipts.are_issued(),
            **(extra_context or {}),
        }
        return super().change_view(request, object_id, form_url, context)

    def undo(self, request: HttpRequest, pk: int) -> HttpResponse:
        """An entry made by mistake is countered by another, and the sum is asked for again."""
        if not self.has_act_permission(request):
            raise PermissionDenied
        staff: Any = request.user
        payment = get_object_or_404(Payment.objects.select_related("charge"), pk=pk)
        page = redirect("admin:payments_charge_change", payment.charge_id)
        if payment.line_id:
            page = redirect("admin:payments_statementline_change", payment.line_id)
        if not payment.is_undoable:
            messages.info(
                request, gettext("Ce paiement ne s’annule pas\u00a0: il l’est déjà, ou il se rembourse.")
            )
            return page
        form = MistakeForm(request.POST or None)
        if form.is_valid():
            history = gettext("Saisie annulée (%(payment)s)\u00a0: %(reason)s") % {
                "payment": payment,
                "reason": form.cleaned_data["reason"],
            }
            try:
                with transaction.atomic():
                    payment.undo(by=staff)
                    self.log_change(request, payment.charge, history)
            except NotUndoable:
                messages.info(request, gettext("Cette saisie est déjà annulée."))
            else:
                messages.success(request, gettext("La saisie est annulée par une contre-écriture."))
            return page
        return form_page(
            self,
            request,
            payment,
            form,
            title=gettext("Annuler une saisie"),
            submit=gettext("Annuler cette saisie"),
            note=self._consequence(payment),
        )

    def _consequence(self, payment: Payment) -> str:
        told = {"amount": euros(abs(payment.amount)), "payment": payment, "number": payment.charge.number}
        if other := payment.other_side:
            paid, source = (payment, other) if payment.amount > 0 else (other, payment)
            told |= {"number": paid.charge.number, "source": source.charge.number}
            return (
                gettext(
                    "%(amount)s d’avoir\u00a0: la somme %(number)s les demandera de nouveau, et ils seront de nouveau à rendre, "
                    "pour %(source)s."
                )
                % told
            )
        if payment.amount > 0:
            return (
                gettext("%(amount)s, %(payment)s\u00a0: la somme %(number)s les demandera de nouveau.") % told
            )
        return (
            gettext("%(amount)s, %(payment)s\u00a0: ils seront de nouveau à rendre, pour %(number)s.") % told
        )


@admin.register(Checkout)
class CheckoutAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "charge", "provider", "reference", "amount", "state", "read_at"]
    list_filter = ["provider", "state"]
    list_select_related = ["charge"]
    search_fields = ["reference", "charge__name", "charge__email"]
