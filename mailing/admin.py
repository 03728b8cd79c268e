from typing import Any

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp, csp_update
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.clickjacking import xframe_options_sameorigin

from mailing import tasks
from mailing.models import Email

# A mail is styled by attributes and shown in a frame of our own page: no script, no link to the outside.
PREVIEW_POLICY: dict[str, Any] = {
    "default-src": [NONE],
    "style-src": [UNSAFE_INLINE],
    "img-src": [SELF, "data:"],
    "base-uri": [NONE],
    "form-action": [NONE],
    "frame-ancestors": [SELF],
    "sandbox": [],
}


class StateFilter(admin.SimpleListFilter):
    title = _("état")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("stuck", _("bloqué")), *Email.State.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Email]) -> QuerySet[Email]:
        match self.value():
            case None:
                return queryset
            case "stuck":
                return queryset.filter(pk__in=Email.objects.stuck().order_by().values("pk"))
            case state:
                return queryset.filter(state=state)


@admin.register(Email)
class EmailAdmin(admin.ModelAdmin):
    """To read, and to send again: `change_email` gives the right to it, nothing here is ever edited."""

    list_display = ["to", "subject", "list", "state", "attempts", "created_at"]
    list_display_links = ["to", "subject"]
    list_filter = [StateFilter, "list"]
    search_fields = ["to", "subject", "key"]
    actions = ["send_again"]
    fields = [
        "to",
        "subject",
        "list",
        "state",
        "attempts",
        "created_at",
        "sent_at",
        "next_try_at",
        "purged_at",
        "last_error",
        "key",
        "attached",
        "readable_text",
    ]
    readonly_fields = ["attached", "readable_text"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_send_permission(self, request: HttpRequest) -> bool:
        return super().has_change_permission(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Email]:
        return super().get_queryset(request).defer("text", "html", "attachments")

    def get_urls(self) -> list[URLPattern]:
        preview = self.admin_site.admin_view(self.preview)
        return [path("<int:pk>/preview/", preview, name="mailing_email_preview"), *super().get_urls()]

    @admin.display(description=_("pièces jointes"), empty_value="–")
    def attached(self, email: Email) -> str:
        return ", ".join(attachment["name"] for attachment in email.attachments)

    @admin.display(description=_("texte"))
    def readable_text(self, email: Email) -> str:
        if email.purged_at:
            return gettext("Effacé : seule la trace de l’envoi est gardée.")
        return (
            gettext("Confidentiel : seule la personne à qui il est adressé le lit.")
            if email.is_secret
            else email.text
        )

    @method_decorator(csp_update({"frame-src": [SELF]}))
    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {"can_send": self.has_send_permission(request), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    @method_decorator(xframe_options_sameorigin)
    @method_decorator(csp(PREVIEW_POLICY))
    def preview(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The HTML part as it was sent, for the frame of the page of a message."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        email = get_object_or_404(Email, pk=pk, is_secret=False, purged_at=None)
        return HttpResponse(email.html)

    def _why_not(self, email: Email) -> str:
        """What keeps this message from leaving again, or nothing."""
        if email.purged_at:
            return gettext("effacé.")
        if email.state in Email.UNFINISHED:
            return gettext("déjà en file d’envoi.")
        return gettext("cette adresse ne veut plus de ces messages.") if email.is_refused else ""

    @admin.action(description=_("Envoyer de nouveau"), permissions=["send"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Email]) -> None:
        done = 0
        for email in queryset:
            if reason := self._why_not(email):
                messages.error(request, f"{email}\u00a0: {reason}")
                continue
            email.send_again()
            tasks.deliver.delay_on_commit(email.pk)  # type: ignore[attr-defined]
            self.log_change(request, email, gettext("Envoyé de nouveau."))
            done += 1
        if done:
            sent = ngettext("%d message repart.", "%d messages repartent.", done) % done
            messages.success(request, sent)
