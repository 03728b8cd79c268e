"""What a person does with their own data: see them, take them away, leave, be forgotten."""

from io import BytesIO
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.limits import rate_limited
from accounts.models import User
from accounts.recent import recent_authentication_required
from iamm import emails, erasure, holdings, leaving, personal_export, retention
from iamm.personal import Person
from iamm.privacy_forms import ErasureForm, LeaveForm
from journal import trail
from members.models import AlreadyGone


@never_cache
@require_safe
def personal_data(request: HttpRequest) -> HttpResponse:
    """What we hold of this person, by family, and how long."""
    user = cast(User, request.user)
    context = {"families": holdings.of(Person.of_user(user)), "may_leave": leaving.leavers(user)}
    return render(request, "iamm/personal_data.html", context)


@never_cache
@require_POST
@recent_authentication_required
@rate_limited("personal_export")
def personal_export_file(request: HttpRequest) -> Any:
    """Made while one waits: some hundreds of rows at most."""
    user = cast(User, request.user)
    file = BytesIO()
    personal_export.write(Person.of_user(user), file)
    file.seek(0)
    trail.record(user, trail.Action.EXPORTED, actor=user, note=_("Ses données, par elle-même"))
    return FileResponse(
        file,
        as_attachment=True,
        filename=f"mes-donnees-{timezone.localdate():%Y-%m-%d}.zip",
        content_type="application/zip",
        headers={"Cache-Control": "private, no-store"},
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest) -> HttpResponse:
    """Resign: nobody has to agree, and what was owed stays owed."""
    user = cast(User, request.user)
    leavers = leaving.leavers(user)
    form = LeaveForm(request.POST or None, leavers=leavers)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            member, day = form.chosen
            try:
                leaving.resign(member, left_on=day, by=user)
            except AlreadyGone:
                messages.info(request, _("Ce départ est déjà enregistré."))
            else:
                messages.success(request, _("Votre démission est enregistrée. Un e-mail vous la confirme."))
            return redirect("personal_data")
    return render(request, "iamm/leave.html", {"form": form, "leavers": leavers}, status=status)


@never_cache
@recent_authentication_required
@require_http_methods(["GET", "HEAD", "POST"])
@rate_limited("erase")
def erase(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    person = Person.of_user(user)
    form = ErasureForm(request.POST or None)
    refused, status = erasure.refusal(person), 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            address = user.email
            try:
                erasure.erase(person)
            except erasure.ErasureRefused as refusal:
                refused, status = refusal, 409
            else:
                emails.erased(address)
                logout(request)
                return redirect("erased")
    context = {
        "form": form,
        "refused": refused,
        "reason": type(refused).__name__,
        "rules": [rule for rule in retention.POLICY if rule.slug in {"accounting", "opt-outs"}],
    }
    return render(request, "iamm/erase.html", context, status=status)


@login_not_required
@never_cache
@require_safe
def erased(request: HttpRequest) -> HttpResponse:
    """What somebody who is nobody any more reads last."""
    return render(request, "iamm/erased.html")
