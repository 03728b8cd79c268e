from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.limits import rate_limited
from accounts.models import User
from members.forms import JoinForm
from members.models import Application, Kind, Member, Plan, PlanClosed


@login_not_required
@cache_control(public=True, no_cache=True)
@require_safe
def plan_list(request: HttpRequest) -> HttpResponse:
    plans = Plan.objects.open().with_price(on=timezone.localdate()).order_by("-kind", "position", "name")
    return render(request, "members/plan_list.html", {"plans": plans})


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@rate_limited("join")
def join(request: HttpRequest, slug: str) -> HttpResponse:
    today = timezone.localdate()
    plan = get_object_or_404(Plan.objects.with_price(on=today).filter(kind=Kind.PERSON), slug=slug)
    user = request.user if isinstance(request.user, User) else None
    form = JoinForm(request.POST or None, user=user)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                application = Application.submit(plan, **form.cleaned_data, user=user)
            except PlanClosed:
                form.add_error(None, _("On ne peut pas adhérer avec cette formule en ce moment."))
                status = 409
            else:
                return redirect(application.charge or application)
    own = Member.objects.filter(user=user).first() if user else None
    start = own.next_start() if own else today
    context = {
        "plan": plan,
        "form": form,
        "starts_on": start,
        "ends_on": plan.last_day(start),
        "is_renewal": own,
    }
    return render(request, "members/join.html", context, status=status)


@login_not_required
@never_cache
@require_safe
def application(request: HttpRequest, token: UUID) -> HttpResponse:
    applications = Application.objects.select_related("plan", "charge", "membership", "membership__member")
    application = get_object_or_404(applications, token=token)
    starts_on, ends_on = application.planned_period()
    context = {"application": application, "starts_on": starts_on, "ends_on": ends_on}
    return render(request, "members/application.html", context)
