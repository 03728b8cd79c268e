from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from events import ics, structured_data
from events.models import Event, Training

OTHER_DATES = 12
shared = cache_control(public=True, no_cache=True)  # kept for every stranger until something changes


@login_not_required
@shared
@require_safe
def event(request: HttpRequest, slug: str) -> HttpResponse:
    events = Event.objects.visible_to(request.user).with_places().with_content()
    event = get_object_or_404(events, slug=slug)
    context = {
        "event": event,
        "other_dates": event.other_dates[:OTHER_DATES],
        "sees_all": event.shows_all_resources_to(request.user),
        "structured_data": structured_data.as_json(structured_data.describe(event)),
    }
    return render(request, "events/event.html", context)


@login_not_required
@shared
@require_safe
def event_ics(request: HttpRequest, slug: str) -> HttpResponse:
    event = get_object_or_404(Event.objects.visible_to(request.user).prefetch_related("themes"), slug=slug)
    return ics.calendar([event], filename=f"{event.slug}.ics")


@login_not_required
@shared
@require_safe
def training_list(request: HttpRequest) -> HttpResponse:
    return render(
        request, "events/training_list.html", {"trainings": Training.objects.published().with_next_session()}
    )


@login_not_required
@shared
@require_safe
def training(request: HttpRequest, slug: str) -> HttpResponse:
    training = get_object_or_404(Training.objects.visible_to(request.user), slug=slug)
    sessions = Event.objects.upcoming().filter(training=training).for_display()
    told = structured_data.describe_training(training, sessions)
    context = {"training": training, "sessions": sessions, "structured_data": structured_data.as_json(told)}
    return render(request, "events/training.html", context)
