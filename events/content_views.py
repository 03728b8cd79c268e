"""What goes with events: who speaks, and what remains of them."""

from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_safe

from events.models import Event, Registration, Resource, Speaker

PAST_EVENTS = 40
shared = cache_control(public=True, no_cache=True)  # kept for every stranger until something changes


@login_not_required
@shared
@require_safe
def speaker(request: HttpRequest, slug: str) -> HttpResponse:
    speaker = get_object_or_404(Speaker.objects.visible_to(request.user), slug=slug)
    events = Event.objects.by(speaker).for_display()
    context = {"speaker": speaker, "upcoming": events.upcoming(), "past": events.past()[:PAST_EVENTS]}
    return render(request, "events/speaker.html", context)


@login_not_required
@never_cache
@require_safe
def event_resource(request: HttpRequest, slug: str, pk: int) -> FileResponse:
    """The file itself, to keep. Whoever has no account says `place`, the code of their own place."""
    event = get_object_or_404(Event.objects.visible_to(request.user), slug=slug)
    resource = get_object_or_404(event.resources.exclude(file=""), pk=pk)
    if not _may_read(request, resource) or not resource.file.storage.exists(str(resource.file.name)):
        raise Http404
    return FileResponse(
        resource.file.open(),
        as_attachment=True,
        filename=resource.filename,
        content_type=resource.content_type,
    )


def _may_read(request: HttpRequest, resource: Resource) -> bool:
    return (
        resource.is_public
        or resource.event.shows_all_resources_to(request.user)
        or resource.is_for(_place(request.GET.get("place", "")))
    )


def _place(code: str) -> Registration | None:
    try:
        return Registration.objects.select_related("booking").filter(code=UUID(code)).first()
    except ValueError:
        return None
