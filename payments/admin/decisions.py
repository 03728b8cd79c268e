"""What staff decide about a sum that is due, each on a page of its own: ask for less, give back, give up, cancel."""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.admin_pages import ReadOnlyAdmin, form_page
from payments.admin.forms import AgainForm, ClearForm, DecisionForm, ReductionForm, RefundForm
from payments.models import Charge, RefundTooLarge
from payments.money import euros


class Decision(NamedTuple):
    """`verb` takes the charge, held, what was typed, and who decides; it may raise RefundTooLarge."""

    title: Any
    note: Any  # with « %s » for the amount at stake
    at_stake: Callable[[Charge], Any]  # zero where there is nothing to decide
    form: type[DecisionForm]
    verb: Callable[[Charge, dict[str, Any], Any], Any]
    done: Any
    in_words: Callable[[Any], str] = euros  # of what is at stake


def _reduce(charge: Charge, typed: dict[str, Any], staff: Any) -> None:
    charge.reduce(typed["amount"], reason=typed["reason"], line=typed["line"], by=staff)


def _give_back(charge: Charge, typed: dict[str, Any], staff: Any) -> None:
    charge.owe_refund(typed["amount"], reason=typed["reason"], line=typed["line"], by=staff)


DECISIONS = {
    "reduce": Decision(
        _("Demander moins"),
        _(
            "Reste à régler\u00a0: %s. Ce qui n’est plus demandé sort des livres\u202f; ce qui est couvert alors est réglé."
        ),
        lambda charge: charge.amount_due,
        ReductionForm,
        _reduce,
        _("La somme est réduite."),
    ),
    "give_back": Decision(
        _("Rembourser"),
        _(
            "Reçu et gardé\u00a0: %s. La personne est prévenue\u202f; il reste à rendre l’argent, par le prestataire ou à la main."
        ),
        lambda charge: charge.amount_kept,
        RefundForm,
        _give_back,
        _("Le remboursement est à faire."),
    ),
    "write_off": Decision(
        _("Abandonner le reste"),
        _(
            "Il manque %s. Cela devient une perte\u202f; ce qui a été reçu est gardé, et ce qui arriverait encore est pris."
        ),
        lambda charge: charge.amount_missing if charge.is_claimed else 0,
        DecisionForm,
        lambda charge, typed, staff: charge.write_off(reason=typed["reason"], by=staff),
        _("Le reste n’est plus demandé."),
    ),
    "claim_again": Decision(
        _("Réclamer de nouveau"),
        _(
            "%s ont été abandonnés. Ils sont de nouveau dus\u00a0: la perte est annulée par une contre-écriture, et les relances "
            "reprennent."
        ),
        lambda charge: charge.amount_lost if charge.is_written_off else 0,
        AgainForm,
        lambda charge, typed, staff: charge.claim_again(reason=typed["reason"], by=staff),
        _("Le reste est de nouveau demandé."),
    ),
    "cancel": Decision(
        _("Annuler la somme"),
        _(
            "%s ne seront plus dus, et ce qui a été reçu sera à rembourser. L’adhésion ou la place que cette somme paie n’est pas "
            "annulée par là\u00a0: sa propre page annule les deux."
        ),
        lambda charge: charge.amount_owed if not charge.cancelled_at else 0,
        DecisionForm,
        lambda charge, typed, staff: charge.cancel(reason=typed["reason"], by=staff),
        _("La somme est annulée."),
    ),
    "clear": Decision(
        _("Dire que cet autre paiement est réglé"),
        _(
            "Le prestataire tient %s. En euros, il est écrit comme il est venu\u00a0: le reste est dû, le trop est à rembourser. Dans une "
            "autre devise, il ne compte pas\u00a0: rendez-le chez le prestataire, ou saisissez en euros ce que la banque en a reçu."
        ),
        lambda charge: charge.checkouts.in_words(),
        ClearForm,
        lambda charge, typed, staff: charge.checkouts.clear(),
        _("C’est noté\u00a0: ce paiement n’attend plus personne."),
        str,
    ),
}


class DecisionsAdmin(ReadOnlyAdmin):
    """Each decision asks for the right to change a charge, and is written in its history."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.decide)
        own = [
            path(f"<int:pk>/{name}/", view, {"name": name}, name=f"payments_charge_{name}")
            for name in DECISIONS
        ]
        return [*own, *super().get_urls()]

    def decisions_open(self, request: HttpRequest, charge: Charge) -> list[tuple[str, Any]]:
        """The name and the title of those that this person may take about it now."""
        if not self.has_act_permission(request):
            return []
        return [(name, one.title) for name, one in DECISIONS.items() if one.at_stake(charge)]

    def decide(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        if not self.has_act_permission(request):
            raise PermissionDenied
        charge = get_object_or_404(Charge.objects.with_rows(), pk=pk)
        decision = DECISIONS[name]
        page = redirect("admin:payments_charge_change", pk)
        if not decision.at_stake(charge):
            messages.info(request, gettext("Il n’y a plus rien à décider là."))
            return page
        form = decision.form(request.POST or None, charge=charge)
        if form.is_valid() and self._take(request, decision, form, charge):
            messages.success(request, str(decision.done))
            if Charge.objects.to_credit().filter(pk=pk).exists():
                messages.info(
                    request, gettext("L’avoir est en route\u00a0: il part au payeur dans un instant.")
                )
            return page
        return form_page(
            self,
            request,
            charge,
            form,
            title=str(decision.title),
            submit=str(decision.title),
            note=str(decision.note) % decision.in_words(decision.at_stake(charge)),
        )

    def _take(self, request: HttpRequest, decision: Decision, form: DecisionForm, charge: Charge) -> bool:
        """Whether it was taken. Whoever comes second finds the charge changed, and is told so."""
        try:
            with transaction.atomic():
                held = charge.locked()
                if not form.is_up_to_date(held):
                    return False
                decision.verb(held, form.cleaned_data, request.user)
                self.log_change(request, held, f"{decision.title}\u00a0: {_told(form)}")
        except RefundTooLarge:
            form.refuse_amount()
            return False
        return True


def _told(form: DecisionForm) -> str:
    """What was typed, for the history."""
    amount, reason = form.cleaned_data.get("amount"), form.cleaned_data["reason"]
    return f"{euros(amount)}, {reason}" if amount else str(reason)
