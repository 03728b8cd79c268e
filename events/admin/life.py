"""The page that says what becomes of an event: its places, its money, who waits, what was answered."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext

from events.life import Life
from events.models import Booking, Event
from events.plots import Curve, Segment, bar


class LifePage(admin.ModelAdmin):
    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.life)
        return [path("<int:pk>/vie/", view, name="events_event_life"), *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {"sees_life": self._sees_life(request), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def _sees_life(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and request.user.has_perm("events.view_booking")

    def life(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self._sees_life(request):
            raise PermissionDenied
        event = get_object_or_404(Event, pk=pk)
        life = Life(event)
        context = {
            "title": gettext("La vie de l’événement"),
            "original": event,
            "opts": self.opts,
            "life": life,
            "bar": _bar_of(life),
            "curve": Curve.of(life.days, last=life.last_day, limit=life.event.capacity),
            "sees_money": request.user.has_perm("payments.view_charge"),
            "sees_needs": request.user.has_perm("events.view_accessneed"),
            "sees_feedback": request.user.has_perm("events.view_feedback"),
            "sees_messages": request.user.has_perm("events.view_groupmessage"),
            "may_write": request.user.has_perm("events.add_groupmessage"),
        }
        return TemplateResponse(
            request, "admin/events/event/life.html", self.admin_site.each_context(request) | context
        )


def _bar_of(life: Life) -> list[Segment]:
    state = Booking.State
    parts: list[Any] = [
        (name.value, name.label, life.taken.get(name, 0))
        for name in (state.CONFIRMED, state.HELD, state.OFFERED)
    ]
    parts.append(("kept", gettext("gardée pour un tarif"), life.kept))
    if life.event.capacity is not None:
        taken = sum(size for _name, _label, size in parts)
        parts.append(("free", gettext("libre"), max(life.event.capacity - taken, 0)))
    return bar(parts)
