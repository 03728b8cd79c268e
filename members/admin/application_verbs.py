"""What the board does with an application: a button, or a page each. The second of two who decide at once is told so."""

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from accounts.admin_pages import ReadOnlyAdmin, form_page
from accounts.models import User
from journal import trail
from members import proofs
from members.admin.verb_forms import DayInput
from members.models import Application, Decided, Member, NotTheSameKind, PeriodOverlap


class WordsForm(forms.Form):
    words = forms.CharField(
        label=_("Ce que vous lui écrivez"),
        max_length=1000,
        help_text=_("Dans le message que la personne reçoit, et sur la page de sa demande."),
        widget=forms.Textarea(attrs={"rows": 5, "class": "vLargeTextField"}),
    )


class CreditForm(forms.Form):
    credit_until = forms.DateField(
        label=_("À régler avant le"),
        help_text=_("Ce jour compris. Sans paiement, l’adhésion ne compte plus ensuite."),
        widget=DayInput,
    )

    def clean_credit_until(self) -> Any:
        day = self.cleaned_data["credit_until"]
        if day < timezone.localdate():
            raise forms.ValidationError(gettext("Ce jour est déjà passé."))
        return day


class DaysForm(forms.Form):
    starts_on = forms.DateField(label=_("Premier jour"), widget=DayInput)
    ends_on = forms.DateField(label=_("Dernier jour"), help_text=_("Ce jour compris."), widget=DayInput)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and data["ends_on"] < data["starts_on"]:
            self.add_error("ends_on", gettext("Le dernier jour ne peut pas précéder le premier."))
        return data


Verb = Callable[[Application, User, dict[str, Any]], Any]


class ApplicationVerbs(ReadOnlyAdmin):
    def get_urls(self) -> list[URLPattern]:
        pages: dict[str, tuple[Any, str]] = {
            "accepter": (self.accept, "accept"),
            "credit": (self.accept_on_credit, "credit"),
            "refuser": (self.refuse, "refuse"),
            "demander": (self.ask, "ask"),
            "dates": (self.place, "place"),
            "rendre": (self.give_back, "give_back"),
            "adherent/<int:member>": (self.attach, "attach"),
            "justificatif": (self.proof, "proof"),
        }
        return [
            path(f"<int:pk>/{route}/", self.admin_site.admin_view(view), name=f"members_application_{name}")
            for route, (view, name) in pages.items()
        ] + super().get_urls()

    # A button

    def accept(self, request: HttpRequest, pk: int) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        application = self._application(request, pk)
        return self._decide(
            request, application, lambda one, by, _data: one.accept(by=by), done=gettext("Demande acceptée.")
        )

    def attach(self, request: HttpRequest, pk: int, member: int) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        application, known = self._application(request, pk), get_object_or_404(Member, pk=member)
        done = gettext("Cette demande est celle de %s.") % known
        return self._decide(request, application, lambda one, by, _data: one.attach(known, by=by), done=done)

    # A page

    def accept_on_credit(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._page(
            request,
            pk,
            CreditForm,
            lambda one, by, data: one.accept(by=by, **data),
            title=gettext("Accepter à crédit"),
            submit=gettext("Accepter, ouvrir l’adhésion et prévenir"),
            note=gettext("L’adhésion s’ouvre aujourd’hui et la cotisation reste due."),
            done=gettext("Demande acceptée à crédit."),
        )

    def refuse(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._page(
            request,
            pk,
            WordsForm,
            lambda one, by, data: one.refuse(by=by, reason=data["words"]),
            title=pgettext("adhésion", "Refuser la demande"),
            submit=gettext("Refuser et prévenir"),
            note=gettext("La personne reçoit votre raison. On ne revient pas sur un refus."),
            done=gettext("Demande refusée."),
        )

    def ask(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._page(
            request,
            pk,
            WordsForm,
            lambda one, by, data: one.ask(by=by, question=data["words"]),
            title=gettext("Demander un complément"),
            submit=gettext("Envoyer la question"),
            note=gettext("La personne répond, ou joint un fichier, sur la page de sa demande."),
            done=gettext("Question envoyée."),
        )

    def place(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._page(
            request,
            pk,
            DaysForm,
            lambda one, by, data: one.place(by=by, **data),
            title=gettext("Fixer les dates"),
            submit=gettext("Ouvrir l’adhésion et prévenir"),
            note=gettext("Elle est payée, et le portail n’a pas pu placer sa période seul."),
            done=gettext("Adhésion ouverte."),
        )

    def give_back(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._page(
            request,
            pk,
            WordsForm,
            lambda one, by, data: one.give_back(by=by, reason=data["words"]),
            title=gettext("Rendre l’argent"),
            submit=gettext("Refuser, noter le remboursement et prévenir"),
            note=gettext("Ce qui a été payé rejoint les remboursements à faire."),
            done=gettext("Demande refusée, remboursement à faire."),
        )

    def proof(self, request: HttpRequest, pk: int) -> FileResponse:
        """A file of a stranger: kept, never shown as a page. Who opened it is in the journal."""
        application = self._application(request, pk)
        if not application.proof:
            raise Http404
        try:
            file = application.proof.open()
        except FileNotFoundError as error:
            raise Http404 from error
        trail.record(
            application,
            trail.Action.OPENED,
            actor=cast(User, request.user),
            note=gettext("Justificatif"),
            once_per=trail.HOUR,
        )
        name = str(application.proof.name)
        return FileResponse(
            file,
            as_attachment=True,
            filename=f"justificatif-{application.pk}.{name.rpartition('.')[2]}",
            content_type=proofs.content_type(name),
            headers={
                "Content-Security-Policy": "default-src 'none'; sandbox",
                "X-Content-Type-Options": "nosniff",
            },
        )

    # How

    def _application(self, request: HttpRequest, pk: int) -> Application:
        if not self.has_act_permission(request):
            raise PermissionDenied
        found: Application = get_object_or_404(Application.objects.select_related("plan", "charge"), pk=pk)
        return found

    def _page(
        self, request: HttpRequest, pk: int, kind: type[forms.Form], verb: Verb, *, done: str, **words: str
    ) -> HttpResponse:
        application = self._application(request, pk)
        form = kind(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                return self._decide(request, application, verb, data=form.cleaned_data, done=done)
            except PeriodOverlap:
                form.add_error(None, gettext("Ces dates chevauchent une autre adhésion de la même personne."))
        return form_page(self, request, application, form, **words)

    def _decide(
        self,
        request: HttpRequest,
        application: Application,
        verb: Verb,
        *,
        done: str,
        data: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The verb itself writes the journal."""
        try:
            verb(application, cast(User, request.user), data or {})
        except Decided:
            application = Application.objects.select_related("decided_by").get(pk=application.pk)
            messages.error(request, self._already(application))
        except NotTheSameKind:
            messages.error(request, gettext("Une personne et une organisation ne sont pas le même adhérent."))
        else:
            messages.success(request, done)
        return redirect("admin:members_application_change", application.pk)

    @staticmethod
    def _already(application: Application) -> str:
        words = {"state": application.get_state_display(), "who": application.decided_by}
        if application.decided_by:
            return (
                gettext(
                    "Rien n’a changé\u00a0: %(who)s a déjà répondu. Cette demande est «\u00a0%(state)s\u00a0»."
                )
                % words
            )
        return gettext("Rien n’a changé\u00a0: cette demande est «\u00a0%(state)s\u00a0».") % words
