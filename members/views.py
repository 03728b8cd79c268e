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
from members.models import Application, ApplicationOpen, Kind, Member, Plan
from members.offers import OfferRefused


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
    own = Member.objects.filter(user=user, kind=plan.kind).first() if user else None
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                application = Application.submit(plan, **form.cleaned_data, user=user, member=own)
            except OfferRefused as refusal:
                form.add_error(None, refusal.in_words())
                status = 409
            except ApplicationOpen:
                form.add_error(None, _("Une demande est déjà en cours avec cette adresse."))
                status = 409
            else:
                return redirect(application.charge or application)
    context = {"plan": plan, "form": form, "is_renewal": own}
    try:
        context["offer"] = plan.offer(on=today, after=own.last_period(on=today) if own else None)
    except OfferRefused as refusal:
        context["refusal"] = refusal.in_words()
    return render(request, "members/join.html", context, status=status)


@login_not_required
@never_cache
@require_safe
def application(request: HttpRequest, token: UUID) -> HttpResponse:
    applications = Application.objects.select_related("plan", "charge", "membership", "membership__member")
    application = get_object_or_404(applications, token=token)
    return render(request, "members/application.html", {"application": application})
