"""The page of one application: reached by a secret address, without an account."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.limits import rate_limited
from accounts.models import User
from members.forms import CompletionForm
from members.models import Application, Decided, Membership


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@rate_limited("application")
def application(request: HttpRequest, token: UUID) -> HttpResponse:
    """Where it stands. What the board asks for is answered here."""
    application, form, status = _application(token), None, 200
    if application.state == application.State.TO_COMPLETE:
        sent = (request.POST, request.FILES) if request.method == "POST" else ()
        form = CompletionForm(*sent, plan=application.plan)
        if form.is_valid():
            _answer(request, application, form)
            return redirect(application)
        status = 400 if form.errors else 200
    elif request.method == "POST":
        messages.error(request, _("Cette demande n’attend plus de réponse de votre part."))
        return redirect(application)
    context = {
        "application": application,
        "plan": application.plan,
        "form": form,
        "may_see_days": _may_see_days(request, application),
    }
    return render(request, "members/application.html", context, status=status)


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@rate_limited("application")
def application_withdraw(request: HttpRequest, token: UUID) -> HttpResponse:
    application = _application(token)
    if request.method == "POST":
        application.abandon()
    if not application.is_open:
        if application.state == application.State.ABANDONED:
            messages.success(request, _("Votre demande est retirée, et vos données en sont effacées."))
        else:
            messages.error(request, _("Cette demande ne peut plus être retirée."))
        return redirect(application)
    return render(request, "members/application_withdraw.html", {"application": application})


def _application(token: UUID) -> Application:
    rows = Application.objects.select_related("plan", "charge", "membership__plan", "membership__member")
    found: Application = get_object_or_404(rows, token=token)
    return found


def _answer(request: HttpRequest, application: Application, form: CompletionForm) -> None:
    try:
        application.resubmit(**form.cleaned_data)
    except Decided:
        messages.error(request, _("Cette demande n’attend plus de réponse de votre part."))
    else:
        messages.success(request, _("C’est envoyé\u00a0: le bureau vous répond par e-mail."))


def _may_see_days(request: HttpRequest, application: Application) -> bool:
    """A period that follows another says when that one ends: it is shown to who has proved to be the member.

    The address alone proves nothing: anybody can type it.
    """
    period = application.membership
    if period is None:
        return False
    first_days = {application.starts_on, timezone.localdate(application.state_since)}
    if application.is_proven or period.starts_on in first_days:
        return True
    user = request.user
    return isinstance(user, User) and Membership.objects.visible_to(user).filter(pk=period.pk).exists()
