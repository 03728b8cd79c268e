from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.limits import rate_limited
from accounts.models import User
from members import emails, renewals, terms
from members.forms import JoinForm
from members.models import Application, ApplicationOpen, Kind, Member, Plan, normalise_email
from members.offers import OfferRefused


@login_not_required
@cache_control(public=True, no_cache=True)
@require_safe
def plan_list(request: HttpRequest) -> HttpResponse:
    today = timezone.localdate()
    plans: Any = Plan.objects.open().with_price(on=today).order_by("-kind", "position", "name")
    for plan in plans:
        plan.terms = terms.in_words(plan, on=today)
    return render(request, "members/plan_list.html", {"plans": plans})


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@rate_limited("join", preview="quote")
def join(request: HttpRequest, slug: str) -> HttpResponse:
    """The form of a plan. The button `preview` works out again what is obtained, and writes nothing."""
    plan = get_object_or_404(Plan, slug=slug)
    user = request.user if isinstance(request.user, User) else None
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form = JoinForm(*sent, plan=plan, user=user, member=_acting_for(request, user, plan))
    context, status = {"plan": plan, "form": form, "terms": terms.in_words(plan, on=form.today)}, 200
    context |= _offered(form)
    if "preview" in request.POST:
        form.errors.clear()  # nothing was sent yet, so nothing is wrong yet
    elif request.method == "POST":
        status = 400
        if form.is_valid():
            if application := _apply(request, form):
                return redirect(application.charge or application)
            status = 409
    form.ask_file_again()
    if user and plan.kind == Kind.ORGANISATION and not form.member:
        context["organisations"] = Member.objects.visible_to(user).filter(kind=plan.kind)
    return render(request, "members/join.html", context, status=status)


def _acting_for(request: HttpRequest, user: User | None, plan: Plan) -> Member | None:
    """Whose period this would follow: that of the link of a reminder, a person's own, or the organisation they name.

    A stranger gets 404.
    """
    linked = renewals.member_of(request.GET.get("lien", ""))
    if linked and linked.kind == plan.kind:
        return linked
    if user is None:
        return None
    mine = Member.objects.visible_to(user).filter(kind=plan.kind)
    if plan.kind == Kind.PERSON:
        own: Member | None = mine.filter(user=user).first() or mine.first()
        return own
    number = request.GET.get("organisation", "")
    if not number:
        return None
    return get_object_or_404(mine, pk=number if number.isascii() and number.isdigit() else 0)


def _offered(form: JoinForm) -> dict[str, Any]:
    try:
        return {"offer": form.offer()}
    except OfferRefused as refusal:
        return {"refusal": refusal.in_words(), "is_closed": refusal.field is None}


def _apply(request: HttpRequest, form: JoinForm) -> Application | None:
    """None where it is refused: the form then says why. Who has forgotten an application gets its link by mail."""
    try:
        return Application.submit(form.plan, **form.wanted)
    except OfferRefused as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, refusal.in_words())
    except ApplicationOpen as refusal:
        open_one = refusal.application
        if form.user and open_one.email in map(normalise_email, form.user.verified_emails):
            messages.info(request, _("Vous aviez déjà une demande en cours\u00a0: la voici."))
            return open_one
        emails.application_under_way(open_one, at=timezone.now())
        form.add_error(
            "email",
            _(
                "Une demande est déjà en cours avec cette adresse. Nous venons de lui envoyer un message avec le lien "
                "pour la retrouver."
            ),
        )
    return None
