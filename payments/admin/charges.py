import re
from decimal import Decimal
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

from accounts.admin_pages import ReadOnlyInline, StateFilter, form_page
from payments import transfer
from payments.admin.decisions import DecisionsAdmin
from payments.admin.extracts import ExtractPage
from payments.admin.forms import PaymentForm
from payments.admin.treasury import TreasuryPage
from payments.admin.unpaid import AgeFilter, NatureFilter, RemindsUnpaid
from payments.models import Adjustment, Charge, ChargeLine, Document, Payment, PaymentMismatch, Refund
from payments.money import euros

NUMBER = re.compile(r"(?:(?:RF\d\d)?S-?)?0*([0-9]{1,18})", re.IGNORECASE)


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
    if refund.withdrawn_at:
        return gettext("retiré")
    url = reverse("admin:payments_refund_change", args=[refund.pk])
    state = gettext("demandé au prestataire") if refund.asked_of_id else gettext("à faire")
    return format_html('<a href="{}">{}</a>', url, state)


def download_link(document: Document) -> str:
    url = reverse("admin:payments_document_download", args=[document.token])
    return format_html('<a href="{}">{}</a>', url, gettext("Télécharger"))


class ChargeStateFilter(StateFilter):
    states = {
        "unpaid": (_("à régler"), lambda charges: charges.unpaid()),
        "late": (_("à régler depuis plus de 15 jours"), lambda charges: charges.late()),
        "stranded": (_("réglée en partie, délai passé"), lambda charges: charges.stranded()),
        "contested": (_("reprise par la banque ou le prestataire"), lambda charges: charges.contested()),
        "unclear": (_("payée autrement que demandé"), lambda charges: charges.unclear()),
        "to_credit": (_("avoir à émettre"), lambda charges: charges.to_credit()),
        "paid": (_("réglée"), lambda charges: charges.filter(paid_at__isnull=False, cancelled_at=None)),
        "written_off": (_("abandonnée"), lambda charges: charges.written_off()),
        "cancelled": (
            _("annulée"),
            lambda charges: charges.exclude(cancelled_at=None).exclude(
                pk__in=Charge.objects.written_off().order_by().values("pk")
            ),
        ),
    }


class LineInline(ReadOnlyInline):
    model = ChargeLine
    fields = ["label", "nature", "amount"]


class AdjustmentInline(ReadOnlyInline):
    model = Adjustment
    fields = ["kind", "line", "amount", "why", "booked_on", "made_by"]
    readonly_fields = ["why"]

    @admin.display(description=_("raison"))
    def why(self, adjustment: Adjustment) -> str:
        """What staff typed, or why it was given back."""
        return str(dict(Refund.Reason.choices).get(adjustment.reason, adjustment.reason))


class PaymentInline(ReadOnlyInline):
    model = Payment
    fields = ["link", "kind", "amount", "reference", "valued_on", "recorded_by"]
    readonly_fields = ["link"]

    @admin.display(description=_("moyen"))
    def link(self, payment: Payment) -> str:
        url = reverse("admin:payments_payment_change", args=[payment.pk])
        return format_html('<a href="{}">{}</a>', url, payment.get_method_display())


class RefundInline(ReadOnlyInline):
    model = Refund
    fields = ["amount", "reason", "created_at", "state"]
    readonly_fields = ["created_at", "state"]

    @admin.display(description=_("état"))
    def state(self, refund: Refund) -> str:
        return refund_state(refund)


class DocumentInline(ReadOnlyInline):
    model = Document
    fk_name = "charge"
    fields = ["kind", "number", "issued_on", "total", "file"]
    readonly_fields = ["file"]

    @admin.display(description=_("fichier"))
    def file(self, document: Document) -> str:
        return download_link(document)


