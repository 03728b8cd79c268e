"""Taking places, and the pages of those who hold some: reached by a secret address, without an account."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.limits import rate_limited
from accounts.models import User
from events import emails
from events.booking_forms import BookingForm, HandOverForm, RenameForm
from events.models import (
    AlreadyRegistered,
    Booking,
    CodeRefused,
    Event,
    EventFull,
    EventOver,
    MembersOnly,
    OfferGone,
    PriceRefused,
    Registration,
    RegistrationClosed,
    TooManyPlaces,
)

REFUSALS = (
    AlreadyRegistered,
    CodeRefused,
    EventFull,
    MembersOnly,
    PriceRefused,
    RegistrationClosed,
    TooManyPlaces,
)


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@rate_limited("register")
def event_register(request: HttpRequest, slug: str) -> HttpResponse:
    events = Event.objects.visible_to(request.user).with_places().prefetch_related("questions")
    event = get_object_or_404(events, slug=slug)
    user = request.user if isinstance(request.user, User) else None
    form = BookingForm(request.POST or None, event=event, user=user, count=_count(request))
    status = 200
    if {"more", "fewer"} & request.POST.keys():
        form.errors.clear()  # another number of people: nothing was sent yet, so nothing is wrong yet
    elif request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                booking = event.register(**form.wanted)
            except REFUSALS as refusal:
                form.add_error("code" if isinstance(refusal, CodeRefused) else None, _refusal(refusal))
                status = 409
            else:
                is_to_pay = booking.state == Booking.State.HELD
                return redirect(booking.charge if is_to_pay and booking.charge else booking)
    context = {"event": event, "form": form, "prices": form.prices}
    return render(request, "events/event_register.html", context, status=status)


def _count(request: HttpRequest) -> int:
    """How many people the form is for, one more or one fewer when that was the button."""
    asked = request.POST.get("count") or request.GET.get("places", "")
    count = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 3 else 1
    return count + ("more" in request.POST) - ("fewer" in request.POST)


def _refusal(refusal: Exception) -> str:
    """Say in words why there is no place. A forgotten booking gets its link again by mail, never on the page."""
    match refusal:
        case AlreadyRegistered(booking=booking):
            emails.booking_link(booking, day=timezone.localdate())
            return _(
                "Cette adresse a déjà une réservation : nous venons de lui en renvoyer le lien, pour la modifier."
            )
        case EventOver():
            return _("Cet événement a commencé ou est passé : on ne peut plus s’y inscrire.")
        case EventFull():
            return _("Il n’y a plus assez de places.")
        case MembersOnly():
            return _("Cet événement est réservé aux adhérents à jour : connectez-vous avec votre compte.")
        case TooManyPlaces():
            return _("C’est plus de places que cet événement n’en donne par réservation.")
        case PriceRefused(why=why):
            return PRICE_REFUSALS[why]()
        case CodeRefused(why=why):
            return CODE_REFUSALS[why]()
        case _closed:
            return _("Les inscriptions à cet événement ne sont pas ouvertes.")


PRICE_REFUSALS = {
    PriceRefused.Why.UNKNOWN: lambda: _("Ce tarif n’existe plus : choisissez-en un autre."),
    PriceRefused.Why.NOT_ON_SALE: lambda: _(
        "Ce tarif n’est pas en vente en ce moment : choisissez-en un autre."
    ),
    PriceRefused.Why.NOT_FOR_YOU: lambda: _(
        "Ce tarif est réservé, et vaut pour une seule place : celle du compte connecté."
    ),
    PriceRefused.Why.SOLD_OUT: lambda: _("Ce tarif est épuisé : choisissez-en un autre."),
    PriceRefused.Why.TOO_LITTLE: lambda: _("Le montant choisi est inférieur au minimum de ce tarif."),
}
CODE_REFUSALS = {
    CodeRefused.Why.UNKNOWN: lambda: _("Ce code n’existe pas pour cet événement."),
    CodeRefused.Why.TOO_EARLY: lambda: _("Ce code n’est pas encore valable."),
    CodeRefused.Why.TOO_LATE: lambda: _("Ce code n’est plus valable."),
    CodeRefused.Why.USED_UP: lambda: _("Ce code a déjà servi autant de fois qu’il le pouvait."),
    CodeRefused.Why.USELESS: lambda: _("Ce code ne concerne pas le tarif choisi."),
}


@login_not_required
@never_cache
@require_safe
def booking(request: HttpRequest, token: UUID) -> HttpResponse:
    booking = get_object_or_404(Booking.objects.for_display(), token=token)
    return render(request, "events/booking.html", {"booking": booking})


@login_not_required
@require_POST
@rate_limited("booking")
def booking_answer(request: HttpRequest, token: UUID) -> HttpResponse:
    """Take the places offered, or leave them to the next."""
    booking = get_object_or_404(Booking.objects.for_display(), token=token)
    try:
        if request.POST.get("answer") == "accept":
            booking.accept()
            messages.success(request, _("C’est noté : la place est à vous."))
        elif request.POST.get("answer") == "decline" and booking.state == Booking.State.OFFERED:
            booking.cancel()
            messages.success(request, _("C’est noté : nous proposons la place à la personne suivante."))
        else:
            raise OfferGone
    except (OfferGone, EventOver):
        messages.error(request, _("Cette proposition n’est plus valable : voyez ci-dessous où vous en êtes."))
    booking.refresh_from_db()
    is_to_pay = booking.state == Booking.State.HELD and booking.charge is not None
    return redirect(booking.charge if is_to_pay and booking.charge else booking)


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
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@rate_limited("booking")
def booking_place(request: HttpRequest, token: UUID, pk: int) -> HttpResponse:
    """One of the places of a booking: correct the name, hand it over, give it back."""
    booking = get_object_or_404(Booking.objects.for_display(), token=token)
    place = get_object_or_404(booking.registrations.select_related("price"), pk=pk)
    if not (place.is_live and booking.is_cancellable):
        messages.error(request, _("Cette place ne peut plus être modifiée."))
        return redirect(booking)
    act = request.POST.get("act")
    rename = RenameForm(request.POST if act == "rename" else None, initial={"name": place.name})
    hand_over = HandOverForm(request.POST if act == "hand_over" else None, prefix="to")
    status = 400 if request.method == "POST" else 200
    try:
        if act == "rename" and rename.is_valid():
            place.rename(**rename.cleaned_data)
        elif act == "hand_over" and hand_over.is_valid():
            place.hand_over(**hand_over.cleaned_data)
        elif act == "cancel":
            booking.cancel(place)
        else:
            context = {"booking": booking, "place": place, "rename": rename, "hand_over": hand_over}
            return render(request, "events/booking_place.html", context, status=status)
    except (EventOver, OfferGone, PriceRefused) as refusal:
        messages.error(request, _place_refusal(refusal))
    else:
        messages.success(request, _("C’est fait."))
    return redirect(booking)


def _place_refusal(refusal: Exception) -> str:
    if isinstance(refusal, PriceRefused):
        return _("Cette place est à un tarif personnel : rendez-la plutôt, et l’autre personne s’inscrira.")
    return _("L’événement a commencé, ou la place n’est plus à vous : rien n’a été changé.")


@login_not_required
@never_cache
@require_safe
def place(request: HttpRequest, code: UUID) -> HttpResponse:
    """What whoever comes sees of their own place, and nothing of the rest of the booking."""
    places = Registration.objects.select_related("booking__event", "price")
    place = get_object_or_404(places, code=code)
    return render(request, "events/place.html", {"place": place, "event": place.event})


@login_not_required
@require_POST
@rate_limited("booking")
def place_cancel(request: HttpRequest, code: UUID) -> HttpResponse:
    place = get_object_or_404(Registration.objects.select_related("booking__event"), code=code)
    try:
        place.booking.cancel(place)
    except EventOver:
        messages.error(request, _("L’événement a commencé : l’inscription ne peut plus être annulée."))
    else:
        messages.success(request, _("Votre place est rendue. Merci de nous avoir prévenus."))
    return redirect(place)
