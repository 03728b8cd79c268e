"""The pages of what staff do to one booking: refuse it, promote it, move it to another date."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.admin_pages import ReadOnlyAdmin, form_page
from events.models import AlreadyRegistered, Booking, Event, EventFull, OfferGone


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Raison"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4, "class": "vLargeTextField"}),
    )


class RefusalForm(ReasonForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = gettext("Elle est dans le message que la personne reçoit.")


class PromotionForm(ReasonForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = gettext("Pour l’équipe seulement : elle reste sur la réservation.")


class DateChoice(forms.ModelChoiceField):
    def label_from_instance(self, event: Any) -> str:
        left = gettext("sans limite") if event.places_left is None else event.places_left
        when = date_format(timezone.localtime(event.starts_at), "SHORT_DATETIME_FORMAT")
        return gettext("%(when)s – %(event)s (places libres : %(left)s)") % {
            "when": when,
            "event": event,
            "left": left,
        }


class MoveForm(forms.Form):
    """To another date of the series or of the training, then to any other event to come."""

    event = DateChoice(label=_("Nouvelle date"), queryset=Event.objects.none())

    def __init__(self, booking: Booking, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        here = booking.event
        events = Event.objects.upcoming().filter(status=Event.Status.PUBLISHED, starts_at__gt=timezone.now())
        others = events.exclude(pk=here.pk)
        kin = others.none()
        if here.series_id:
            kin = others.filter(series=here.series_id)
        elif here.training_id:
            kin = others.filter(training=here.training_id)
        field: Any = self.fields["event"]
        field.queryset = (kin if kin.exists() else others).with_places()


def _refuse(booking: Booking, form: forms.Form) -> str:
    booking.refuse(reason=form.cleaned_data["reason"])
    return gettext("Demande refusée.")


def _promote(booking: Booking, form: forms.Form) -> str:
    booking.promote(reason=form.cleaned_data["reason"])
    return gettext("Place proposée hors de l’ordre : %s") % form.cleaned_data["reason"]


def _move(booking: Booking, form: forms.Form) -> str:
    before, event = booking.event, form.cleaned_data["event"]
    booking.move(event)
    return gettext("Déplacée de « %(before)s » à « %(event)s ».") % {"before": before, "event": event}


class BookingVerbs(ReadOnlyAdmin):
    """Each page asks for what its verb needs, says a refusal in words, and notes in the history what was done."""

    def get_urls(self) -> list[URLPattern]:
        pages = {"refuse": self.refuse, "promote": self.promote, "move": self.move}
        addresses = {"refuse": "refuser", "promote": "proposer", "move": "deplacer"}
        return [
            path(
                f"<int:pk>/{addresses[name]}/",
                self.admin_site.admin_view(page),
                name=f"events_booking_{name}",
            )
            for name, page in pages.items()
        ] + super().get_urls()

    def refuse(self, request: HttpRequest, pk: int) -> HttpResponse:
        booking = self._booking(request, pk)
        if booking.state != Booking.State.REQUESTED:
            return self._too_late(request, booking, gettext("Cette réservation n’est plus à valider."))
        return self._page(
            request,
            booking,
            RefusalForm(request.POST or None),
            _refuse,
            title=gettext("Refuser une demande"),
            submit=gettext("Refuser et prévenir"),
            note=gettext("La personne sera prévenue par e-mail. On ne revient pas sur un refus."),
        )

    def promote(self, request: HttpRequest, pk: int) -> HttpResponse:
        booking = self._booking(request, pk)
        if booking.state != Booking.State.WAITING:
            return self._too_late(request, booking, gettext("Cette réservation n’est pas en attente."))
        return self._page(
            request,
            booking,
            PromotionForm(request.POST or None),
            _promote,
            title=gettext("Proposer une place hors de l’ordre"),
            submit=gettext("Proposer la place"),
            note=gettext(
                "Cette réservation est au rang %d. Elle passera avant celles qui la précèdent, s’il reste assez de "
                "places ; la personne est prévenue et choisit de les prendre ou non."
            )
            % booking.rank,
        )

    def move(self, request: HttpRequest, pk: int) -> HttpResponse:
        booking = self._booking(request, pk)
        if booking.state not in {Booking.State.CONFIRMED, Booking.State.WAITING}:
            refusal = gettext("Seule une réservation confirmée ou en attente change de date.")
            return self._too_late(request, booking, refusal)
        return self._page(
            request,
            booking,
            MoveForm(booking, request.POST or None),
            _move,
            title=gettext("Changer de date"),
            submit=gettext("Déplacer et prévenir"),
            note=gettext(
                "La réservation garde son prix et la personne est prévenue. En attente, elle rejoint la fin de la file "
                "de la nouvelle date."
            ),
        )

    def _booking(self, request: HttpRequest, pk: int) -> Booking:
        if not self.has_act_permission(request):
            raise PermissionDenied
        return get_object_or_404(Booking.objects.select_related("event"), pk=pk)

    def _too_late(self, request: HttpRequest, booking: Booking, refusal: str) -> HttpResponse:
        messages.error(request, refusal)
        return redirect("admin:events_booking_change", booking.pk)

    def _page(
        self,
        request: HttpRequest,
        booking: Booking,
        form: forms.Form,
        verb: Callable[[Booking, Any], str],
        **words: str,
    ) -> HttpResponse:
        """The form, or what came of it. What the verb returns is for the history."""
        if request.method == "POST" and form.is_valid():
            try:
                with transaction.atomic():
                    done = verb(booking, form)
                    self.log_change(request, booking, done)
            except EventFull:
                form.add_error(None, gettext("Il n’y a pas assez de places pour cette réservation."))
            except AlreadyRegistered:
                form.add_error(None, gettext("Cette adresse a déjà une réservation à cette date."))
            except OfferGone:
                form.add_error(None, gettext("L’événement a commencé, ou la réservation vient de changer."))
            else:
                messages.success(request, done)
                return redirect("admin:events_booking_change", booking.pk)
        return form_page(self, request, booking, form, **words)
