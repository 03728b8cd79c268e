from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.admin_pages import ReadOnlyAdmin, StateFilter, act, confirm
from events.models import Booking, EventOver, Registration
from payments.admin import charge_link


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


@admin.register(Registration)
class RegistrationAdmin(ReadOnlyAdmin):
    """One place of one person. What is done, is done to the booking."""

    list_display = ["name", "email", "event", "state", "price", "amount"]
    list_filter = ["booking__state", BookingWhenFilter]
    list_select_related = ["booking__event", "price"]
    search_fields = ["name", "email", "booking__event__title"]
    fields = ["name", "email", "event", "state", "price", "promo_code", "amount", "booking", "cancelled_at"]
    readonly_fields = ["event", "state"]
    ordering = ["-pk"]

    @admin.display(description=_("événement"), ordering="booking__event")
    def event(self, registration: Registration) -> str:
        return str(registration.event)

    @admin.display(description=_("état"), ordering="booking__state")
    def state(self, registration: Registration) -> str:
        cancelled = Booking.State.CANCELLED.label
        return str(cancelled if registration.cancelled_at else registration.booking.get_state_display())


@admin.register(Booking)
class BookingAdmin(ReadOnlyAdmin):
    list_display = ["name", "email", "event", "state", "expires_at", "charge_to_see"]
    list_filter = ["state", EventWhenFilter]
    list_select_related = ["event", "charge"]
    search_fields = ["name", "email", "event__title"]
    fields = [
        "name",
        "email",
        "user",
        "event",
        "state",
        "charge_to_see",
        "created_at",
        "confirmed_at",
        "expires_at",
        "cancelled_at",
        "invoice_to",
        "staff_reason",
    ]
    readonly_fields = ["charge_to_see", "staff_reason"]
    actions = ["cancel"]

    @admin.display(description=_("somme due"), empty_value="–")
    def charge_to_see(self, booking: Booking) -> str | None:
        return charge_link(booking.charge)

    @admin.action(description=_("Annuler la réservation"), permissions=["act"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Booking]) -> HttpResponse | None:
        page = confirm(
            self,
            request,
            queryset,
            title=gettext("Annuler ces réservations"),
            warning=gettext(
                "Chaque personne sera prévenue par e-mail, ce que l’événement rembourse sera à rembourser, et les "
                "places iront à la liste d’attente."
            ),
            submit=gettext("Annuler et prévenir"),
        )
        if page is None:
            done = act(self, request, queryset, self._cancel, history=gettext("Réservation annulée."))
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
