"""What people keep or print: their tickets, by the same secret addresses as their pages."""

from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from events.models import Booking, Registration
from events.tickets import tickets


@login_not_required
@never_cache
@require_safe
def booking_tickets(request: HttpRequest, token: UUID) -> HttpResponse:
    booking = get_object_or_404(Booking.objects.for_display(), token=token)
    if not booking.is_confirmed:
        raise Http404
    return pdf(tickets(booking.event, booking.places), name=f"billets-{booking.event.slug}")


@login_not_required
@never_cache
@require_safe
def place_ticket(request: HttpRequest, code: UUID) -> HttpResponse:
    place = get_object_or_404(Registration.objects.select_related("booking__event", "price"), code=code)
    if not place.is_confirmed:
        raise Http404
    return pdf(tickets(place.event, [place]), name=f"billet-{place.event.slug}")


def pdf(content: bytes, *, name: str) -> HttpResponse:
    """A file to keep, never a page: a browser saves it under `name`."""
    disposition = f'attachment; filename="{name}.pdf"'
    return HttpResponse(content, content_type="application/pdf", headers={"Content-Disposition": disposition})
