"""What staff take away of an event: the sheet to sign, and the list of who comes. Who took a list is noted."""

from collections.abc import Callable
from io import BytesIO

from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.models import User
from documents.spreadsheets import CONTENT_TYPES, as_csv, as_xlsx
from events.document_views import pdf
from events.exports import Attendees
from events.models import Event, Registration
from events.sign_in_sheet import sign_in_sheet


def paper_urls(model_admin: admin.ModelAdmin) -> list[URLPattern]:
    """The papers of one event, beside its page of the admin."""

    def paper(view: Callable[[HttpRequest, Event], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @require_safe
        def show(request: HttpRequest, pk: int) -> HttpResponseBase:
            if not request.user.has_perm("events.view_registration"):
                raise PermissionDenied
            return view(request, get_object_or_404(Event, pk=pk))

        return model_admin.admin_site.admin_view(show)

    return [
        path("<int:pk>/emargement.pdf", paper(event_sign_in_sheet), name="events_event_sign_in_sheet"),
        path("<int:pk>/inscriptions.csv", paper(event_csv), name="events_event_csv"),
        path("<int:pk>/inscriptions.xlsx", paper(event_xlsx), name="events_event_xlsx"),
    ]


def event_sign_in_sheet(request: HttpRequest, event: Event) -> HttpResponse:
    note(request, Event.objects.filter(pk=event.pk), gettext("Feuille d’émargement imprimée."))
    return pdf(sign_in_sheet(event), name=f"emargement-{event.slug}")


def event_csv(request: HttpRequest, event: Event) -> HttpResponseBase:
    return csv_file(request, Registration.objects.filter(booking__event=event), name=event.slug)


def event_xlsx(request: HttpRequest, event: Event) -> HttpResponseBase:
    return xlsx_file(request, Registration.objects.filter(booking__event=event), name=event.slug)


def csv_file(request: HttpRequest, places: QuerySet[Registration], *, name: str) -> HttpResponseBase:
    note_export(request, places, "CSV")
    lines = as_csv(Attendees(places))
    response = StreamingHttpResponse(lines, content_type=CONTENT_TYPES["csv"])
    return _attached(response, f"inscriptions-{name}.csv")


def xlsx_file(request: HttpRequest, places: QuerySet[Registration], *, name: str) -> HttpResponseBase:
    note_export(request, places, "XLSX")
    content = BytesIO()
    as_xlsx(Attendees(places), content)
    response = HttpResponse(content.getvalue(), content_type=CONTENT_TYPES["xlsx"])
    return _attached(response, f"inscriptions-{name}.xlsx")


def _attached(response: HttpResponseBase, filename: str) -> HttpResponseBase:
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def note_export(request: HttpRequest, places: QuerySet[Registration], form: str) -> None:
    count = places.count()
    told = ngettext(
        "Export %(form)s : %(count)d inscription.", "Export %(form)s : %(count)d inscriptions.", count
    )
    events = Event.objects.filter(pk__in=places.order_by().values("booking__event"))
    note(request, events, told % {"form": form, "count": count})


def note(request: HttpRequest, events: QuerySet[Event], what: str) -> None:
    """In the history of each event: who took it away, and when."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - the admin lets nobody else in
    LogEntry.objects.log_actions(user.pk, events, CHANGE, change_message=what)


class ExportsAttendees(admin.ModelAdmin):
    """Two actions on a list of places, kept as it was filtered."""

    actions = ["export_csv", "export_xlsx"]

    @admin.action(description=_("Exporter en CSV"), permissions=["view"])
    def export_csv(self, request: HttpRequest, queryset: QuerySet[Registration]) -> HttpResponseBase:
        return csv_file(request, queryset, name=f"{timezone.localdate():%Y-%m-%d}")

    @admin.action(description=_("Exporter en classeur XLSX"), permissions=["view"])
    def export_xlsx(self, request: HttpRequest, queryset: QuerySet[Registration]) -> HttpResponseBase:
        return xlsx_file(request, queryset, name=f"{timezone.localdate():%Y-%m-%d}")
