import re
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.admin_pages import ReadOnlyAdmin, ReadOnlyInline, StateFilter, form_page
from payments.admin_forms import PaymentForm, SettlementForm
from payments.models import Charge, ChargeLine, Checkout, Payment, PaymentMismatch, Refund
from payments.money import euros

NUMBER = re.compile(r"(?:S-?)?0*([0-9]{1,18})", re.IGNORECASE)


def charge_link(charge: Charge | None) -> str | None:
    """Its number, leading to its page."""
    if charge is None:
        return None
    return format_html(
        '<a href="{}">{}</a>', reverse("admin:payments_charge_change", args=[charge.pk]), charge.number
    )


def refund_state(refund: Refund) -> str:
    if refund.payment:
        return gettext("fait\u00a0: %s") % refund.payment
    url = reverse("admin:payments_refund_settle", args=[refund.pk])
    return format_html('<a href="{}">{}</a>', url, gettext("à faire"))


class ChargeStateFilter(StateFilter):
    states = {
        "unpaid": (_("à régler"), lambda charges: charges.unpaid()),
        "late": (_("à régler depuis plus de 15 jours"), lambda charges: charges.late()),
        "stranded": (_("réglée en partie, délai passé"), lambda charges: charges.stranded()),
        "paid": (_("réglée"), lambda charges: charges.filter(paid_at__isnull=False, cancelled_at=None)),
        "cancelled": (_("annulée"), lambda charges: charges.exclude(cancelled_at=None)),
    }


class LineInline(ReadOnlyInline):
    model = ChargeLine
    fields = ["label", "nature", "amount"]


class PaymentInline(ReadOnlyInline):
    model = Payment
    fields = ["method", "amount", "reference", "valued_on", "recorded_by"]


class RefundInline(ReadOnlyInline):
    model = Refund
    fields = ["amount", "reason", "created_at", "state"]
    readonly_fields = ["created_at", "state"]

    @admin.display(description=_("état"))
    def state(self, refund: Refund) -> str:
        return refund_state(refund)


@admin.register(Charge)
class ChargeAdmin(ReadOnlyAdmin):
    list_display = ["number", "name", "owed", "received", "state", "created_at"]
    list_display_links = ["number", "name"]
    list_filter = [ChargeStateFilter]
    search_fields = ["name", "email", "lines__label"]
    search_help_text = _("Nom, adresse e-mail, libellé ou numéro (S-000012).")
    fields = [
        "number",
        "state",
        "owed",
        "received",
        "name",
        "email",
        "user",
        "created_at",
        "paid_at",
        "cancelled_at",
    ]
    readonly_fields = ["number", "state", "owed", "received"]
    inlines = [LineInline, PaymentInline, RefundInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Charge]:
        charges: QuerySet[Charge] = Charge.objects.with_amounts().select_related("user")
        return charges

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Charge], search_term: str
    ) -> tuple[QuerySet[Charge], bool]:
        if match := NUMBER.fullmatch(search_term.strip()):
            return queryset.filter(pk=match[1]), False
        return super().get_search_results(request, queryset, search_term)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.record_payment)
        return [path("<int:pk>/payment/", view, name="payments_charge_payment"), *super().get_urls()]

    @admin.display(description=_("numéro"), ordering="pk")
    def number(self, charge: Charge) -> str:
        return charge.number

    @admin.display(description=_("dû"), ordering="owed")
    def owed(self, charge: Any) -> str:
        return euros(charge.owed)

    @admin.display(description=_("reçu"), ordering="received")
    def received(self, charge: Any) -> str:
        return euros(charge.received)

    @admin.display(description=_("état"))
    def state(self, charge: Charge) -> str:
        if charge.cancelled_at:
            return gettext("annulée")
        return gettext("réglée") if charge.paid_at else gettext("à régler")

    def has_payment_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and request.user.has_perm("payments.add_payment")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {"can_record_payment": self.has_payment_permission(request), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def record_payment(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Money that reached us without a provider. Refused on a charge that awaits none."""
        if not self.has_payment_permission(request):
            raise PermissionDenied
        staff: Any = request.user
        charge = get_object_or_404(Charge, pk=pk)
        page = redirect("admin:payments_charge_change", pk)
        if not charge.is_payable:
            messages.error(request, gettext("Cette somme n’attend plus de paiement."))
            return page
        form = PaymentForm(request.POST or None, initial={"amount": charge.amount_due})
        if form.is_valid():
            try:
                payment = charge.record_payment(**form.cleaned_data, recorded_by=staff)
            except PaymentMismatch:
                form.refuse_known_reference()
            else:
                self.log_change(request, charge, gettext("Paiement enregistré : %s.") % payment)
                messages.success(request, self._result(charge))
                return page
        return form_page(
            self,
            request,
            charge,
            form,
            title=gettext("Enregistrer un paiement"),
            submit=gettext("Enregistrer ce paiement"),
            note=gettext("Reste à régler : %s.") % euros(charge.amount_due),
        )

    def _result(self, charge: Charge) -> str:
        if charge.is_payable:
            return gettext("Paiement enregistré. Il reste %s à régler.") % euros(charge.amount_due)
        if charge.amount_received > charge.amount:
            excess = euros(charge.amount_received - charge.amount)
            return (
                gettext("Paiement enregistré : la somme est réglée. %s de trop sont à rembourser.") % excess
            )
        return gettext("Paiement enregistré : la somme est réglée.")


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    list_display = ["valued_on", "method", "amount", "reference", "charge", "recorded_by"]
    list_filter = ["method", "valued_on"]
    list_select_related = ["charge", "recorded_by"]
    search_fields = ["reference", "charge__name", "charge__email"]
    fields = ["charge", "method", "amount", "reference", "valued_on", "recorded_at", "recorded_by"]
    readonly_fields = ["recorded_at"]


class RefundStateFilter(StateFilter):
    states = {
        "to_make": (_("à faire"), lambda refunds: refunds.to_make()),
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
        if refund.payment_id:
            messages.info(request, gettext("Ce remboursement est déjà noté."))
            return changelist
        form = SettlementForm(request.POST or None)
        if form.is_valid():
            try:
                payment = refund.settle(**form.cleaned_data, recorded_by=staff)
            except PaymentMismatch:
                form.refuse_known_reference()
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


@admin.register(Checkout)
class CheckoutAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "charge", "provider", "reference", "amount"]
    list_filter = ["provider"]
    list_select_related = ["charge"]
    search_fields = ["reference", "charge__name", "charge__email"]
