"""What somebody holds, for the calendar of their machine: read by programs, which neither sign in nor keep cookies."""

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.limits import rate_limited
from accounts.models import User
from events import ics, personal_ics
from events.models import Booking, CalendarFeed, Registration


@login_not_required
@never_cache
@require_safe
def booking_ics(request: HttpRequest, token: UUID) -> HttpResponse:
    booking = get_object_or_404(Booking.objects.for_display(), token=token)
    return ics.answer(personal_ics.book([booking]), filename=personal_ics.FILENAME)


@login_not_required
@never_cache
@require_safe
def place_ics(request: HttpRequest, code: UUID) -> HttpResponse:
    place = get_object_or_404(Registration.objects.select_related("booking__event"), code=code)
    return ics.answer(personal_ics.book([place]), filename=personal_ics.FILENAME)


@login_not_required
@never_cache
@require_safe
@rate_limited("calendar", on={"GET", "HEAD"})
def personal_feed(request: HttpRequest, token: UUID) -> HttpResponse:
    """An address that was never given and one that was revoked are answered alike."""
    feeds = CalendarFeed.objects.filter(user__is_active=True).select_related("user")
    feed = get_object_or_404(feeds, token=token)
    name = _("Mes rendez-vous – IA Montpellier Méditerranée")
    return ics.answer(
        personal_ics.book(feed.held, feed_name=name), filename="mes-rendez-vous.ics", is_feed=True
    )


@require_POST
@rate_limited("booking")
def personal_feed_renew(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    is_first = not CalendarFeed.objects.filter(user=user).exists()
    CalendarFeed.renew(user)
    if is_first:
        messages.success(request, _("L’adresse de votre calendrier est prête."))
    else:
        messages.success(request, _("Voici une nouvelle adresse. L’ancienne ne donne plus rien."))
    return redirect(f"{reverse('account')}#calendrier")
