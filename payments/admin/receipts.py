"""Tax receipts among the documents: issued for a donor, cancelled, replaced, and what is declared of them each year."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.admin_pages import ReadOnlyAdmin, form_page
from documents.spreadsheets import CONTENT_TYPES, as_csv
from payments import receipts
from payments.models import Billing, Document, Payment
from payments.paper_forms import DonorForm
from payments.seller import LegalMentionsMissing

REFUSALS: dict[type[receipts.ReceiptRefused], Any] = {
    receipts.ReceiptsOff: _("Le bureau n’a pas décidé que l’association délivre des reçus fiscaux."),
    receipts.NothingGiven: _("Rien de ce paiement n’est un don, ou il n’en reste rien."),
    receipts.ReceiptElsewhere: _("Le prestataire a déjà délivré un reçu fiscal pour ce paiement."),
    receipts.ReceiptIssued: _("Un reçu fiscal existe pour ce paiement."),
    receipts.DonorUnknown: _("L’adresse du donateur est incomplète."),
}


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Raison, que le donateur lira"), max_length=200)


class ReplacementForm(DonorForm):
    reason = forms.CharField(label=_("Raison, que le donateur lira"), max_length=200)


class ReceiptPages(ReadOnlyAdmin):
    """Each act asks for the right to issue documents, and is written in the history."""

    def get_urls(self) -> list[URLPattern]:
        def page(route: str, view: Any, name: str) -> URLPattern:
            return path(route, self.admin_site.admin_view(view), name=f"payments_document_{name}")

        return [
            page("recus/", require_safe(self.declared), "declared"),
            page("recus.csv", require_safe(self.declared_csv), "declared_csv"),
            page("recu/<int:payment>/", self.receipt, "receipt"),
            page("<int:pk>/annuler/", self.cancel, "cancel"),
            page("<int:pk>/remplacer/", self.replace, "replace"),
            *super().get_urls(),
        ]

    def has_issue_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("payments.add_document"))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        standing = Document.objects.standing().filter(kind=Document.Kind.RECEIPT)
        is_receipt = object_id.isdecimal() and standing.filter(pk=object_id).exists()
        is_cancellable = self.has_issue_permission(request) and is_receipt
        context = {"is_cancellable": is_cancellable, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"receipts_are_issued": receipts.are_issued(), **(extra_context or {})}
        return super().changelist_view(request, context)

    def declared(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        table = receipts.DeclaredTable()
        context = {"title": table.title, "opts": self.opts, "table": table}
        return TemplateResponse(
            request,
            "admin/payments/document/declared.html",
            self.admin_site.each_context(request) | context,
        )

    def declared_csv(self, request: HttpRequest) -> HttpResponseBase:
        if not self.has_view_permission(request):
            raise PermissionDenied
        headers = {
            "Content-Disposition": 'attachment; filename="recus-fiscaux.csv"',
            "Cache-Control": "no-store",
        }
        rows = as_csv(receipts.DeclaredTable())
        return StreamingHttpResponse(rows, content_type=CONTENT_TYPES["csv"], headers=headers)

    def receipt(self, request: HttpRequest, payment: int) -> HttpResponse:
        """Issue that of a payment, as the donor could."""
        found = get_object_or_404(Payment.objects.select_related("charge"), pk=payment)
        page = redirect("admin:payments_charge_change", found.charge_id)
        if not self.has_issue_permission(request):
            raise PermissionDenied
        if refused := receipts.refusal(found):
            messages.error(request, str(REFUSALS[type(refused)]))
            return page
        form = DonorForm(request.POST or None, instance=self._donor(found))
        if form.is_valid() and self._act(
            request, form, lambda to, by: receipts.issue_to(found, to=to, by=by), gettext("Reçu délivré.")
        ):
            return page
        return form_page(
            self,
            request,
            found,
            form,
            title=gettext("Reçu fiscal"),
            submit=gettext("Délivrer le reçu"),
            note=gettext("Décision\u00a0: %s. Le donateur le trouve sur la page de son paiement.")
            % receipts.decision(),
        )

    def cancel(self, request: HttpRequest, pk: int) -> HttpResponse:
        receipt = self._standing(request, pk)
        form = ReasonForm(request.POST or None)
        if form.is_valid():
            staff: Any = request.user
            receipts.cancel(receipt, reason=form.cleaned_data["reason"], by=staff)
            self.log_change(request, receipt, gettext("Reçu annulé."))
            messages.success(request, gettext("Le reçu est annulé, et le donateur prévenu."))
            return redirect("admin:payments_document_change", pk)
        return form_page(
            self,
            request,
            receipt,
            form,
            title=gettext("Annuler le reçu"),
            submit=gettext("Annuler ce reçu"),
            note=gettext(
                "Il reste dans la liste, annulé. Le donateur en est prévenu, et ne peut plus le prendre."
            ),
        )

    def replace(self, request: HttpRequest, pk: int) -> HttpResponse:
        receipt = self._standing(request, pk)
        assert receipt.payment is not None  # noqa: S101 - of a payment, always
        form = ReplacementForm(request.POST or None, instance=self._donor(receipt.payment))
        if form.is_valid():
            reason = form.cleaned_data.pop("reason")
            done = gettext("Reçu annulé et remplacé.")
            if self._act(
                request,
                form,
                lambda to, by: receipts.replace(receipt, to=to, reason=reason, by=by),
                done,
            ):
                return redirect("admin:payments_charge_change", receipt.charge_id)
        return form_page(
            self,
            request,
            receipt,
            form,
            title=gettext("Annuler et remplacer le reçu"),
            submit=gettext("Annuler et remplacer"),
            note=gettext("Le donateur reçoit les deux nouvelles."),
        )

    def _standing(self, request: HttpRequest, pk: int) -> Document:
        if not self.has_issue_permission(request):
            raise PermissionDenied
        rows = Document.objects.standing().select_related("charge", "payment__charge")
        return get_object_or_404(rows, pk=pk, kind=Document.Kind.RECEIPT)

    def _donor(self, payment: Payment) -> Billing:
        known = Billing.objects.filter(charge=payment.charge).first()
        return known or Billing(charge=payment.charge, name=payment.charge.name)

    def _act(
        self, request: HttpRequest, form: Any, verb: Callable[[dict[str, Any], Any], Document], done: str
    ) -> bool:
        try:
            document = verb(form.cleaned_data, request.user)
        except LegalMentionsMissing as error:
            names = ", ".join(str(name) for name in error.names)
            form.add_error(None, gettext("Les réglages ne disent pas encore\u00a0: %s.") % names)
        except receipts.ReceiptRefused as error:
            form.add_error(None, str(REFUSALS[type(error)]))
        else:
            self.log_addition(request, document, done)
            messages.success(request, f"{document}\u00a0: {done}")
            return True
        return False
