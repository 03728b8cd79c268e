"""The page of an organisation, for who represents it: what `members` knows of it and what `events` does."""

from datetime import date
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import User
from events.models import Registration
from members.models import Member
from members.offers import OfferRefused
from members.organisation_forms import DomainForm, InviteForm
from members.organisation_views import represented

ENDING_DAYS = 30
REGISTRATIONS = 50


@never_cache
@require_safe
def organisation(request: HttpRequest, pk: int) -> HttpResponse:
    """Colleagues without a mandate to represent it get a 404: their own account shows their seat."""
    user, today = cast(User, request.user), timezone.localdate()
    found = represented(user, pk)
    mandates = list(found.mandates.unfinished(on=today).order_by("-role", "last_name", "first_name", "pk"))
    registrations = Registration.objects.made_for(found).upcoming()
    context = {
        "organisation": found,
        "standing": found.standing(on=today),
        "mandates": mandates,
        "voter": next((one for one in mandates if one.is_voting and one.is_live(today)), None),
        "ending": found.mandates.ending(on=today, within=ENDING_DAYS),
        "seats_taken": found.seats_taken,
        "seats_left": found.seats_left,
        "invitations": found.invitations.unanswered(),
        "domains": found.mail_domains.open(),
        "charges": found.charges.unpaid().with_rows().select_related("membership"),
        "applications": found.applications.open().filter(charge=None).select_related("plan"),
        "registrations": registrations.order_by("booking__event__starts_at", "pk")[:REGISTRATIONS],
        "invite_form": InviteForm(),
        "domain_form": DomainForm(),
        **_renewal(found, on=today),
    }
    return render(request, "iamm/organisation.html", context)


def _renewal(found: Member, *, on: date) -> dict[str, Any]:
    """What the next period would be, or the reason why it cannot be asked for today."""
    last = found.last_period(on=on)
    if last is None:
        return {}
    try:
        offer = last.plan.offer(on=on, after=last, headcount=found.headcount or 0, seats=found.seats or 0)
    except OfferRefused as refusal:
        return {"last_period": last, "refusal": refusal.in_words()}
    return {"last_period": last, "offer": offer}
