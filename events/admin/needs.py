from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.admin_pages import ReadOnlyAdmin, StateFilter, form_page
from events.admin.filters import EventFilter
from events.models import AccessNeed


class NeedStateFilter(StateFilter):
    states = {
        "open": (_("sans réponse"), lambda needs: needs.open()),
        "answered": (_("avec réponse"), lambda needs: needs.exclude(answered_at=None)),
    }


class NeedEventFilter(EventFilter):
    path = "registration__booking__event"


class ReplyForm(forms.Form):
    text = forms.CharField(
        label=_("Réponse"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 6, "class": "vLargeTextField"}),
    )


@admin.register(AccessNeed)
class AccessNeedAdmin(ReadOnlyAdmin):
    """For those whom the association asked to look after accessibility: nobody else has the right to see it."""

    list_display = ["registration", "event", "asked_at", "answered_at"]
    list_filter = [NeedStateFilter, NeedEventFilter]
    list_select_related = ["registration__booking__event"]
    search_fields = ["registration__name", "registration__booking__event__title"]
    fields = [
        "registration",
        "event",
        "text",
        "asked_at",
        "answer",
        "answered_at",
        "answered_by",
        "reply_link",
    ]
    readonly_fields = ["event", "asked_at", "answered_at", "answered_by", "reply_link"]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.reply)
        return [path("<int:pk>/repondre/", view, name="events_accessneed_reply"), *super().get_urls()]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_fields(request, obj)
        return (
            fields if self.has_act_permission(request) else [name for name in fields if name != "reply_link"]
        )

    @admin.display(description=_("événement"))
    def event(self, need: AccessNeed) -> str:
        return str(need.registration.event)

    @admin.display(description="")
    def reply_link(self, need: AccessNeed) -> str:
        url = reverse("admin:events_accessneed_reply", args=[need.pk])
        return format_html('<a href="{}">{}</a>', url, gettext("Répondre par e-mail"))

    def reply(self, request: HttpRequest, pk: int) -> HttpResponse:
        need = get_object_or_404(AccessNeed.objects.select_related("registration__booking__event"), pk=pk)
        if not self.has_act_permission(request):
            raise PermissionDenied
        staff: Any = request.user
        form = ReplyForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            need.reply(form.cleaned_data["text"], by=staff)
            self.log_change(request, need, gettext("Réponse envoyée."))
            messages.success(request, gettext("La réponse est partie, et reste notée ici."))
            return redirect("admin:events_accessneed_change", need.pk)
        return form_page(
            self,
            request,
            need,
            form,
            title=gettext("Répondre à un besoin d’accessibilité"),
            submit=gettext("Envoyer la réponse"),
            note=need.text,
        )
