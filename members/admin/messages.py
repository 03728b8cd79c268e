"""Writing to members who were selected: a draft, the message as it will be received and by whom, then its sending."""

from typing import Any, cast

from csp.constants import SELF
from csp.decorators import csp, csp_update
from django import forms
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
from django.views.decorators.http import require_POST

from accounts.admin_pages import ReadOnlyAdmin, form_page
from accounts.models import User
from journal import trail
from mailing.admin import PREVIEW_POLICY
from mailing.broadcast_admin import BroadcastAdmin, SentFilter
from members import emails, tasks
from members.admin import searches
from members.models import Group, LeftOut, MemberMessage, SavedSearch

SHOWN = 200  # twice as many boxes and lines stay under what a form may send


class MemberMessageForm(forms.ModelForm):
    class Meta:
        model = MemberMessage
        fields = ["subject", "text", "is_service", "service_reason"]
        widgets = {
            "subject": forms.TextInput(attrs={"class": "vTextField"}),
            "text": forms.Textarea(attrs={"rows": 12, "class": "vLargeTextField"}),
            "service_reason": forms.TextInput(attrs={"class": "vTextField"}),
        }

    def __init__(self, *args: Any, may_serve: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_serve:
            del self.fields["is_service"], self.fields["service_reason"]

    def clean_text(self) -> str:
        return "\n".join(self.cleaned_data["text"].splitlines())

    def clean(self) -> None:
        if self.cleaned_data.get("is_service") and not self.cleaned_data.get("service_reason"):
            self.add_error("service_reason", gettext("Dites pourquoi ce message ne se refuse pas."))


@admin.register(MemberMessage)
class MemberMessageAdmin(BroadcastAdmin, ReadOnlyAdmin):
    """The log of what was sent, and the pages of a draft."""

    list_display = ["__str__", "audience", "is_service", "author", "sent_at", "queued", "sent", "failed"]
    list_filter = [SentFilter, "is_service"]
    list_select_related = ["author"]
    search_fields = ["subject", "text", "audience"]
    fields = ["audience", "subject", "text", "is_service", "service_reason", "author", "sent_at"]
    readonly_fields = ["audience", "author", "sent_at"]

    def get_urls(self) -> list[URLPattern]:
        def page(route: str, view: Any, name: str) -> URLPattern:
            return path(route, self.admin_site.admin_view(view), name=f"members_membermessage_{name}")

        return [
            page("ecrire/groupe/<int:pk>/", require_POST(self.write_to_group), "group"),
            page("ecrire/recherche/<int:pk>/", require_POST(self.write_to_search), "search"),
            page("<int:pk>/corriger/", self.edit, "edit"),
            page("<int:pk>/apercu/", self.preview, "preview"),
            page("<int:pk>/rendu/", self.frame, "frame"),
            *super().get_urls(),
        ]

    def has_write_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perms(["members.view_member", "members.add_membermessage"])

    # A draft

    def write_to_group(self, request: HttpRequest, pk: int) -> HttpResponse:
        self._refuse_unless_writer(request)
        group = get_object_or_404(Group, pk=pk)
        words = gettext("groupe «\u00a0%s\u00a0»") % group
        return self._draft_to(request, group.members.all(), words)

    def write_to_search(self, request: HttpRequest, pk: int) -> HttpResponse:
        self._refuse_unless_writer(request)
        search = get_object_or_404(SavedSearch.objects.visible_to(request.user), pk=pk)
        try:
            members = searches.run(request, search.query)
        except searches.BadSearch:
            messages.error(request, gettext("Un filtre de cette recherche n’existe plus\u00a0: refaites-la."))
            return redirect("admin:members_savedsearch_changelist")
        return self._draft_to(request, members, gettext("recherche «\u00a0%s\u00a0»") % search)

    def _draft_to(self, request: HttpRequest, members: Any, audience: str) -> HttpResponse:
        message = MemberMessage.draft(members, audience=audience, by=cast(User, request.user))
        return redirect("admin:members_membermessage_edit", message.pk)

    def edit(self, request: HttpRequest, pk: int) -> HttpResponse:
        message = self._draft(request, pk)
        may_serve = request.user.has_perm("members.send_service_message")
        form = MemberMessageForm(request.POST or None, instance=message, may_serve=may_serve)
        if form.is_valid():
            form.save()
            return redirect("admin:members_membermessage_preview", pk)
        return form_page(
            self,
            request,
            MemberMessage.objects.get(pk=pk),
            form,
            title=gettext("Écrire à des adhérents"),
            submit=gettext("Voir le message et qui le recevra"),
            note=gettext("Rien ne part encore\u00a0: la page suivante montre le message et qui le recevra."),
        )

    @method_decorator(csp_update({"frame-src": [SELF]}))
    def preview(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The message as the first will get it, who gets it, who does not and why; then the button that sends it."""
        self._refuse_unless_writer(request)
        message = get_object_or_404(MemberMessage, pk=pk)
        if request.method == "POST":
            return self._answer(request, message)
        chosen, left_out = message.readers()
        by_hand = [reader for reader, why in left_out if why == LeftOut.BY_HAND]
        others = [(reader, why) for reader, why in left_out if why != LeftOut.BY_HAND]
        context = {
            "title": gettext("Avant l’envoi") if message.is_draft else gettext("Déjà envoyé"),
            "original": message,
            "opts": self.opts,
            "chosen": chosen[:SHOWN],
            "more": max(len(chosen) - SHOWN, 0),
            "count": len(chosen),
            "by_hand": by_hand[:SHOWN],
            "by_hand_count": len(by_hand),
            "left_out": others[:SHOWN],
            "left_out_count": len(others),
            "more_left_out": max(len(others) - SHOWN, 0),
            "may_send": self._may_send(request, message),
        }
        return TemplateResponse(
            request,
            "admin/members/membermessage/preview.html",
            self.admin_site.each_context(request) | context,
        )

    @method_decorator(xframe_options_sameorigin)
    @method_decorator(csp(PREVIEW_POLICY))
    def frame(self, request: HttpRequest, pk: int) -> HttpResponse:
        message = self._draft(request, pk)
        chosen = message.readers().chosen
        if not chosen:
            raise Http404
        return HttpResponse(emails.member_message_preview(message, chosen[0])["html"])

    def _answer(self, request: HttpRequest, message: MemberMessage) -> HttpResponse:
        ticked = [int(pk) for pk in request.POST.getlist("left_out") if pk.isdecimal() and len(pk) < 19]
        shown = [int(pk) for pk in request.POST.getlist("shown") if pk.isdecimal() and len(pk) < 19]
        message.leave_out(ticked, among=shown)
        if "send" in request.POST:
            return self._send(request, message)
        return redirect("admin:members_membermessage_preview", message.pk)

    def _send(self, request: HttpRequest, message: MemberMessage) -> HttpResponse:
        if not self._may_send(request, message):
            raise PermissionDenied
        count, by = len(message.readers().chosen), cast(User, request.user)
        if message.is_draft and not (count and message.subject):
            messages.error(request, gettext("Il n’y a personne à qui écrire, ou rien d’écrit."))
            return redirect("admin:members_membermessage_preview", message.pk)
        with transaction.atomic():
            is_new = message.send(by=by)
            if is_new:
                told = (
                    ngettext("Le message part à %d adresse.", "Le message part à %d adresses.", count) % count
                )
                note = f"{told} {message.service_reason}".strip()
                trail.record(message, trail.Action.CHANGED, actor=by, note=note)
                self.log_change(request, message, told)
                message.start(tasks.send_member_message, count=count)
        if is_new:
            messages.success(request, told)
        else:
            messages.info(request, gettext("Ce message est déjà parti\u00a0: il ne part qu’une fois."))
        return redirect("admin:members_membermessage_change", message.pk)

    def _may_send(self, request: HttpRequest, message: MemberMessage) -> bool:
        return not message.is_service or request.user.has_perm("members.send_service_message")

    def _refuse_unless_writer(self, request: HttpRequest) -> None:
        if not self.has_write_permission(request):
            raise PermissionDenied

    def _draft(self, request: HttpRequest, pk: int) -> MemberMessage:
        self._refuse_unless_writer(request)
        message: MemberMessage = get_object_or_404(MemberMessage.objects.filter(sent_at=None), pk=pk)
        return message
