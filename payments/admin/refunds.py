from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.admin_pages import ReadOnlyAdmin, StateFilter, form_page
from payments import checkouts, providers
from payments.admin.charges import refund_state
from payments.admin.forms import CreditForm, ProviderRefundForm, SettlementForm
from payments.models import Checkout, NothingLeft, PaymentMismatch, Refund, UnderWay
from payments.money import euros


def _why_not(refusal: NothingLeft) -> str:
    if isinstance(refusal, UnderWay):
        return gettext(
            "Un prestataire a été prié de le rendre et ne l’a pas refusé\u00a0: redemandez-le-lui pour le même paiement, "
            "il ne rendra pas deux fois."
        )
    return gettext("Ce remboursement n’est plus à faire.")


class RefundStateFilter(StateFilter):
    states = {
        "to_make": (_("à faire"), lambda refunds: refunds.to_make()),
        "withdrawn": (_("retiré"), lambda refunds: refunds.exclude(withdrawn_at=None)),
        "made": (_("fait"), lambda refunds: refunds.exclude(payment=None)),
    }


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    """What we owe back. It is given back by the provider, used for another charge, or given back by hand and noted."""

    list_display = ["charge", "amount", "reason", "created_at", "state"]
    list_filter = [RefundStateFilter, "reason"]
    list_select_related = ["charge", "payment"]
    search_fields = ["charge__name", "charge__email"]
    fields = ["charge", "amount", "reason", "created_at", "state"]
    readonly_fields = ["created_at", "state"]

    def get_urls(self) -> list[URLPattern]:
        views = {"settle": self.settle, "provider": self.give_back, "credit": self.use_credit}
        own = [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(view), name=f"payments_refund_{name}")
            for name, view in views.items()
        ]
        return [*own, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {"may_act": self.has_act_permission(request), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    @admin.display(description=_("état"))
    def state(self, refund: Refund) -> str:
        return refund_state(refund)

    def _to_make(self, request: HttpRequest, pk: int) -> Refund | None:
        """The refund, if it still is to be made; else that is told. Raises PermissionDenied."""
        if not self.has_act_permission(request):
            raise PermissionDenied
        refund: Refund = get_object_or_404(Refund.objects.select_related("charge"), pk=pk)
        if refund.is_to_make:
            return refund
        messages.info(request, gettext("Ce remboursement est déjà noté, ou n’est plus à faire."))
        return None

    def _note(self, refund: Refund) -> str:
        told = {"amount": euros(refund.amount), "name": refund.charge.name, "email": refund.charge.email}
        return gettext("À rembourser : %(amount)s à %(name)s, %(email)s.") % told

    def settle(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Staff have sent the money back: note how."""
        staff: Any = request.user
        refund = self._to_make(request, pk)
        changelist = redirect("admin:payments_refund_changelist")
        if refund is None:
            return changelist
        form = SettlementForm(request.POST or None)
        if form.is_valid():
            try:
                payment = refund.settle(**form.cleaned_data, recorded_by=staff)
            except PaymentMismatch:
                form.refuse_known_reference()
            except NothingLeft as refusal:
                messages.info(request, _why_not(refusal))
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
            note=self._note(refund),
        )

    def use_credit(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What we owe back pays for something else that the same person owes."""
        staff: Any = request.user
        refund = self._to_make(request, pk)
        page = redirect("admin:payments_refund_change", pk)
        if refund is None:
            return page
        form = CreditForm(request.POST or None, refund=refund)
        if not form.has_choice:
            messages.info(request, gettext("Cette personne n’a rien d’autre à régler."))
            return page
        if form.is_valid():
            charge = form.cleaned_data["charge"]
            try:
                with transaction.atomic():
                    used = refund.apply_to(charge, by=staff)
                    told = {"amount": euros(used.amount), "number": charge.number}
                    self.log_change(request, refund, gettext("%(amount)s utilisés pour %(number)s.") % told)
            except UnderWay as refusal:
                messages.info(request, _why_not(refusal))
            except NothingLeft:
                messages.info(
                    request, gettext("Ce remboursement n’est plus à faire, ou cette somme est réglée.")
                )
            else:
                messages.success(request, gettext("%(amount)s utilisés pour %(number)s.") % told)
            return redirect("admin:payments_charge_change", refund.charge_id)
        return form_page(
            self,
            request,
            refund,
            form,
            title=gettext("Utiliser pour une autre somme"),
            submit=gettext("Utiliser cet avoir"),
            note=self._note(refund),
        )

    def give_back(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The provider of a payment is asked to give it back, or read again once somebody has done it there."""
        refund = self._to_make(request, pk)
        page = redirect("admin:payments_refund_change", pk)
        if refund is None:
            return page
        form = ProviderRefundForm(request.POST or None, refund=refund)
        if not form.has_choice:
            messages.info(
                request,
                gettext(
                    "Aucun paiement d’un prestataire n’est à rendre\u00a0: rendez l’argent à la main, puis notez-le."
                ),
            )
            return page
        if form.is_valid():
            act = self._read_again if "second" in request.POST else self._ask
            if act(request, form, refund):
                return redirect("admin:payments_charge_change", refund.charge_id)
        return form_page(
            self,
            request,
            refund,
            form,
            title=gettext("Rendre par le prestataire"),
            submit=gettext("Rendre cet argent"),
            second=gettext("C’est fait chez le prestataire\u00a0: relire"),
            note=self._note(refund),
        )

    def _ask(self, request: HttpRequest, form: ProviderRefundForm, refund: Refund) -> bool:
        """Whether there is nothing more to do on this page."""
        payment = form.cleaned_data["payment"]
        try:
            part = checkouts.part_of(refund, payment)
        except NothingLeft as refusal:
            messages.info(request, _why_not(refusal))
            return True
        told = {"amount": euros(part.amount), "provider": payment.get_method_display()}
        try:
            is_done = checkouts.refund(part, payment)
        except NothingLeft as refusal:
            messages.info(request, _why_not(refusal))
        except (providers.ConfirmElsewhere, providers.ProviderDown, providers.ProviderRefused) as error:
            if part == refund:
                form.add_error(None, self._words(error))
                return False
            messages.error(request, self._words(error))  # two refunds now, and this page is of neither
        else:
            done = gettext("%(provider)s a rendu %(amount)s.") % told
            waits = (
                gettext("%(provider)s va rendre %(amount)s\u00a0: ce sera noté quand ce sera fait.") % told
            )
            self.log_change(request, part, done if is_done else waits)
            messages.success(request, done if is_done else waits)
        return True

    def _read_again(self, request: HttpRequest, form: ProviderRefundForm, refund: Refund) -> bool:
        payment = form.cleaned_data["payment"]
        try:
            for checkout in Checkout.objects.about(payment.method, payment.reference):
                checkouts.synchronise(checkout)
        except (providers.ProviderDown, providers.ProviderRefused) as error:
            form.add_error(None, self._words(error))
            return False
        refund.refresh_from_db()
        if refund.is_to_make:
            form.add_error(None, gettext("Le prestataire n’a encore rien rendu de ce montant."))
            return False
        self.log_change(request, refund, gettext("Rendu chez le prestataire, et relu."))
        messages.success(request, gettext("Le prestataire l’a rendu\u00a0: c’est noté."))
        return True

    def _words(self, error: Exception) -> str:
        if isinstance(error, providers.ConfirmElsewhere):
            return format_html(
                '{} <a href="{}" rel="noreferrer">{}</a>',
                gettext(
                    "Le prestataire veut que quelqu’un confirme chez lui. Rendez l’argent là-bas, puis revenez ici le faire relire\u00a0:"
                ),
                error.url,
                error.url,
            )
        if isinstance(error, providers.ProviderRefused):
            return str(error)
        return gettext("Le prestataire ne répond pas. Demandez de nouveau\u00a0: il ne rendra pas deux fois.")
