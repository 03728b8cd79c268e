from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.admin_pages import ReadOnlyAdmin, StateFilter, act, confirm
from events.admin_forms import EventForm, MomentInput
from events.models import Booking, Event, EventOver, Registration, Theme, Training
from payments.admin import charge_link


class WhenFilter(StateFilter):
    title = _("date")
    parameter_name = "when"
    states = {
        "upcoming": (_("à venir"), lambda events: events.filter(ends_at__gt=timezone.now())),
        "past": (_("passés"), lambda events: events.filter(ends_at__lte=timezone.now())),
    }


class EventWhenFilter(StateFilter):
    title = _("date de l’événement")
    parameter_name = "when"
    states = {
        "upcoming": (_("à venir"), lambda rows: rows.filter(event__ends_at__gt=timezone.now())),
        "past": (_("passés"), lambda rows: rows.filter(event__ends_at__lte=timezone.now())),
    }


class PlacesFilter(StateFilter):
    title = _("places")
    parameter_name = "places"
    states = {"queued": (_("complet, avec liste d’attente"), lambda events: events.queued())}


@admin.register(Event)
class EventAdmin(admin.ModelAdmin):
    form = EventForm
    formfield_overrides = {
        models.DateTimeField: {"form_class": forms.DateTimeField, "widget": MomentInput},
        models.ManyToManyField: {"widget": forms.CheckboxSelectMultiple},
        models.URLField: {"assume_scheme": "https"},
    }
    list_display = ["title", "begins", "kind", "status", "places", "registrations"]
    list_filter = ["status", WhenFilter, PlacesFilter, "kind", "level"]
    search_fields = ["title", "summary", "venue"]
    prepopulated_fields = {"slug": ["title"]}
    readonly_fields = ["status", "places", "registrations", "updated_at"]
    save_as = True
    actions = ["publish", "cancel"]
    fieldsets = [
        (_("Quoi"), {"fields": ["title", "slug", ("kind", "training"), "summary", "description"]}),
        (_("Quand"), {"fields": [("starts_at", "ends_at")]}),
        (_("Où"), {"fields": ["format", "venue", "address", "access", "online_url"]}),
        (_("Pour qui, avec qui"), {"fields": [("audience", "level"), "themes", "partners"]}),
        (
            _("Places et tarifs"),
            {
                "fields": [
                    ("capacity", "has_waiting_list"),
                    ("price", "member_price"),
                    ("registration_opens_at", "registration_closes_at"),
                ]
            },
        ),
        (_("Où on en est"), {"fields": ["status", "places", "registrations", "updated_at"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        events: QuerySet[Event] = Event.objects.with_places()
        return events

    @admin.display(description=_("début"), ordering="starts_at")
    def begins(self, event: Event) -> str:
        return date_format(timezone.localtime(event.starts_at), "SHORT_DATETIME_FORMAT")

    @admin.display(description=_("places"), ordering="taken", empty_value="–")
    def places(self, event: Event) -> str | None:
        if event.pk is None:
            return None
        limit = gettext("sans limite") if event.capacity is None else event.capacity
        queue = gettext(" + %d en attente") % event.queue_length if event.queue_length else ""
        return f"{event.places_taken}/{limit}{queue}"

    @admin.display(description=_("inscriptions"), empty_value="–")
    def registrations(self, event: Event) -> str | None:
        if event.pk is None:
            return None
        url = reverse("admin:events_registration_changelist")
        return format_html('<a href="{}?event__id__exact={}">{}</a>', url, event.pk, gettext("Voir la liste"))

    def save_model(self, request: HttpRequest, obj: Event, form: Any, change: bool) -> None:
        """Write what this form changed and nothing else, so that a page left open undoes no verb."""
        if not change:
            obj.save()
            return
        columns = {field.name for field in obj._meta.concrete_fields}
        obj.save(update_fields=[*columns.intersection(form.changed_data), "updated_at"])

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Then serve those who wait, if there is room now, and publish if that is the button."""
        super().save_related(request, form, formsets, change)
        event: Event = form.instance
        if served := event.promote_waiting():
            told = ngettext(
                "%d personne de la liste d’attente a reçu une place.",
                "%d personnes de la liste d’attente ont reçu une place.",
                served,
            )
            messages.info(request, told % served)
        if "_publish" in request.POST and self.has_change_permission(request, event):
            event.publish()

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {"can_act": self.has_change_permission(request), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    @admin.action(description=_("Publier"), permissions=["change"])
    def publish(self, request: HttpRequest, queryset: QuerySet[Event]) -> None:
        done = act(self, request, queryset, self._publish, history=gettext("Publié."))
        messages.info(request, ngettext("%d événement publié.", "%d événements publiés.", done) % done)

    @staticmethod
    def _publish(event: Event) -> str | None:
        if event.status != Event.Status.DRAFT:
            return gettext("seul un brouillon se publie.")
        event.publish()
        return None

    @admin.action(description=_("Annuler l’événement"), permissions=["change"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Event]) -> HttpResponse | None:
        page = confirm(
            self,
            request,
            queryset,
            title=gettext("Annuler ces événements"),
            warning=gettext(
                "Toutes les personnes inscrites ou en attente seront prévenues par e-mail, et ce qu’elles ont payé "
                "sera à rembourser. On ne revient pas sur une annulation."
            ),
            submit=gettext("Annuler et prévenir"),
        )
        if page is None:
            done = act(self, request, queryset, self._cancel, history=gettext("Annulé."))
            messages.info(request, ngettext("%d événement annulé.", "%d événements annulés.", done) % done)
        return page

    @staticmethod
    def _cancel(event: Event) -> str | None:
        if event.status == Event.Status.CANCELLED:
            return gettext("cet événement est déjà annulé.")
        event.cancel()
        return None


@admin.register(Registration)
class RegistrationAdmin(ReadOnlyAdmin):
    list_display = ["name", "email", "event", "state", "expires_at", "charge"]
    list_filter = ["state", EventWhenFilter]
    list_select_related = ["event", "booking__charge"]
    search_fields = ["name", "email", "event__title"]
    fields = [
        "name",
        "email",
        "event",
        "state",
        "charge",
        "booking",
        "confirmed_at",
        "expires_at",
        "cancelled_at",
    ]
    readonly_fields = ["charge"]
    ordering = ["-pk"]
    actions = ["cancel"]

    @admin.display(description=_("somme due"), empty_value="–")
    def charge(self, registration: Registration) -> str | None:
        return charge_link(registration.booking.charge)

    @admin.action(description=_("Annuler l’inscription"), permissions=["act"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Registration]) -> HttpResponse | None:
        page = confirm(
            self,
            request,
            queryset,
            title=gettext("Annuler ces inscriptions"),
            warning=gettext(
                "Chaque personne sera prévenue par e-mail, ce qu’elle a payé sera à rembourser, et sa place ira à la "
                "liste d’attente."
            ),
            submit=gettext("Annuler et prévenir"),
        )
        if page is None:
            done = act(self, request, queryset, self._cancel, history=gettext("Inscription annulée."))
            messages.info(
                request, ngettext("%d inscription annulée.", "%d inscriptions annulées.", done) % done
            )
        return page

    @staticmethod
    def _cancel(registration: Registration) -> str | None:
        if not registration.is_live:
            return gettext("cette inscription n’est plus en cours.")
        try:
            registration.booking.cancel()
        except EventOver:
            return gettext("l’événement a commencé ou est passé.")
        return None


@admin.register(Booking)
class BookingAdmin(ReadOnlyAdmin):
    list_display = ["name", "email", "event", "created_at"]
    list_filter = [EventWhenFilter]
    list_select_related = ["event"]
    search_fields = ["name", "email", "event__title"]
    fields = ["name", "email", "user", "event", "charge", "created_at"]


@admin.register(Training)
class TrainingAdmin(admin.ModelAdmin):
    list_display = ["title", "duration_hours", "next_session", "is_published"]
    list_filter = ["is_published"]
    search_fields = ["title", "summary"]
    prepopulated_fields = {"slug": ["title"]}
    fields = [
        ("title", "slug"),
        "summary",
        "objectives",
        "prerequisites",
        "programme",
        ("duration_hours", "is_published"),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Training]:
        trainings: QuerySet[Training] = Training.objects.with_next_session()
        return trainings

    @admin.display(description=_("prochaine session"), ordering="next_session_at", empty_value="–")
    def next_session(self, training: Any) -> Any:
        return training.next_session_at


@admin.register(Theme)
class ThemeAdmin(admin.ModelAdmin):
    list_display = ["name", "slug"]
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}
