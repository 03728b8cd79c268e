"""The pages that combine apps, and those that belong to none."""

from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.files.storage import default_storage
from django.db.models import Count, F, Prefetch, Q, QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.limits import rate_limited
from accounts.models import User
from events import pictures
from events.models import Booking, Event, Level, Registration
from iamm import association, emails, retention
from iamm.forms import ContactForm
from members import renewals
from members.models import Mandate, Member, Membership, Plan
from partners.logos import FOLDER
from partners.models import Fact, Partner
from payments.models import Charge, Document

FIGURES = 3
PAST_BOOKINGS = 20
shared = cache_control(public=True, no_cache=True)  # kept for every stranger until something changes


@login_not_required
@shared
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    upcoming = Event.objects.upcoming()
    founders = Partner.objects.founders().prefetch_related("facts")
    levels = dict.fromkeys(Level.values, 0)
    levels.update(upcoming.order_by().values_list("level").annotate(Count("pk")))
    context = {
        "events": upcoming.for_display()[:3],
        "event_count": sum(levels.values()),
        "levels": levels,
        "founders": founders,
        "figures": _figures(founders)[:FIGURES],
        "cheapest_plan": Plan.objects.open().with_price(on=timezone.localdate()).order_by(F("price")).first(),
    }
    return render(request, "iamm/home.html", context)


def _figures(founders: QuerySet[Partner]) -> list[Fact]:
    """The first fact of each founder that is a figure."""
    first = (next((fact for fact in founder.facts.all() if fact.figure), None) for founder in founders)
    return [fact for fact in first if fact]


@login_not_required
@shared
@require_safe
def founder_list(request: HttpRequest) -> HttpResponse:
    context = {"founders": Partner.objects.founders(), "figures": association.figures()}
    return render(request, "iamm/founder_list.html", context)


@login_not_required
@shared
@require_safe
def founder(request: HttpRequest, slug: str) -> HttpResponse:
    founder = get_object_or_404(Partner.objects.founders().prefetch_related("facts"), slug=slug)
    context = {
        "founder": founder,
        "figures": [fact for fact in founder.facts.all() if fact.figure],
        "milestones": [fact for fact in founder.facts.all() if not fact.figure],
        "events": Event.objects.upcoming().filter(partners=founder).for_display()[:10],
    }
    return render(request, "iamm/founder.html", context)


@never_cache
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """Everything of this person, what was done without an account but with a verified address included."""
    user, now = cast(User, request.user), timezone.now()
    state, bookings = Booking.State, Booking.objects.visible_to(user).for_display()
    offered = Q(state=state.OFFERED, expires_at__gt=now)
    held = Q(state=state.HELD, expires_at__gt=now)  # shown as what is to pay
    ahead = Q(state=state.CONFIRMED, event__ends_at__gt=now)
    queued = Q(state__in=[state.REQUESTED, state.WAITING], event__starts_at__gt=now)
    charges = Charge.objects.visible_to(user).unpaid().select_related("booking__event")
    context = {
        "offers": bookings.filter(offered).order_by("expires_at", "pk"),
        "charges": charges.with_rows()
        .prefetch_related("booking__registrations")
        .order_by(F("booking__expires_at").asc(nulls_last=True), "-pk"),
        **_belonging(user),
        "to_renew": renewals.to_renew(Membership.objects.visible_to(user), on=timezone.localdate()),
        "upcoming": bookings.filter(ahead).order_by("event__starts_at", "pk"),
        "places": Registration.objects.given_to(user)
        .live()
        .filter(booking__event__ends_at__gt=now)
        .order_by("booking__event__starts_at", "pk"),
        "queued": bookings.filter(queued).order_by("event__starts_at", "pk"),
        "past": bookings.exclude(offered | held | ahead | queued).order_by("-event__starts_at", "-pk")[
            :PAST_BOOKINGS
        ],
        "settled": _settled(user),
    }
    return render(request, "iamm/account.html", context)


