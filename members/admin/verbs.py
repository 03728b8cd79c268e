"""What staff do to a member, a page each. Each leaves a line in the journal, with who and why."""

from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext

from accounts.admin_pages import form_page
from accounts.models import User
from journal import trail
from members.admin.verb_forms import DecisionForm, DepartureForm, MembershipForm, NoteForm, ReasonForm
from members.models import AlreadyGone, Member, Note, PeriodOverlap

RIGHTS = {
    "membership": "members.add_membership",
    "departure": "members.add_departure",
    "departure_cancel": "members.change_departure",
    "decision": "members.add_statusoverride",
    "decision_cancel": "members.change_statusoverride",
    "note": "members.add_note",
    "card": "members.change_member",
}


class MemberVerbs(admin.ModelAdmin):
    def get_urls(self) -> list[URLPattern]:
        def page(route: str, view: Any, name: str) -> URLPattern:
            return path(route, self.admin_site.admin_view(view), name=f"members_member_{name}")

        return [
            page("<int:pk>/membership/", self.add_membership, "membership"),
            page("<int:pk>/depart/", self.note_departure, "departure"),
            page("<int:pk>/depart/annuler/", self.cancel_departure, "departure_cancel"),
            page("<int:pk>/etat/", self.decide_status, "decision"),
            page("<int:pk>/etat/<int:decision>/annuler/", self.cancel_decision, "decision_cancel"),
            page("<int:pk>/note/", self.add_note, "note"),
            page("<int:pk>/carte/", self.replace_card, "card"),
            *super().get_urls(),
        ]

    def may(self, request: HttpRequest, verb: str) -> bool:
        return self.has_view_permission(request) and request.user.has_perm(RIGHTS[verb])

    def _subject(self, request: HttpRequest, pk: int, verb: str) -> Member:
        if not self.may(request, verb):
            raise PermissionDenied
        return get_object_or_404(Member, pk=pk)

    def _record(
        self, request: HttpRequest, member: Member, action: trail.Action, sentence: str, *, reason: str = ""
    ) -> None:
        """In the transaction of the verb."""
        note = f"{sentence} {reason}".strip()
        trail.record(member, action, actor=cast(User, request.user), note=note)
        self.log_change(request, member, note)
        messages.success(request, sentence)

    def _page(
        self, request: HttpRequest, member: Member, form: Any, title: str, submit: str, note: str
    ) -> HttpResponse:
        return form_page(self, request, member, form, title=title, submit=submit, note=note)

    def add_membership(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Grant a period by hand, without a charge."""
        member = self._subject(request, pk, "membership")
        form = MembershipForm(request.POST or None, member=member)
        if form.is_valid():
            try:
                with transaction.atomic():
                    membership = member.add_membership(**form.cleaned_data)
                    sentence = gettext("Adhésion ajoutée\u00a0: %s.") % membership
                    self._record(request, member, trail.Action.CHANGED, sentence)
                return redirect("admin:members_member_change", pk)
            except PeriodOverlap:
                form.add_error("starts_on", gettext("Ces dates chevauchent une autre adhésion."))
        return self._page(
            request,
            member,
            form,
            gettext("Ajouter une adhésion"),
            gettext("Ajouter cette adhésion"),
            gettext("Rien ne sera à payer et aucun message ne part."),
        )

    def note_departure(self, request: HttpRequest, pk: int) -> HttpResponse:
        member = self._subject(request, pk, "departure")
        form = DepartureForm(request.POST or None)
        if form.is_valid():
            try:
                with transaction.atomic():
                    departure = member.leave(**form.cleaned_data, by=cast(User, request.user))
                    sentence = gettext("Départ noté\u00a0: %s.") % departure
                    self._record(
                        request, member, trail.Action.DECIDED, sentence, reason=form.cleaned_data["reason"]
                    )
                return redirect("admin:members_member_change", pk)
            except AlreadyGone:
                form.add_error(None, gettext("Un départ est déjà noté pour cette fiche."))
        return self._page(
            request,
            member,
            form,
            gettext("Noter un départ"),
            gettext("Noter ce départ"),
            gettext(
                "Les cotisations échues restent dues (loi de 1901, article 4). Une demande en cours est abandonnée. "
                "Aucun message ne part. Pour rembourser une période, ouvrez l’adhésion."
            ),
        )

    def cancel_departure(self, request: HttpRequest, pk: int) -> HttpResponse:
        member = self._subject(request, pk, "departure_cancel")
        departure = member.departures.filter(cancelled_at=None, rejoined_on=None).first()
        if departure is None:
            messages.info(request, gettext("Aucun départ n’est à annuler."))
            return redirect("admin:members_member_change", pk)
        form = ReasonForm(request.POST or None)
        if form.is_valid():
            with transaction.atomic():
                if departure.cancel():
                    sentence = gettext("Départ annulé\u00a0: %s.") % departure
                    self._record(request, member, trail.Action.UNDONE, sentence, **form.cleaned_data)
            return redirect("admin:members_member_change", pk)
        return self._page(
            request,
            member,
            form,
            gettext("Annuler le départ"),
            gettext("Annuler ce départ"),
            gettext("%s. Ses périodes comptent de nouveau\u202f; une demande abandonnée ne revient pas.")
            % departure,
        )

    def decide_status(self, request: HttpRequest, pk: int) -> HttpResponse:
        member = self._subject(request, pk, "decision")
        form = DecisionForm(request.POST or None)
        if form.is_valid():
            with transaction.atomic():
                decision = member.decide_status(**form.cleaned_data, by=cast(User, request.user))
                self._record(
                    request, member, trail.Action.DECIDED, gettext("État décidé\u00a0: %s.") % decision
                )
            return redirect("admin:members_member_change", pk)
        return self._page(
            request,
            member,
            form,
            gettext("Décider un état"),
            gettext("Décider cet état"),
            gettext(
                "Cette décision passe avant les périodes, pas avant un départ. La personne en lit la raison sur son compte."
            ),
        )

    def cancel_decision(self, request: HttpRequest, pk: int, decision: int) -> HttpResponse:
        member = self._subject(request, pk, "decision_cancel")
        override = get_object_or_404(member.overrides, pk=decision)
        if override.cancelled_at:
            messages.info(request, gettext("Cette décision est déjà annulée."))
            return redirect("admin:members_member_change", pk)
        form = ReasonForm(request.POST or None)
        if form.is_valid():
            with transaction.atomic():
                if override.cancel():
                    sentence = gettext("Décision annulée\u00a0: %s.") % override
                    self._record(request, member, trail.Action.UNDONE, sentence, **form.cleaned_data)
            return redirect("admin:members_member_change", pk)
        return self._page(
            request,
            member,
            form,
            gettext("Annuler la décision"),
            gettext("Annuler cette décision"),
            gettext("%s. Les périodes disent de nouveau l’état, aussi pour les jours passés.") % override,
        )

    def add_note(self, request: HttpRequest, pk: int) -> HttpResponse:
        member = self._subject(request, pk, "note")
        form = NoteForm(request.POST or None, instance=Note(member=member, author=cast(User, request.user)))
        if form.is_valid():
            form.save()
            messages.success(request, gettext("Note ajoutée."))
            return redirect("admin:members_member_change", pk)
        return self._page(
            request,
            member,
            form,
            gettext("Ajouter une note"),
            gettext("Ajouter cette note"),
            gettext(
                "Des faits utiles, rien d’autre\u00a0: la personne peut demander à lire ces notes. "
                "Une note ne se corrige pas\u202f; on en ajoute une."
            ),
        )

    def replace_card(self, request: HttpRequest, pk: int) -> HttpResponse:
        member = self._subject(request, pk, "card")
        form = ReasonForm(request.POST or None)
        if form.is_valid():
            with transaction.atomic():
                member.replace_card()
                sentence = gettext("Carte remplacée : l’ancienne ne vaut plus.")
                self._record(request, member, trail.Action.CHANGED, sentence, **form.cleaned_data)
            return redirect("admin:members_member_change", pk)
        return self._page(
            request,
            member,
            form,
            gettext("Remplacer la carte"),
            gettext("Remplacer la carte"),
            gettext(
                "Pour une carte perdue : son code change, et qui montre l’ancienne a une carte inconnue. "
                "La personne trouve la nouvelle sur son compte ; aucun message ne part."
            ),
        )
