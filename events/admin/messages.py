"""Writing to a group of those who booked: a draft, the message as it will be received and by whom, then its sending."""

from typing import Any

from csp.constants import SELF
from csp.decorators import csp, csp_update
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext, ngettext
from django.views.decorators.clickjacking import xframe_options_sameorigin

from accounts.admin_pages import ReadOnlyAdmin, form_page
from events import emails, tasks
from events.admin.filters import EventFilter
from events.admin.message_form import GroupMessageForm
from events.models import Event, GroupMessage
from mailing.admin import PREVIEW_POLICY
from mailing.broadcast_admin import BroadcastAdmin, SentFilter

SHOWN = 500


@admin.register(GroupMessage)
class GroupMessageAdmin(BroadcastAdmin, ReadOnlyAdmin):
    """The log of what was sent. Who may add one writes it from the page of the event."""

    list_display = ["subject", "event", "audience", "author", "sent_at", "queued", "sent", "failed"]
    list_filter = [SentFilter, EventFilter]
    list_select_related = ["event", "author"]
    search_fields = ["subject", "text", "event__title"]
    fields = ["event", "audience", "subject", "text", "author", "sent_at", "queued", "sent", "failed"]
    readonly_fields = ["audience", "author", "sent_at", "queued", "sent", "failed"]

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("ecrire/<int:event_pk>/", wrap(self.write), name="events_groupmessage_write"),
            path("<int:pk>/corriger/", wrap(self.edit), name="events_groupmessage_edit"),
            path("<int:pk>/apercu/", wrap(self.preview), name="events_groupmessage_preview"),
            path("<int:pk>/rendu/", wrap(self.frame), name="events_groupmessage_frame"),
            *super().get_urls(),
        ]

    def has_write_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("events.add_groupmessage")

    def write(self, request: HttpRequest, event_pk: int) -> HttpResponse:
        self._refuse_unless_writer(request)
        event = get_object_or_404(Event, pk=event_pk)
        return self._form(request, GroupMessageForm(event, request.POST or None))

    def edit(self, request: HttpRequest, pk: int) -> HttpResponse:
        message = self._draft(request, pk)
        return self._form(request, GroupMessageForm(message.event, request.POST or None, instance=message))

    def _form(self, request: HttpRequest, form: GroupMessageForm) -> HttpResponse:
        if request.method == "POST" and form.is_valid():
            message = form.save()
            return redirect("admin:events_groupmessage_preview", message.pk)
        message, is_new = form.instance, form.instance.pk is None
        note = gettext("Rien ne part encore : la page suivante montre le message et qui le recevra.")
        return form_page(
            self.admin_site.get_model_admin(Event) if is_new else self,
            request,
            message.event if is_new else message,
            form,
            title=gettext("Écrire à un groupe"),
            submit=gettext("Voir le message et qui le recevra"),
            note=note,
        )

    @method_decorator(csp_update({"frame-src": [SELF]}))
    def preview(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The message as the first will get it, who gets it, who does not and why; then the button that sends it."""
        self._refuse_unless_writer(request)
        message = get_object_or_404(GroupMessage.objects.select_related("event", "price", "question"), pk=pk)
        if request.method == "POST":
            return self._send(request, message)
        chosen, excluded = message.recipients()
        context = {
            "title": gettext("Avant l’envoi") if message.is_draft else gettext("Déjà envoyé"),
            "original": message,
            "opts": self.opts,
            "chosen": chosen[:SHOWN],
            "more": max(len(chosen) - SHOWN, 0),
            "count": len(chosen),
            "excluded": excluded[:SHOWN],
            "more_excluded": max(len(excluded) - SHOWN, 0),
            "excluded_count": len(excluded),
        }
        return TemplateResponse(
            request,
            "admin/events/groupmessage/preview.html",
            self.admin_site.each_context(request) | context,
        )

    @method_decorator(xframe_options_sameorigin)
    @method_decorator(csp(PREVIEW_POLICY))
    def frame(self, request: HttpRequest, pk: int) -> HttpResponse:
        message = self._draft(request, pk)
        chosen = message.recipients().chosen
        if not chosen:
            raise Http404
        return HttpResponse(emails.group_message_preview(message, chosen[0])["html"])

    def _send(self, request: HttpRequest, message: GroupMessage) -> HttpResponse:
        staff: Any = request.user
        count = len(message.recipients().chosen)
        if message.is_draft and not count:
            messages.error(request, gettext("Ce groupe est vide : il n’y a personne à qui écrire."))
            return redirect("admin:events_groupmessage_preview", message.pk)
        with transaction.atomic():
            is_new = message.send(by=staff)
            if is_new:
                self.log_change(request, message.event, gettext("Message envoyé : %s") % message)
                message.start(tasks.send_group_message, count=count)
        if is_new:
            told = ngettext("Le message part à %d adresse.", "Le message part à %d adresses.", count) % count
            messages.success(request, told)
        else:
            messages.info(request, gettext("Ce message est déjà parti : il ne part qu’une fois."))
        return redirect("admin:events_groupmessage_change", message.pk)

    def _refuse_unless_writer(self, request: HttpRequest) -> None:
        if not self.has_write_permission(request):
            raise PermissionDenied

    def _draft(self, request: HttpRequest, pk: int) -> GroupMessage:
        self._refuse_unless_writer(request)
        drafts = GroupMessage.objects.filter(sent_at=None).select_related("event", "price", "question")
        return get_object_or_404(drafts, pk=pk)