@admin.register(Charge)
class ChargeAdmin(TreasuryPage, ExtractPage, RemindsUnpaid, DecisionsAdmin):
    list_display = ["number", "name", "owed", "received", "state", "due", "reminded_on"]
    list_display_links = ["number", "name"]
    list_filter = [ChargeStateFilter, AgeFilter, NatureFilter]
    search_fields = ["name", "email", "lines__label"]
    search_help_text = _("Nom, adresse e-mail, libellé, numéro (S-000012) ou référence de virement.")
    fields = [
        "number",
        "reference",
        "state",
        "owed",
        "received",
        "promised",
        "missing",
        "name",
        "email",
        "user",
        "created_at",
        "due_on",
        "paid_at",
        "contested_at",
        "cancelled_at",
        "cancel_reason",
    ]
    readonly_fields = ["number", "reference", "state", "owed", "received", "promised", "missing"]
    inlines = [LineInline, AdjustmentInline, PaymentInline, RefundInline, DocumentInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Charge]:
        charges: Any = Charge.objects.with_amounts().with_due_day().select_related("user")
        rows: QuerySet[Charge] = charges.prefetch_related("adjustments")
        return rows

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Charge], search_term: str
    ) -> tuple[QuerySet[Charge], bool]:
        if match := NUMBER.fullmatch("".join(search_term.split())):
            return queryset.filter(pk=match[1]), False
        return super().get_search_results(request, queryset, search_term)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.record_payment)
        return [path("<int:pk>/payment/", view, name="payments_charge_payment"), *super().get_urls()]

    @admin.display(description=_("numéro"), ordering="pk")
    def number(self, charge: Charge) -> str:
        return charge.number

    @admin.display(description=_("référence de virement"))
    def reference(self, charge: Charge) -> str:
        return transfer.reference_of(charge)

    @admin.display(description=_("dû"), ordering="owed")
    def owed(self, charge: Any) -> str:
        return euros(charge.owed)

    @admin.display(description=_("reçu"), ordering="received")
    def received(self, charge: Any) -> str:
        return euros(charge.received)

    @admin.display(description=_("à rembourser"))
    def promised(self, charge: Any) -> str:
        return euros(charge.promised)

    @admin.display(description=_("manque"))
    def missing(self, charge: Any) -> str:
        return euros(max(charge.missing, Decimal(0)))

    @admin.display(description=_("état"))
    def state(self, charge: Charge) -> str:
        if charge.cancelled_at:
            return gettext("abandonnée") if charge.is_written_off else gettext("annulée")
        if charge.is_contested:
            return gettext("reprise, à régler")
        if charge.has_lapsed:
            return gettext("délai passé")
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
        context = extra_context or {}
        if charge := Charge.objects.filter(pk=object_id).first() if object_id.isdecimal() else None:
            is_awaited = charge.is_payable or charge.is_written_off
            context |= {
                "can_record_payment": is_awaited and self.has_payment_permission(request),
                "reminders": self.reminders_of(charge),
                "may_remind": self.has_remind_permission(request),
                "sees_treasury": self.has_treasury_permission(request),
            }
            context["decisions"] = [
                (title, reverse(f"admin:payments_charge_{name}", args=[charge.pk]))
                for name, title in self.decisions_open(request, charge)
            ]
        return super().change_view(request, object_id, form_url, context)

    def record_payment(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Money that reached us without a provider. Refused on a charge that awaits none, and was not given up."""
        if not self.has_payment_permission(request):
            raise PermissionDenied
        staff: Any = request.user
        charge = get_object_or_404(Charge, pk=pk)
        page = redirect("admin:payments_charge_change", pk)
        if not charge.is_payable and not charge.is_written_off:
            messages.error(request, gettext("Cette somme n’attend plus de paiement."))
            return page
        form = PaymentForm(request.POST or None, initial={"amount": charge.amount_awaited})
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
            note=(
                gettext("Reste à régler\u00a0: %s.") if charge.is_payable else gettext("Abandonné\u00a0: %s.")
            )
            % euros(charge.amount_awaited),
        )

    def _result(self, charge: Charge) -> str:
        if charge.is_payable:
            return gettext("Paiement enregistré. Il reste %s à régler.") % euros(charge.amount_due)
        if charge.cancelled_at:
            return gettext("Paiement enregistré. Il reste %s de perte.") % euros(charge.amount_lost)
        if charge.amount_received > charge.amount_owed:
            excess = euros(charge.amount_received - charge.amount_owed)
            return (
                gettext("Paiement enregistré : la somme est réglée. %s de trop sont à rembourser.") % excess
            )
        return gettext("Paiement enregistré : la somme est réglée.")
