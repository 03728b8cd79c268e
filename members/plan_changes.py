"""Changing plan inside a period: it keeps its last day, and the difference is charged or given back, once."""

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from members import offers
from members.models import Application, Membership, Plan
from payments.models import Refund

if TYPE_CHECKING:
    from accounts.models import User
    from members.models.deciding import Deciding


class NotChangeable(Exception):
    """The period does not run today or is not paid, or the plan is its own or is for the other kind of member."""


@transaction.atomic
def change(
    membership: Membership,
    plan: Plan,
    *,
    request_key: str,
    user: "User | None" = None,
    headcount: int = 0,
    **fields: Any,
) -> Application:
    """Ask for it: what costs more is to be paid first, what costs less is done at once and the rest is owed back.

    Raises NotChangeable, PlanClosed and ApplicationOpen.
    """
    today = timezone.localdate()
    membership.member.lock()
    period = Membership.objects.select_related("member", "plan").get(pk=membership.pk)
    if known := Application.objects.filter(request_key=request_key, replaces=period).first():
        return known
    is_running = period.covers(today) and period.credit_until is None
    if not is_running or plan == period.plan or plan.kind != period.plan.kind or not plan.is_open:
        raise NotChangeable
    return Application.submit_change(
        period,
        plan,
        amount=offers.difference(period, plan, on=today, headcount=headcount),
        request_key=request_key,
        user=user,
        **fields,
    )


def cut_old_period(application: "Deciding") -> tuple[date, date] | None:
    """End the old period yesterday and owe back what it has too much. Returns the days of the new one.

    None where the old period no longer runs: the staff have closed it, or it ended before the money came.
    """
    old, today = application.replaces, timezone.localdate()
    if old is None or not old.covers(today):
        return None
    last = old.ends_on
    old.cut(last_day=today - timedelta(days=1))
    _owe_back(-application.amount, old)
    return today, last


def _owe_back(amount: Decimal, period: Membership | None) -> None:
    """Out of what came in for this period, then for the one that it was changed from."""
    while amount > 0 and period is not None:
        if period.charge:
            credit = min(amount, period.charge.amount_received - period.charge.amount_promised)
            if credit > 0:
                period.charge.owe_refund(credit, reason=Refund.Reason.PLAN_CHANGE)
                amount -= credit
        wish = getattr(period, "application", None)
        period = wish.replaces if wish else None
