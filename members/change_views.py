"""Changing plan in the middle of a period, from the account."""

from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple, cast
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.limits import rate_limited
from accounts.models import User
from members import offers, plan_changes
from members.models import Application, ApplicationOpen, Membership, Plan
from members.offers import PlanClosed
from members.plan_changes import NotChangeable


class Choice(NamedTuple):
    """Another plan, and what going to it costs today; negative when it gives money back."""

    plan: Plan
    difference: Decimal

    @property
    def given_back(self) -> Decimal:
        return max(-self.difference, Decimal(0))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@rate_limited("application")
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """What each other plan costs or gives back; the one that is chosen, in full, before it is confirmed."""
    periods = Membership.objects.visible_to(cast(User, request.user)).select_related("member", "plan")
    period = get_object_or_404(periods, pk=pk)
    choices = _choices(period)
    slug = (request.POST if request.method == "POST" else request.GET).get("formule", "")
    chosen = next((one for one in choices if one.plan.slug == slug), None)
    context: dict[str, Any] = {"membership": period, "choices": choices, "chosen": chosen, "key": uuid4()}
    status = 200
    if request.method == "POST":
        application = _change(request, period, chosen)
        if application is not None:
            return redirect(application.charge or application)
        status = 409
    return render(request, "members/change.html", context, status=status)


def _choices(period: Membership) -> list[Choice]:
    today = timezone.localdate()
    if not period.covers(today) or period.credit_until is not None:
        return []
    plans = Plan.objects.open().filter(kind=period.plan.kind).exclude(pk=period.plan_id)
    headcount = period.member.headcount or 0
    return [
        Choice(plan, offers.difference(period, plan, on=today, headcount=headcount))
        for plan in plans.order_by("position", "name")
        if plan.price_on(today, headcount=headcount)
    ]


def _change(request: HttpRequest, period: Membership, chosen: Choice | None) -> Application | None:
    """None where it is refused: a message says why. What was already asked with this form is found again."""
    user = cast(User, request.user)
    try:
        key = UUID(request.POST.get("request_key", ""))
        seen = Decimal(request.POST.get("difference", "")).normalize()  # sNaN cannot even be compared
    except (ValueError, InvalidOperation):
        messages.error(request, _("Ce formulaire est incomplet\u00a0: choisissez de nouveau."))
        return None
    if known := Application.objects.filter(request_key=key, replaces=period).first():
        return known
    if chosen is None:
        messages.error(request, _("Cette formule ne peut pas remplacer la vôtre en ce moment."))
        return None
    if seen != chosen.difference:
        messages.error(
            request, _("Le montant a changé depuis l’affichage de la page\u00a0: le voici à jour.")
        )
        return None
    try:
        return plan_changes.change(
            period,
            chosen.plan,
            request_key=str(key),
            user=user,
            headcount=period.member.headcount or 0,
        )
    except (NotChangeable, PlanClosed):
        messages.error(request, _("Cette formule ne peut pas remplacer la vôtre en ce moment."))
    except ApplicationOpen as refusal:
        messages.info(
            request, _("Une demande est déjà en cours\u00a0: la voici. Réglez-la ou retirez-la d’abord.")
        )
        return refusal.application if refusal.application.member_id == period.member_id else None
    return None
