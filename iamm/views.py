"""The pages that combine apps, and those that belong to none."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.limits import rate_limited
from events.models import Booking, Event, Level
from iamm import emails
from iamm.forms import ContactForm
from members.models import Application, Member, Plan
from partners.models import Partner
from payments.models import Charge


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    upcoming = Event.objects.upcoming()
    context = {
        "events": upcoming.with_places()[:3],
        "event_count": upcoming.count(),
        "beginner_count": upcoming.filter(level=Level.BEGINNER).count(),
        "practice_count": upcoming.exclude(level=Level.BEGINNER).count(),
        "founders": Partner.objects.founders(),
        "cheapest_plan": Plan.objects.open().with_price(on=timezone.localdate()).order_by("price").first(),
    }
    return render(request, "iamm/home.html", context)


@login_not_required
@require_safe
def founder_list(request: HttpRequest) -> HttpResponse:
    return render(request, "iamm/founder_list.html", {"founders": Partner.objects.founders()})


@login_not_required
@require_safe
def founder(request: HttpRequest, slug: str) -> HttpResponse:
    founder = get_object_or_404(Partner.objects.founders().prefetch_related("facts"), slug=slug)
    events = Event.objects.upcoming().filter(partners=founder).with_places()[:10]
    return render(request, "iamm/founder.html", {"founder": founder, "events": events})


@never_cache
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """Everything of this person, what was done without an account but with a verified address included."""
    user = request.user
    bookings = Booking.objects.visible_to(user).for_display().order_by("-event__starts_at")
    members = Member.objects.visible_to(user).prefetch_related("memberships__plan")
    context = {
        "charges": Charge.objects.visible_to(user).unpaid().prefetch_related("lines", "payments"),
        "members": members,
        "applications": Application.objects.visible_to(user).waiting().select_related("plan"),
        "upcoming": [booking for booking in bookings if not booking.event.is_over],
        "past": [booking for booking in bookings if booking.event.is_over][:20],
    }
    return render(request, "iamm/account.html", context)


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@rate_limited("contact")
def contact(request: HttpRequest) -> HttpResponse:
    form = ContactForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        emails.contact(**form.cleaned_data)
        messages.success(request, _("Votre message est parti. Nous vous répondons par e-mail."))
        return redirect("contact")
    status = 400 if form.errors else 200
    return render(request, "iamm/contact.html", {"form": form}, status=status)


def _page(template: str):  # type: ignore[no-untyped-def]
    @login_not_required
    @require_safe
    def page(request: HttpRequest) -> HttpResponse:
        return render(request, template)

    return page


legal_notice = _page("iamm/legal_notice.html")
privacy = _page("iamm/privacy.html")
accessibility = _page("iamm/accessibility.html")


@login_not_required
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
    response = redirect(target)
    if check_for_language(code) and code in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            code,
            max_age=365 * 86400,
            samesite="Lax",
            secure=settings.LANGUAGE_COOKIE_SECURE,
        )
    return response
