from typing import Any

from django.contrib import admin, messages
from django.db.models import Case, Count, Q, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.admin_pages import ReadOnlyAdmin, ReadOnlyInline, act, confirm
from events.admin.booking_verbs import BookingVerbs
from events.admin.filters import (
    BookingEventFilter,
    BookingWhenFilter,
    EventFilter,
    EventWhenFilter,
    MoneyFilter,
    PlaceFilter,
)
from events.admin.papers import ExportsAttendees
from events.models import Answer, Booking, EventFull, EventOver, Registration
from payments.admin import charge_link

WARNING = _(
    "Chaque personne sera prévenue par e-mail, ce que l’événement rembourse sera à rembourser, et les places iront à "
    "la liste d’attente."
)


@admin.register(Registration)
class RegistrationAdmin(ExportsAttendees, ReadOnlyAdmin):
    """One place of one person."""

    list_display = ["name", "state", "event", "email", "price", "amount"]
    list_filter = [PlaceFilter, BookingEventFilter, BookingWhenFilter]
    list_select_related = ["booking__event", "price"]
    search_fields = ["name", "email", "booking__event__title"]
    fields = ["name", "email", "event", "state", "price", "promo_code", "amount", "booking", "cancelled_at"]
    readonly_fields = ["event", "state"]
    ordering = ["-pk"]
    actions = ["cancel", *ExportsAttendees.actions]

    @admin.display(description=_("événement"), ordering="booking__event")
    def event(self, registration: Registration) -> str:
        return str(registration.event)

    @admin.display(description=_("état"), ordering="booking__state")
    def state(self, registration: Registration) -> str:
        cancelled = Booking.State.CANCELLED.label
        return str(cancelled if registration.cancelled_at else registration.booking.get_state_display())

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {"can_act": self.has_act_permission(request), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    @admin.action(description=_("Annuler la place"), permissions=["act"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Registration]) -> HttpResponse | None:
        page = confirm(
            self,
            request,
            queryset,
            title=gettext("Annuler ces places"),
            warning=f"{WARNING} {gettext('Les autres places de chaque réservation restent.')}",
            submit=gettext("Annuler et prévenir"),
        )
        if page is None:
            places = queryset.select_related("booking__event")
            done = act(self, request, places, self._cancel, history=gettext("Place annulée."))
            messages.info(request, ngettext("%d place annulée.", "%d places annulées.", done) % done)
        return page

    @staticmethod
    def _cancel(registration: Registration) -> str | None:
        if not registration.is_live:
            return gettext("cette place n’est plus en cours.")
        try:
            registration.booking.cancel(registration)
        except EventOver:
            return gettext("l’événement a commencé ou est passé.")
        return None


class PlaceInline(ReadOnlyInline):
    model = Registration
    fields = ["who", "email", "price", "promo_code", "amount", "cancelled_at"]
    readonly_fields = ["who"]
    verbose_name_plural = _("places")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Registration]:
        return super().get_queryset(request).select_related("price", "promo_code")

    @admin.display(description=_("nom"))
    def who(self, registration: Registration) -> str:
        url = reverse("admin:events_registration_change", args=[registration.pk])
        return format_html('<a href="{}">{}</a>', url, registration.name)


class AnswerInline(ReadOnlyInline):
    model = Answer
    fields = ["question", "registration", "text"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Answer]:
        return super().get_queryset(request).select_related("question", "registration")


@admin.register(Booking)
class BookingAdmin(BookingVerbs):
    """What waits for the team comes first; a queue, when it is asked for, is in the order in which it is served."""

    list_display = ["name", "state", "places", "event", "email", "queued_at", "charge_to_see"]
    list_filter = ["state", EventFilter, EventWhenFilter, MoneyFilter]
    list_select_related = ["event", "charge"]
    search_fields = ["name", "email", "event__title", "registrations__name", "registrations__email"]
    search_help_text = _("Nom ou adresse du contact ou d’une personne qui vient, ou titre de l’événement.")
    fields = [
        "name",
        "email",
        "user",
        "event",
        "state",
        "charge_to_see",
        "created_at",
        "queued_at",
        "confirmed_at",
        "expires_at",
        "cancelled_at",
        "invoice_to",
        "staff_reason",
    ]
    readonly_fields = ["charge_to_see", "created_at", "queued_at", "staff_reason"]
    inlines = [PlaceInline, AnswerInline]
    actions = ["approve", "cancel"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Booking]:
        kept = Count("registrations", filter=Q(registrations__cancelled_at=None), distinct=True)
        return super().get_queryset(request).annotate(kept=kept)

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        if request.GET.get("state__exact") in {Booking.State.WAITING, Booking.State.REQUESTED}:
            return ["queued_at", "pk"]
        first = Case(When(state=Booking.State.REQUESTED, then=Value(0)), default=Value(1))
        return [first, "-pk"]

    @admin.display(description=_("places"), ordering="kept")
    def places(self, booking: Any) -> int:
        return int(booking.kept)

    @admin.display(description=_("somme due"))
    def charge_to_see(self, booking: Booking) -> str:
        return charge_link(booking.charge) or "–"

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {"can_act": self.has_act_permission(request), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    @admin.action(description=_("Accepter la demande"), permissions=["act"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Booking]) -> HttpResponse | None:
        page = confirm(
            self,
            request,
            queryset,
            title=gettext("Accepter ces demandes"),
            warning=gettext(
                "Chacune reçoit ses places s’il en reste, sinon rejoint la liste d’attente au rang de sa demande. "
                "La personne est prévenue dans les deux cas."
            ),
            submit=gettext("Accepter et prévenir"),
        )
        if page is None:
            requests = queryset.select_related("event").order_by("queued_at", "pk")
            done = act(self, request, requests, self._approve, history=gettext("Demande acceptée."))
            messages.info(request, ngettext("%d demande acceptée.", "%d demandes acceptées.", done) % done)
        return page

    @staticmethod
    def _approve(booking: Booking) -> str | None:
        if booking.state != Booking.State.REQUESTED:
            return gettext("cette réservation n’est plus à valider.")
        try:
            booking.approve()
        except EventOver:
            return gettext("l’événement a commencé ou est passé.")
        except EventFull:
            return gettext("il n’y a pas assez de places, et plus de liste d’attente à rejoindre.")
        return None

    @admin.action(description=_("Annuler la réservation"), permissions=["act"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Booking]) -> HttpResponse | None:
        page = confirm(
            self,
            request,
            queryset,
            title=gettext("Annuler ces réservations"),
            warning=str(WARNING),
            submit=gettext("Annuler et prévenir"),
        )
        if page is None:
            bookings = queryset.select_related("event")
            done = act(self, request, bookings, self._cancel, history=gettext("Réservation annulée."))
            messages.info(
                request, ngettext("%d réservation annulée.", "%d réservations annulées.", done) % done
            )
        return page

    @staticmethod
    def _cancel(booking: Booking) -> str | None:
        if not booking.is_live:
            return gettext("cette réservation n’est plus en cours.")
        try:
            booking.cancel()
        except EventOver:
            return gettext("l’événement a commencé ou est passé.")
        return None
