"""How the lists of bookings and of places are narrowed."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from accounts.admin_pages import StateFilter
from events.models import Booking, Event
from payments.models import Charge, Refund


class EventFilter(admin.SimpleListFilter):
    """Those that still take place, the next first, and the one that was asked for."""

    title = _("événement")
    parameter_name = "event"
    path: ClassVar = "event"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        shown = Q(ends_at__gt=timezone.now()) & ~Q(status=Event.Status.DRAFT)
        asked = request.GET.get(self.parameter_name, "")
        if asked.isdecimal():
            shown |= Q(pk=asked)
        events = (
            Event.objects.filter(shown).order_by("starts_at", "pk").values_list("pk", "starts_at", "title")
        )
        return [
            (str(pk), f"{date_format(timezone.localtime(starts_at), 'j N Y')} – {title}")
            for pk, starts_at, title in events[:100]
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(**{self.path: value}) if value and value.isdecimal() else queryset


class BookingEventFilter(EventFilter):
    path = "booking__event"


class EventWhenFilter(StateFilter):
    title = _("date de l’événement")
    parameter_name = "when"
    states = {
        "upcoming": (_("à venir"), lambda rows: rows.filter(event__ends_at__gt=timezone.now())),
        "past": (_("passés"), lambda rows: rows.filter(event__ends_at__lte=timezone.now())),
    }


class BookingWhenFilter(StateFilter):
    title = _("date de l’événement")
    parameter_name = "when"
    states = {
        "upcoming": (_("à venir"), lambda rows: rows.filter(booking__event__ends_at__gt=timezone.now())),
        "past": (_("passés"), lambda rows: rows.filter(booking__event__ends_at__lte=timezone.now())),
    }


class MoneyFilter(StateFilter):
    title = _("argent")
    parameter_name = "money"
    states = {
        "due": (_("reste à régler"), lambda rows: rows.filter(charge__in=Charge.objects.unpaid())),
        "received": (_("réglé"), lambda rows: rows.filter(charge__paid_at__isnull=False)),
        "refund": (
            _("à rembourser"),
            lambda rows: rows.filter(charge__in=Refund.objects.to_make().values("charge")),
        ),
    }


def _in_state(state: str) -> Callable[[Any], Any]:
    return lambda places: places.in_state(state)


class PlaceFilter(StateFilter):
    """A place is in the state of its booking, unless it was given back alone."""

    title = _("place")
    parameter_name = "place"
    states = {
        "confirmed": (_("confirmée"), lambda places: places.confirmed()),
        "taken": (_("prise : confirmée, retenue ou proposée"), lambda places: places.holding_place()),
        "waiting": (_("en attente"), lambda places: places.waiting()),
        "live": (_("en cours"), lambda places: places.live()),
        "back": (_("rendue"), lambda places: places.exclude(cancelled_at=None)),
        **{state: (state.label, _in_state(state)) for state in (Booking.State.REQUESTED, *Booking.UNTIL)},
    }
