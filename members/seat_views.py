"""Taking a seat in an organisation: by an invitation, or by having an address of its domain."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.limits import rate_limited
from accounts.models import User
from members.models import Invitation, MailDomain, Mandate, normalise_email
from members.seats import SeatRefused

reads_and_posts = require_http_methods(["GET", "HEAD", "POST"])


def _welcome(request: HttpRequest, mandate: Mandate) -> HttpResponse:
    messages.success(request, _("Vous avez votre place chez %s.") % mandate.organisation)
    return redirect("account")


@login_not_required
@never_cache
@reads_and_posts
@rate_limited("seat")
def invitation(request: HttpRequest, token: UUID) -> HttpResponse:
    """Readable signed out, so that one knows what it is before making an account."""
    rows = Invitation.objects.select_related("organisation", "invited_by")
    invitation = get_object_or_404(rows, token=token)
    user = request.user if isinstance(request.user, User) else None
    status = 200
    context: dict[str, Any] = {"invitation": invitation, "organisation": invitation.organisation}
    if request.method == "POST":
        if user is None:
            return redirect_to_login(invitation.get_absolute_url())
        try:
            return _welcome(request, invitation.accept(user))
        except SeatRefused as refusal:
            context["refusal"], status = refusal.in_words(), 409
            invitation.refresh_from_db(fields=["accepted_at", "cancelled_at"])
    context["is_own"] = user is not None and invitation.email in map(normalise_email, user.verified_emails)
    next_page = {"email": invitation.email, "next": invitation.get_absolute_url()}
    context["signup_query"] = urlencode(next_page)
    return render(request, "members/invitation.html", context, status=status)


@login_not_required
@never_cache
@reads_and_posts
@rate_limited("seat")
def join_by_domain(request: HttpRequest, token: UUID) -> HttpResponse:
    domain = get_object_or_404(MailDomain.objects.open().select_related("organisation"), token=token)
    user = request.user if isinstance(request.user, User) else None
    status = 200
    context: dict[str, Any] = {"domain": domain, "organisation": domain.organisation}
    if request.method == "POST":
        if user is None:
            return redirect_to_login(domain.get_absolute_url())
        try:
            return _welcome(request, domain.join(user))
        except SeatRefused as refusal:
            context["refusal"], status = refusal.in_words(), 409
    context["address"] = domain.address_of(user) if user else None
    context["signup_query"] = urlencode({"next": domain.get_absolute_url()})
    return render(request, "members/join_by_domain.html", context, status=status)
