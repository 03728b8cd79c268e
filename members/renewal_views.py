from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from members import renewals
from members.models import Plan
from members.offers import OfferRefused, PlanClosed


@login_not_required
@never_cache
@require_safe
def renew(request: HttpRequest, token: str) -> HttpResponse:
    """Where the link of a reminder leads: what renewing gives to this member, or what they may choose instead."""
    member = renewals.member_of(token)
    if member is None:
        return render(request, "members/renew.html", status=404)
    today, plan = timezone.localdate(), renewals.plan_of(token)
    context: dict[str, Any] = {"member": member, "plan": plan, "token": token}
    try:
        if plan is None or not plan.is_open:
            raise PlanClosed
        context["offer"] = plan.offer(
            on=today, after=member.last_period(on=today), headcount=member.headcount or 0
        )
    except PlanClosed:
        open_plans = Plan.objects.open().filter(kind=member.kind).with_price(on=today)
        context["plans"] = open_plans.order_by("position", "name")
    except OfferRefused as refusal:
        context["refusal"] = refusal.in_words()
    return render(request, "members/renew.html", context)
