from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.admin_pages import ReadOnlyAdmin, StateFilter, form_page
from journal import trail
from payments import invoicing
from payments.admin.charges import charge_link, download_link
from payments.admin.receipts import ReceiptPages
from payments.models import Billing, Charge, Document
from payments.money import euros
from payments.paper_forms import BillingForm
from payments.paper_views import file_response
from payments.seller import LegalMentionsMissing

NOTHING = _("Rien n’est à facturer\u00a0: tout l’est déjà, ou rien n’est dû.")


class YearFilter(admin.SimpleListFilter):
    title = _("année")
    parameter_name = "year"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        years = Document.objects.dates("issued_on", "year", order="DESC")
        return [(str(day.year), str(day.year)) for day in years]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Document]) -> QuerySet[Document]:
        year = self.value() or ""
        is_year = year.isdecimal() and len(year) == 4 and int(year) > 0
        return queryset.filter(issued_on__year=int(year)) if is_year else queryset


@admin.register(Document)
class DocumentAdmin(ReceiptPages):
    """What was handed out, as it was."""

    list_display = [
        "number",
        "kind",
        "issued_on",
        "client",
        "amount",
        "file",
        "due_on",
        "state",
        "charge_number",
    ]
    list_filter = ["kind", YearFilter]
    list_select_related = ["charge", "cancellation"]
    search_fields = ["number", "charge__name", "charge__email"]
    view_on_site = False
    fields = [
        *("number", "kind", "issued_on", "client", "amount", "paid", "paid_on", "due_on"),
        *(
            "state",
            "charge_number",
            "payment",
            "corrects",
            "issued_at",
            "issued_by",
            "file",
            "sha256",
            "intact",
        ),
    ]
    readonly_fields = ["state", "client", "amount", "charge_number", "issued_at", "file", "intact"]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_safe(self.download))
        return [path("<uuid:token>/fichier/", view, name="payments_document_download"), *super().get_urls()]

    @admin.display(description=_("destinataire"), empty_value="–")
    def client(self, document: Document) -> str | None:
        return document.buyer.get("name")

    @admin.display(description=_("total"), ordering="total")
    def amount(self, document: Document) -> str:
        return euros(document.total)

    @admin.display(description=_("somme due"), ordering="charge")
    def charge_number(self, document: Document) -> str | None:
        return charge_link(document.charge)

    @admin.display(description=_("état"), empty_value="–")
    def state(self, document: Document) -> str | None:
        if not hasattr(document, "cancellation"):
            return None
        return gettext("annulé\u00a0: %s") % document.cancellation.reason

    @admin.display(description=_("fichier"))
    def file(self, document: Document) -> str:
        return download_link(document)

    @admin.display(description=_("inchangé depuis"), boolean=True)
    def intact(self, document: Document) -> bool:
        return document.is_intact

    def download(self, request: HttpRequest, token: UUID) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        document = get_object_or_404(Document.objects.exclude(content=b""), token=token)
        user: Any = request.user
        trail.record(document, trail.Action.EXPORTED, actor=user)
        return file_response(document)


class BillingStateFilter(StateFilter):
    states = {
        "to_invoice": (_("facture à émettre"), lambda billings: billings.to_invoice()),
        "incomplete": (_("adresse incomplète"), lambda billings: billings.incomplete()),
    }


@admin.register(Billing)
class BillingAdmin(ReadOnlyAdmin):
    """To whom invoices are made out. One that waits says what it waits for, and leads to where it is issued."""

    list_display = ["name", "is_organisation", "charge_number", "waits_for", "issue_link"]
    list_filter = [BillingStateFilter, "is_organisation"]
    list_select_related = ["charge"]
    search_fields = ["name", "siret", "charge__email"]
    fields = [*BillingForm.Meta.fields, "charge_number"]
    readonly_fields = ["charge_number"]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.issue)
        return [path("<int:charge>/facture/", view, name="payments_billing_issue"), *super().get_urls()]

    @admin.display(description=_("somme due"), ordering="charge")
    def charge_number(self, billing: Billing) -> str | None:
        return charge_link(billing.charge)

    @admin.display(description=_("ce qui manque"), empty_value="–")
    def waits_for(self, billing: Billing) -> str | None:
        return ", ".join(str(name) for name in billing.missing) or None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Billing]:
        rows: QuerySet[Billing] = super().get_queryset(request)
        return rows.prefetch_related("charge__documents")

    @admin.display(description=_("facture"))
    def issue_link(self, billing: Billing) -> str:
        """The latest invoice, or where it is issued. It is made again to somebody else from its charge."""
        issued = [one for one in billing.charge.documents.all() if one.kind == Document.Kind.INVOICE]
        if issued:
            page = reverse("admin:payments_document_change", args=[issued[0].pk])
            return format_html('<a href="{}">{}</a>', page, issued[0].number)
        url = reverse("admin:payments_billing_issue", args=[billing.charge_id])
        return format_html('<a href="{}">{}</a>', url, gettext("Émettre"))

    def issue(self, request: HttpRequest, charge: int) -> HttpResponse:
        """Fill in what is missing, and send the invoice to the payer; or make it again to somebody else."""
        if not request.user.has_perm("payments.add_document"):
            raise PermissionDenied
        owed = get_object_or_404(Charge, pk=charge)
        page = redirect("admin:payments_charge_change", owed.pk)
        if not invoicing.is_invoiceable(owed) and not owed.documents.accounting().exists():
            messages.error(request, NOTHING)
            return page
        billing = Billing.objects.filter(charge=owed).first() or Billing(charge=owed, name=owed.name)
        form = BillingForm(request.POST or None, instance=billing)
        if form.is_valid() and (issued := self._issue(request, owed, form)):
            words = {"email": owed.email, "numbers": ", ".join(str(document) for document in issued)}
            messages.success(request, gettext("Envoyé à %(email)s\u00a0: %(numbers)s.") % words)
            return page
        return form_page(
            self,
            request,
            owed,
            form,
            title=gettext("Facturer"),
            submit=gettext("Émettre et envoyer"),
            note=gettext(
                "Envoyée à %s. Une facture ne se corrige pas\u00a0: si le destinataire change, elle est annulée par un avoir, et refaite."
            )
            % owed.email,
        )

    def _issue(self, request: HttpRequest, charge: Charge, form: BillingForm) -> list[Document]:
        """What was issued; nothing, and an error of the form, where it cannot be."""
        staff: Any = request.user
        try:
            issued = invoicing.invoice_to(charge, to=form.cleaned_data, by=staff)
        except LegalMentionsMissing as error:
            names = ", ".join(str(name) for name in error.names)
            form.add_error(None, gettext("Les réglages ne disent pas encore\u00a0: %s.") % names)
        except invoicing.NothingToInvoice:
            form.add_error(None, NOTHING)
        else:
            for document in issued:
                self.log_addition(request, document, gettext("Document émis."))
            return issued
        return []