def _settled(user: User) -> QuerySet[Charge]:
    """What has been paid or invoiced, with its documents: the latest first."""
    charges: QuerySet[Charge] = Charge.objects.visible_to(user).exclude(booked_on=None)
    issued = Document.objects.readable().exclude(kind=Document.Kind.CONFIRMATION)
    return charges.prefetch_related("lines", Prefetch("documents", issued.order_by("pk"))).order_by(
        "-booked_on", "-pk"
    )[:PAST_BOOKINGS]


def _belonging(user: User) -> dict[str, Any]:
    """Each organisation once: as a member with one's own seat in it, or as a seat where one does not act for it."""
    live = Mandate.objects.live(on=timezone.localdate()).of(user).select_related("organisation")
    seats = {seat.organisation_id: seat for seat in live}
    members: Any = Member.objects.visible_to(user).with_standing().order_by("-kind", "organisation", "pk")
    for member in members:
        member.seat = seats.pop(member.pk, None)
    return {"members": members, "seats": list(seats.values())}


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@rate_limited("contact")
def contact(request: HttpRequest) -> HttpResponse:
    """Without an address of the association to write to there is no form, only other ways to reach it."""
    if not settings.ASSOCIATION["email"]:
        context = {"founders": Partner.objects.founders()}
        return render(request, "iamm/contact.html", context, status=503 if request.method == "POST" else 200)
    form = ContactForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        emails.contact(**form.cleaned_data)
        messages.success(request, _("Votre message est parti. Nous vous répondons par e-mail."))
        return redirect("contact")
    status = 400 if form.errors else 200
    return render(request, "iamm/contact.html", {"form": form}, status=status)


@login_not_required
@shared
@require_safe
def legal_notice(request: HttpRequest) -> HttpResponse:
    return render(request, "iamm/legal_notice.html")


@login_not_required
@shared
@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """The durations are those that the code applies."""
    context = {
        "rules": retention.POLICY,
        "session_days": settings.SESSION_COOKIE_AGE // 86400,
        "session_cookie": settings.SESSION_COOKIE_NAME,
        "csrf_cookie": settings.CSRF_COOKIE_NAME,
        "language_cookie": settings.LANGUAGE_COOKIE_NAME,
    }
    return render(request, "iamm/privacy.html", context)


@login_not_required
@shared
@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    return render(request, "iamm/accessibility.html")


@login_not_required
@shared
@require_safe
def site_map(request: HttpRequest) -> HttpResponse:
    return render(request, "iamm/site_map.html", {"founders": Partner.objects.founders()})


@login_not_required
@require_safe
def language(request: HttpRequest, code: str) -> HttpResponse:
    """Remember the language somebody chose. A link and not a form, so that pages set no cookie before it is used."""
    target = request.GET.get("next", "/")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}):
        target = "/"
    response = HttpResponseRedirect(target)
    if check_for_language(code) and code in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            code,
            max_age=365 * 86400,
            samesite="Lax",
            secure=settings.LANGUAGE_COOKIE_SECURE,
        )
    return response


@login_not_required
@require_safe
def logo(request: HttpRequest, name: str) -> FileResponse:
    """A partner's logo, for when no proxy serves the files. Its name changes with its content."""
    return _stored(f"{FOLDER}/{name}.webp", "image/webp")


@login_not_required
@require_safe
def picture(request: HttpRequest, name: str, extension: str) -> FileResponse:
    """A picture of an event or of a speaker, as `logo`."""
    content_types = {"webp": "image/webp", "jpg": "image/jpeg"}
    if extension not in content_types:
        raise Http404
    return _stored(f"{pictures.FOLDER}/{name}.{extension}", content_types[extension])


def _stored(path: str, content_type: str) -> FileResponse:
    if not default_storage.exists(path):
        raise Http404
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return FileResponse(default_storage.open(path), content_type=content_type, headers=headers)
