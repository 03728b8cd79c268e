import calendar as calendars
from datetime import date
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import feedgenerator, timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.limits import rate_limited
from accounts.models import User
from events import agenda as agenda_filters
from events import emails, ics, structured_data
from events.forms import YEARS, AgendaFilter, RegistrationForm
from events.models import (
    AlreadyRegistered,
    Booking,
    Event,
    EventFull,
    EventOver,
    RegistrationClosed,
    Training,
)

PAGE_SIZE = 40
FEED_SIZE = 500


@login_not_required
@require_safe
def agenda(request: HttpRequest) -> HttpResponse:
    form = AgendaFilter(request.GET)
    events = agenda_filters.select(form.applied).with_places()
    page = Paginator(events, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "chips": agenda_filters.chips(form, request.GET),
        "feed_query": agenda_filters.without(request.GET),
        "today": timezone.localdate(),
    }
    return render(request, "events/agenda.html", context)


@login_not_required
@require_safe
def calendar(request: HttpRequest, year: int, month: int) -> HttpResponse:
    """The month as a table of weeks, cancelled and past events included."""
    if year not in YEARS or not 1 <= month <= 12:
        raise Http404
    first = date(year, month, 1)
    weeks = calendars.Calendar().monthdatescalendar(year, month)
    in_month = (
        Event.objects.public()
        .filter(starts_at__year=year, starts_at__month=month)
        .order_by("starts_at", "pk")
    )
    by_day: dict[date, list[Event]] = {}
    for event in in_month:
        by_day.setdefault(timezone.localdate(event.starts_at), []).append(event)
    context = {
        "first": first,
        "weeks": [[(day, by_day.get(day, [])) for day in week] for week in weeks],
        "previous": date(year - (month == 1), (month - 2) % 12 + 1, 1),
        "next": date(year + (month == 12), month % 12 + 1, 1),
        "years": YEARS,
        "is_empty": not by_day,
        "today": timezone.localdate(),
    }
    return render(request, "events/calendar.html", context)


@login_not_required
@require_safe
def feed_ics(request: HttpRequest) -> HttpResponse:
    return ics.calendar(
        agenda_filters.select(AgendaFilter(request.GET).applied)[:FEED_SIZE], filename="agenda-iamm.ics"
    )


@login_not_required
@require_safe
def feed_atom(request: HttpRequest) -> HttpResponse:
    feed = feedgenerator.Atom1Feed(
        title=_("Agenda – IA Montpellier Méditerranée"),
        link=request.build_absolute_uri("/agenda/"),
        feed_url=request.build_absolute_uri(),
        description="",
        language="fr",
    )
    for event in agenda_filters.select(AgendaFilter(request.GET).applied)[:FEED_SIZE]:
        link = settings.SITE_URL + event.get_absolute_url()
        feed.add_item(event.title, link, event.summary, unique_id=link, updateddate=event.updated_at)
    return HttpResponse(feed.writeString("utf-8"), content_type=feed.content_type)


@login_not_required
@require_safe
def event(request: HttpRequest, slug: str) -> HttpResponse:
    events = Event.objects.visible_to(request.user).with_places().select_related("training")
    event = get_object_or_404(events.prefetch_related("themes", "partners"), slug=slug)
    context = {"event": event, "structured_data": structured_data.as_json(event)}
    return render(request, "events/event.html", context)


@login_not_required
@require_safe
def event_ics(request: HttpRequest, slug: str) -> HttpResponse:
    event = get_object_or_404(Event.objects.visible_to(request.user), slug=slug)
    return ics.calendar([event], filename=f"{event.slug}.ics")


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@rate_limited("register")
def event_register(request: HttpRequest, slug: str) -> HttpResponse:
    event = get_object_or_404(Event.objects.visible_to(request.user).with_places(), slug=slug)
    user = request.user if isinstance(request.user, User) else None
    form = RegistrationForm(request.POST or None, user=user)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                booking = event.register(**form.cleaned_data, user=user)
            except (RegistrationClosed, EventFull, AlreadyRegistered) as refusal:
                form.add_error(None, _refusal(refusal))
                status = 409
            else:
                return redirect(booking.charge or booking)
    context = {"event": event, "form": form, "price": event.price_for(user)}
    return render(request, "events/event_register.html", context, status=status)


def _refusal(refusal: Exception) -> str:
    """Say in words why there is no place. A forgotten registration gets its link again by mail, never on the page."""
    match refusal:
        case AlreadyRegistered(booking=booking):
            emails.booking_link(booking.registration, day=timezone.localdate())
            return _(
                "Cette adresse est déjà inscrite : nous venons de lui renvoyer le lien de sa réservation."
            )
        case EventOver():
            return _("Cet événement a commencé ou est passé : on ne peut plus s’y inscrire.")
        case EventFull():
            return _("Cet événement est complet.")
        case _closed:
            return _("Les inscriptions à cet événement ne sont pas ouvertes.")


@login_not_required
@never_cache
@require_safe
def booking(request: HttpRequest, token: UUID) -> HttpResponse:
    booking = get_object_or_404(Booking.objects.for_display(), token=token)
    return render(request, "events/booking.html", {"booking": booking, "registration": booking.registration})


@login_not_required
@require_POST
@rate_limited("booking")
def booking_cancel(request: HttpRequest, token: UUID) -> HttpResponse:
    booking = get_object_or_404(Booking.objects.for_display(), token=token)
    try:
        booking.cancel()
    except EventOver:
        messages.error(request, _("L’événement a commencé : l’inscription ne peut plus être annulée."))
    else:
        messages.success(request, _("Votre inscription est annulée. Un message vous le confirme."))
    return redirect(booking)


@login_not_required
@require_safe
def training_list(request: HttpRequest) -> HttpResponse:
    return render(
        request, "events/training_list.html", {"trainings": Training.objects.published().with_next_session()}
    )


@login_not_required
@require_safe
def training(request: HttpRequest, slug: str) -> HttpResponse:
    training = get_object_or_404(Training.objects.visible_to(request.user), slug=slug)
    sessions = Event.objects.upcoming().filter(training=training).with_places()
    return render(request, "events/training.html", {"training": training, "sessions": sessions})
