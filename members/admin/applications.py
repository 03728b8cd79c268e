from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.timesince import timesince
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.admin_pages import StateFilter
from documents.days import in_words
from members.admin.application_verbs import ApplicationVerbs
from members.lookalikes import lookalikes
from members.models import Application
from members.offers import OfferRefused
from payments.admin import charge_link
from payments.money import euros


class ApplicationStateFilter(StateFilter):
    """The board's queue unless another is asked for."""

    FIRST = "to_decide"
    states = {
        "to_decide": (_("à décider"), lambda rows: rows.to_decide()),
        "to_complete": (_("à compléter"), lambda rows: rows.filter(state="to_complete")),
        "to_pay": (_("en attente de paiement"), lambda rows: rows.to_pay()),
        "to_place": (_("payée, dates à fixer"), lambda rows: rows.to_place()),
        "done": (_("terminée"), lambda rows: rows.filter(state="done")),
        "refused": (_("refusée"), lambda rows: rows.filter(state="refused")),
        "abandoned": (_("abandonnée"), lambda rows: rows.filter(state="abandoned")),
        "all": (_("toutes"), lambda rows: rows),
    }

    def value(self) -> str | None:
        return super().value() or self.FIRST

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        choices = iter(super().choices(changelist))
        next(choices)  # « all » of Django, which here is the queue
        yield from choices


@admin.register(Application)
class ApplicationAdmin(ApplicationVerbs):
    list_display = ["name", "decide", "plan", "total", "state", "since", "known_as", "charge_link"]
    list_filter = [ApplicationStateFilter, "plan"]
    list_select_related = ["plan", "charge", "member"]
    search_fields = ["first_name", "last_name", "organisation", "email"]
    ordering = ["state_since"]
    fieldsets = [
        (None, {"fields": ["state", "since", "plan", "announced", "message", "proof_link", "member"]}),
        (
            _("Qui"),
            {
                "fields": [
                    "organisation",
                    "siret",
                    "headcount",
                    "first_name",
                    "last_name",
                    "email",
                    "phone",
                    "birth_year",
                ]
            },
        ),
        (
            _("Adresse et facturation"),
            {
                "classes": ["collapse"],
                "fields": [
                    "address",
                    "postcode",
                    "city",
                    "country",
                    "billing_email",
                    "purchase_order",
                    "service_code",
                    "engagement_number",
                ],
            },
        ),
        (_("Suite"), {"fields": ["answer", "decided_by", "charge", "membership", "created_at", "user"]}),
    ]
    readonly_fields = ["since", "announced", "proof_link"]

    @admin.display(description=_("nom"), ordering="last_name")
    def name(self, application: Application) -> str:
        return application.display_name or gettext("effacé")

    @admin.display(description=_("montant"), ordering="amount")
    def total(self, application: Application) -> str:
        return euros(application.amount)

    @admin.display(description=_("depuis"), ordering="state_since")
    def since(self, application: Application) -> str:
        return timesince(application.state_since, depth=1)

    @admin.display(description=_("adhérent"), ordering="member", empty_value="–")
    def known_as(self, application: Application) -> str | None:
        return application.member.number if application.member else None

    @admin.display(description=_("somme due"), ordering="charge", empty_value="–")
    def charge_link(self, application: Application) -> str | None:
        return charge_link(application.charge)

    @admin.display(description=_("décision"), empty_value="–")
    def decide(self, application: Application) -> str | None:
        """A button of the form that the list is in: one click, and its token."""
        if not application.is_to_decide:
            return None
        url = reverse("admin:members_application_accept", args=[application.pk])
        label = gettext("Accepter la demande de %s") % application.display_name
        return format_html(
            '<button type="submit" class="button" formaction="{}" aria-label="{}">{}</button>',
            url,
            label,
            gettext("Accepter"),
        )

    @admin.display(description=_("annoncé"))
    def announced(self, application: Application) -> str:
        """What was shown to the applicant, and what the member they are said to be would have if it were accepted now."""
        if application.starts_on is None or application.ends_on is None:
            return "–"
        told = _in_words(application.starts_on, application.ends_on, application.amount)
        if not application.is_to_decide or not application.member:
            return told
        try:
            offer = application.offer(on=timezone.localdate(), is_due=True)
        except OfferRefused as refusal:
            return f"{told} {refusal.in_words()}"
        now = _in_words(offer.starts_on, offer.ends_on, offer.total)
        return (
            told
            if now == told
            else gettext("%(told)s Aujourd’hui\u00a0: %(now)s") % {"told": told, "now": now}
        )

    @admin.display(description=_("justificatif"))
    def proof_link(self, application: Application) -> str:
        if not application.proof:
            return gettext("aucun")
        url = reverse("admin:members_application_proof", args=[application.pk])
        return format_html('<a href="{}">{}</a>', url, gettext("Télécharger le justificatif"))

    def get_list_display(self, request: HttpRequest) -> Any:
        shown = super().get_list_display(request)
        return shown if self.has_act_permission(request) else [name for name in shown if name != "decide"]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {"may_decide": self.has_act_permission(request), **(extra_context or {})}
        application = self.get_object(request, object_id)
        if application and application.is_to_decide and self.has_view_permission(request, application):
            context["lookalikes"] = lookalikes(application)
        return super().change_view(request, object_id, form_url, context)


def _in_words(starts_on: Any, ends_on: Any, amount: Any) -> str:
    return gettext("Du %(start)s au %(end)s inclus, %(amount)s.") % {
        "start": in_words(starts_on),
        "end": in_words(ends_on),
        "amount": euros(amount),
    }
