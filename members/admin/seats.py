"""Who sits in an organisation, and who was invited."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.admin_pages import ReadOnlyAdmin, ReadOnlyInline, StateFilter, act, confirm
from accounts.models import User
from journal.admin import JournalledAdmin
from members.models import Invitation, Kind, MailDomain, Mandate, Member, normalise_email
from members.seats import AlreadySeated, NoSeatLeft, VoteNeedsMandate

DATES = ["starts_on", "ends_on"]


class MandateInline(ReadOnlyInline):
    model = Mandate
    fields = ["person", "email", "role", "is_voting", "is_dues_contact", *DATES]
    readonly_fields = ["person"]

    @admin.display(description=_("personne"))
    def person(self, mandate: Mandate) -> str:
        url = reverse("admin:members_mandate_change", args=[mandate.pk])
        return format_html('<a href="{}">{}</a>', url, mandate.name)


class MandateForm(forms.ModelForm):
    votes = forms.BooleanField(
        label=_("Vote pour l’organisation"),
        required=False,
        help_text=_("Une seule personne à la fois\u00a0: qui votait jusque-là ne vote plus."),
    )

    class Meta:
        model = Mandate
        fields = [
            "organisation",
            "role",
            "first_name",
            "last_name",
            "email",
            "user",
            "is_dues_contact",
            *DATES,
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["votes"].initial = self.instance.is_voting

    def clean_organisation(self) -> Member:
        """Locked until the seat is written."""
        organisation: Member = self.cleaned_data["organisation"].lock()
        if organisation.kind != Kind.ORGANISATION:
            raise forms.ValidationError(gettext("Une personne n’a pas de mandat à donner."))
        if self.instance.pk is None and organisation.seats_left == 0:
            raise forms.ValidationError(NoSeatLeft(organisation.seats or 0).in_words())
        return organisation

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("votes") and data.get("role") not in Mandate.REPRESENTING:
            self.add_error("votes", VoteNeedsMandate().in_words())
        if not (data.get("email") or data.get("user") or data.get("last_name")):
            self.add_error("email", gettext("Dites de qui il s’agit\u00a0: une adresse, ou un nom."))
        organisation = data.get("organisation") or (self.instance.pk and self.instance.organisation)
        if organisation and data.get("email") and self._is_seated(organisation, data["email"]):
            self.add_error("email", AlreadySeated().in_words())
        return data

    def _is_seated(self, organisation: Member, email: str) -> bool:
        seated = organisation.mandates.unfinished(on=timezone.localdate()).exclude(pk=self.instance.pk)
        return bool(seated.filter(email=normalise_email(email)).exists())


class MandateStateFilter(StateFilter):
    states = {
        "live": (_("en cours"), lambda rows: rows.live(on=timezone.localdate())),
        "ending": (
            _("se termine sous 30 jours"),
            lambda rows: rows.ending(on=timezone.localdate(), within=30),
        ),
        "over": (
            _("terminé"),
            lambda rows: rows.exclude(pk__in=rows.unfinished(on=timezone.localdate()).values("pk")),
        ),
    }


@admin.register(Mandate)
class MandateAdmin(JournalledAdmin):
    form = MandateForm
    list_display = ["name", "organisation", "role", "email", "is_voting", "is_dues_contact", *DATES]
    list_filter = [MandateStateFilter, "role", "is_voting"]
    list_select_related = ["organisation"]
    search_fields = ["first_name", "last_name", "email", "organisation__organisation"]
    raw_id_fields = ["organisation", "user"]
    fields = [
        "organisation",
        ("first_name", "last_name"),
        ("email", "user"),
        ("role", "votes", "is_dues_contact"),
        ("starts_on", "ends_on"),
    ]
    actions = ["withdraw"]

    def get_readonly_fields(self, request: HttpRequest, obj: Mandate | None = None) -> list[str]:
        return ["organisation"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_act_permission(self, request: HttpRequest) -> bool:
        return super().has_change_permission(request)

    @admin.display(description=_("personne"), ordering="last_name")
    def name(self, mandate: Mandate) -> str:
        return mandate.name

    def save_model(self, request: HttpRequest, obj: Mandate, form: Any, change: bool) -> None:
        """The vote is taken from whoever had it, or passes on."""
        had_vote, votes = obj.is_voting, form.cleaned_data["votes"]
        obj.organisation = obj.organisation.lock()
        obj.is_voting = False
        super().save_model(request, obj, form, change)
        obj.organisation.settle_vote(chosen=obj if votes else None, avoided=obj if had_vote else None)

    @admin.action(description=_("Retirer la place"), permissions=["act"])
    def withdraw(self, request: HttpRequest, queryset: QuerySet[Mandate]) -> HttpResponse | None:
        page = confirm(
            self,
            request,
            queryset.select_related("organisation"),
            title=gettext("Retirer ces places"),
            warning=gettext(
                "Les droits s’arrêtent aussitôt, chaque personne est prévenue, et le vote passe à quelqu’un d’autre."
            ),
            submit=gettext("Retirer ces places"),
        )
        if page is None:

            def withdraw(mandate: Mandate) -> str | None:
                if not mandate.is_unfinished(timezone.localdate()):
                    return gettext("ce mandat est terminé.")
                mandate.withdraw(by=cast(User, request.user), is_staff=True)
                return None

            done = act(self, request, queryset, withdraw, history=gettext("Place retirée."))
            messages.info(request, ngettext("%d place retirée.", "%d places retirées.", done) % done)
        return page


class InvitationStateFilter(StateFilter):
    states = {
        "open": (_("ouverte"), lambda rows: rows.open()),
        "accepted": (_("acceptée"), lambda rows: rows.exclude(accepted_at=None)),
        "expired": (_("expirée"), lambda rows: rows.unanswered().filter(expires_at__lte=timezone.now())),
        "cancelled": (_("annulée"), lambda rows: rows.exclude(cancelled_at=None)),
    }


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    list_display = ["email", "organisation", "role", "invited_by", "created_at", "expires_at", "accepted_at"]
    list_filter = [InvitationStateFilter]
    list_select_related = ["organisation", "invited_by"]
    search_fields = ["email", "organisation__organisation"]
    fields = [
        "email",
        "organisation",
        "role",
        "invited_by",
        "created_at",
        "expires_at",
        "accepted_at",
        "cancelled_at",
    ]
    actions = ["cancel"]

    @admin.action(description=_("Annuler l’invitation"), permissions=["act"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> HttpResponse | None:
        page = confirm(
            self,
            request,
            queryset,
            title=gettext("Annuler ces invitations"),
            warning=gettext("Leur lien ne sert plus, et la place qu’elles gardaient est libre."),
            submit=gettext("Annuler ces invitations"),
        )
        if page is None:

            def cancel(invitation: Invitation) -> str | None:
                if invitation.accepted_at or invitation.cancelled_at:
                    return gettext("cette invitation a déjà une réponse.")
                invitation.cancel(by=cast(User, request.user))
                return None

            done = act(self, request, queryset, cancel, history=gettext("Invitation annulée."))
            messages.info(
                request, ngettext("%d invitation annulée.", "%d invitations annulées.", done) % done
            )
        return page


class MailDomainStateFilter(StateFilter):
    states = {
        "open": (_("ouvert"), lambda rows: rows.open()),
        "closed": (_("fermé"), lambda rows: rows.exclude(closed_at=None)),
    }


@admin.register(MailDomain)
class MailDomainAdmin(ReadOnlyAdmin):
    list_display = ["domain", "organisation", "added_by", "verified_at", "closed_at"]
    list_filter = [MailDomainStateFilter]
    list_select_related = ["organisation", "added_by"]
    search_fields = ["domain", "organisation__organisation"]
    fields = ["domain", "organisation", "added_by", "verified_at", "closed_at"]
    actions = ["close"]

    @admin.action(description=_("Fermer le lien du domaine"), permissions=["act"])
    def close(self, request: HttpRequest, queryset: QuerySet[MailDomain]) -> HttpResponse | None:
        page = confirm(
            self,
            request,
            queryset,
            title=gettext("Fermer ces domaines"),
            warning=gettext("Leur lien ne sert plus. Les places déjà prises restent."),
            submit=gettext("Fermer ces domaines"),
        )
        if page is None:

            def close(domain: MailDomain) -> str | None:
                if domain.closed_at:
                    return gettext("ce domaine est déjà fermé.")
                domain.close(by=cast(User, request.user))
                return None

            done = act(self, request, queryset, close, history=gettext("Domaine fermé."))
            messages.info(request, ngettext("%d domaine fermé.", "%d domaines fermés.", done) % done)
        return page
