from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.admin_pages import StateFilter, act, confirm
from events.admin.content import PICTURES, AppearanceInline, ResourceInline, SlotInline
from events.admin.copies import CopiesAdmin
from events.admin.forms import MOMENTS, EventForm
from events.admin.life import LifePage
from events.admin.papers import paper_urls
from events.admin.reminders import ReminderRuleInline
from events.admin.terms import PriceInline, PromoCodeInline, QuestionInline
from events.models import Event


class WhenFilter(StateFilter):
    title = _("date")
    parameter_name = "when"
    states = {
        "upcoming": (_("à venir"), lambda events: events.filter(ends_at__gt=timezone.now())),
        "past": (_("passés"), lambda events: events.filter(ends_at__lte=timezone.now())),
    }


class PlacesFilter(StateFilter):
    title = _("places")
    parameter_name = "places"
    states = {"queued": (_("complet, avec liste d’attente"), lambda events: events.queued())}


@admin.register(Event)
class EventAdmin(LifePage, CopiesAdmin):
    form = EventForm
    formfield_overrides = {
        **MOMENTS,
        **PICTURES,
        models.ManyToManyField: {"widget": forms.CheckboxSelectMultiple},
        models.URLField: {"assume_scheme": "https"},
    }
    list_display = ["title", "begins", "kind", "status", "places", "registrations"]
    list_filter = ["status", WhenFilter, PlacesFilter, "kind", "level"]
    search_fields = ["title", "summary", "venue"]
    prepopulated_fields = {"slug": ["title"]}
    readonly_fields = ["status", "places", "registrations", "series_to_see", "updated_at"]
    inlines = [
        AppearanceInline,
        SlotInline,
        PriceInline,
        PromoCodeInline,
        QuestionInline,
        ResourceInline,
        ReminderRuleInline,
    ]
    actions = ["publish", "cancel"]
    fieldsets = [
        (
            _("Quoi"),
            {"fields": ["title", "slug", ("kind", "training"), "summary", "description", "language"]},
        ),
        (_("Image"), {"fields": ["image", "image_alt"]}),
        (_("Quand"), {"fields": [("starts_at", "ends_at")]}),
        (_("Où"), {"fields": ["format", "venue", "address", ("latitude", "longitude"), "access"]}),
        (_("Accessibilité"), {"fields": ["accessibility", "accessibility_email"]}),
        (_("En ligne"), {"fields": ["online_url", "link_shown_hours"]}),
        (_("Pour qui, avec qui"), {"fields": ["audiences", "level", "themes", "partners"]}),
        (
            _("Places et tarifs"),
            {
                "fields": [
                    ("capacity", "max_places"),
                    ("has_waiting_list", "queue_closes_hours"),
                    ("needs_approval", "is_members_only", "allows_invoice"),
                    ("registration_opens_at", "registration_closes_at"),
                    ("cancellation_fee", "refunds_until"),
                ]
            },
        ),
        (_("Où on en est"), {"fields": ["status", "places", "registrations", "series_to_see", "updated_at"]}),
    ]

    def get_urls(self) -> list[URLPattern]:
        return [*paper_urls(self), *super().get_urls()]

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
        return format_html('<a href="{}?event={}">{}</a>', url, event.pk, gettext("Voir la liste"))

    @admin.display(description=_("série"), empty_value="–")
    def series_to_see(self, event: Event) -> str | None:
        if event.series_id is None:
            return None
        url = reverse("admin:events_event_changelist")
        return format_html(
            '<a href="{}?series__id__exact={}">{}</a>', url, event.series_id, gettext("Voir les dates")
        )

    def get_inlines(self, request: HttpRequest, obj: Event | None) -> Any:
        """A new event has the rules of every event: they are changed once it exists."""
        return [inline for inline in self.inlines if obj or inline is not ReminderRuleInline]

    def save_model(self, request: HttpRequest, obj: Event, form: Any, change: bool) -> None:
        """Write what this form changed and nothing else, so that a page left open undoes no verb."""
        if not change:
            obj.save()
            return
        form.before = obj.locked().particulars
        columns = {field.name for field in obj._meta.concrete_fields}
        obj.save(update_fields=[*columns.intersection(form.changed_data), "updated_at"])

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Then tell what changed, serve those who wait if there is room now, and publish if that is the button."""
        super().save_related(request, form, formsets, change)
        event: Event = form.instance
        if change and (count := event.announce_changes(before=form.before)):
            said = ngettext(
                "%d personne est prévenue du changement.", "%d personnes sont prévenues du changement.", count
            )
            messages.info(request, said % count)
        if served := len(event.serve_queue()):
            told = ngettext(
                "%d réservation de la liste d’attente a reçu une proposition.",
                "%d réservations de la liste d’attente ont reçu une proposition.",
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
        can = {"can_act": self.has_change_permission(request), "can_copy": self.has_add_permission(request)}
        context = {**can, **(extra_context or {})}
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
