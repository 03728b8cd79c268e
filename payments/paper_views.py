"""Documents of a charge: whoever has its link may ask for them and read them, and nobody else."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.limits import rate_limited
from payments import confirmations, invoicing, receipts
from payments.models import Billing, Charge, Document, Payment
from payments.paper_forms import BillingForm, DonorForm
from payments.private import private_page
from payments.seller import LegalMentionsMissing


def papers_of(charge: Charge) -> dict[str, Any]:
    """What the page of a charge shows and offers of its documents."""
    issued = list(charge.documents.readable().order_by("pk"))
    is_invoiced = any(one.kind == Document.Kind.INVOICE for one in issued)
    received = [one for one in charge.payments.all() if one.kind == Payment.Kind.RECEIVED]
    gone = {one.counters_id for one in charge.payments.all() if one.kind in confirmations.GONE}
    is_open = charge.is_payable and not charge.has_lapsed
    return {
        "documents": [one for one in issued if one.kind != Document.Kind.CONFIRMATION],
        "confirmable": [one for one in received if one.pk not in gone],
        "receiptable": [one for one in received if receipts.are_issued() and not receipts.refusal(one)],
        "cancelled": Document.objects.filter(charge=charge).exclude(cancellation=None),
        "may_ask_invoice": not is_invoiced and not charge.has_lapsed and invoicing.is_invoiceable(charge),
        "may_ask_quote": is_open and not is_invoiced,
    }


def file_response(document: Document) -> HttpResponse:
    """The bytes as they were issued, to keep, in no cache."""
    response = HttpResponse(bytes(document.content), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{document.filename}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return response


@login_not_required
@private_page
@require_safe
def document(request: HttpRequest, uuid: UUID, token: UUID) -> HttpResponse:
    found = get_object_or_404(Document.objects.readable(), charge__uuid=uuid, token=token)
    return file_response(found)


@login_not_required
@private_page
@require_safe
def confirmation(request: HttpRequest, uuid: UUID, payment: int) -> HttpResponse:
    """Issued when it is first wanted: a mail leads here before there is one."""
    found = get_object_or_404(Payment.objects.select_related("charge"), charge__uuid=uuid, pk=payment)
    try:
        return redirect(confirmations.confirm(found))
    except confirmations.NotConfirmable as error:
        raise Http404 from error


@login_not_required
@private_page
@require_POST
@rate_limited("pay")
def charge_quote(request: HttpRequest, uuid: UUID) -> HttpResponse:
    charge = get_object_or_404(Charge.objects.with_rows(), uuid=uuid)
    if not papers_of(charge)["may_ask_quote"]:
        messages.info(request, _("Il n’y a plus rien à payer ici."))
        return redirect(charge)
    try:
        return redirect(invoicing.quote(charge))
    except LegalMentionsMissing:
        messages.error(request, _("Nous ne pouvons pas encore établir de devis. Écrivez-nous."))
    except invoicing.NothingToInvoice:  # cancelled meanwhile
        messages.info(request, _("Il n’y a plus rien à payer ici."))
    return redirect(charge)


@login_not_required
@private_page
@require_http_methods(["GET", "HEAD", "POST"])
@rate_limited("pay")
def charge_invoice(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The payer says to whom the invoice is made out, and has it as soon as it is due."""
    charge = get_object_or_404(Charge.objects.with_rows(), uuid=uuid)
    if not papers_of(charge)["may_ask_invoice"]:
        messages.info(request, _("Aucune facture n’est à demander ici."))
        return redirect(charge)
    billing = Billing.objects.filter(charge=charge).first() or Billing(name=charge.name)
    form = BillingForm(request.POST or None, instance=billing)
    if request.method == "POST" and form.is_valid():
        try:
            invoicing.make_out(charge, to=form.cleaned_data)
        except invoicing.AlreadyInvoiced:
            return redirect(charge)
        _issue(request, charge)
        return redirect(f"{charge.get_absolute_url()}#documents")
    context = {"charge": charge, "form": form}
    return render(request, "payments/charge_invoice.html", context, status=400 if form.errors else 200)


def _issue(request: HttpRequest, charge: Charge) -> None:
    if not (charge.paid_at or charge.due_on):
        messages.success(request, _("C’est noté\u00a0: la facture sera émise dès que la somme sera réglée."))
        return
    try:
        invoicing.invoice(charge)
    except LegalMentionsMissing:
        messages.warning(
            request,
            _("C’est noté, mais nous ne pouvons pas encore émettre de facture. Nous vous l’enverrons."),
        )
    except invoicing.NothingToInvoice:  # somebody else was faster
        pass
    else:
        messages.success(request, _("Votre facture est prête\u00a0: elle est ci-dessous."))


@login_not_required
@private_page
@require_http_methods(["GET", "HEAD", "POST"])
@rate_limited("pay")
def charge_receipt(request: HttpRequest, uuid: UUID, payment: int) -> HttpResponse:
    """The donor says who they are, and has their tax receipt."""
    found = get_object_or_404(Payment.objects.select_related("charge"), charge__uuid=uuid, pk=payment)
    refused, page = receipts.refusal(found), f"{found.charge.get_absolute_url()}#documents"
    if isinstance(refused, receipts.ReceiptIssued):
        return redirect(page)
    if refused is not None:
        raise Http404
    billing = Billing.objects.filter(charge=found.charge).first() or Billing(name=found.charge.name)
    form = DonorForm(request.POST or None, instance=billing)
    if request.method == "POST" and form.is_valid():
        try:
            receipts.issue_to(found, to=form.cleaned_data)
        except LegalMentionsMissing:
            messages.error(request, _("Nous ne pouvons pas encore délivrer de reçu fiscal. Écrivez-nous."))
        except receipts.ReceiptRefused:  # somebody else was faster, or the money has just gone back
            pass
        else:
            messages.success(request, _("Votre reçu fiscal est prêt\u00a0: il est ci-dessous."))
        return redirect(page)
    context = {"charge": found.charge, "form": form}
    return render(request, "payments/charge_receipt.html", context, status=400 if form.errors else 200)
