"""A period that was opened before it was paid: staff give it more time, or none."""

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.admin_pages import ReadOnlyAdmin, form_page
from accounts.models import User
from documents.days import in_words
from journal import trail
from members.admin.verb_forms import DayInput, ReasonForm
from members.models import Membership, NotOnCredit


class CreditForm(ReasonForm):
    until = forms.DateField(label=_("À régler avant le"), help_text=_("Ce jour compris."), widget=DayInput)
    field_order = ["until", "reason"]

    def __init__(self, *args: Any, membership: Membership, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.last_day = membership.ends_on

    def clean_until(self) -> Any:
        until = self.cleaned_data["until"]
        if until < timezone.localdate():
            raise forms.ValidationError(gettext("Ce jour est passé."))
        if until > self.last_day:
            raise forms.ValidationError(
                gettext("La période se termine avant, le %s.") % in_words(self.last_day)
            )
        return until


class CreditVerbs(ReadOnlyAdmin):
    def get_urls(self) -> list[URLPattern]:
        def page(route: str, view: Any, name: str) -> URLPattern:
            return path(route, self.admin_site.admin_view(view), name=f"members_membership_{name}")

        return [
            page("<int:pk>/credit/", self.prolong_credit, "credit"),
            page("<int:pk>/credit/retirer/", self.withdraw_credit, "credit_withdraw"),
            *super().get_urls(),
        ]

    def prolong_credit(self, request: HttpRequest, pk: int) -> HttpResponse:
        membership = self._on_credit(request, pk)
        form = CreditForm(request.POST or None, membership=membership)
        if form.is_valid():
            until = form.cleaned_data["until"]
            sentence = gettext("Adhésion à régler avant le %s.") % in_words(until)
            return self._do(request, membership, membership.prolong_credit, sentence, form, until=until)
        return form_page(
            self,
            request,
            membership,
            form,
            title=gettext("Prolonger le crédit"),
            submit=gettext("Prolonger le crédit"),
            note=gettext("L’adhésion compte jusqu’à ce jour sans être payée. Aucun message ne part."),
        )

    def withdraw_credit(self, request: HttpRequest, pk: int) -> HttpResponse:
        membership = self._on_credit(request, pk)
        form = ReasonForm(request.POST or None)
        if form.is_valid():
            sentence = gettext("Crédit retiré.")
            return self._do(request, membership, membership.withdraw_credit, sentence, form)
        return form_page(
            self,
            request,
            membership,
            form,
            title=gettext("Retirer le crédit"),
            submit=gettext("Retirer le crédit"),
            note=gettext(
                "L’adhésion ne compte plus dès aujourd’hui\u202f; la somme reste due, et son paiement la rouvre. Aucun message ne part."
            ),
        )

    def _on_credit(self, request: HttpRequest, pk: int) -> Membership:
        if not self.has_act_permission(request):
            raise PermissionDenied
        return get_object_or_404(Membership.objects.on_credit().select_related("member"), pk=pk)

    def _do(
        self, request: HttpRequest, membership: Membership, verb: Any, sentence: str, form: Any, **terms: Any
    ) -> HttpResponse:
        note = f"{sentence} {form.cleaned_data['reason']}"
        try:
            with transaction.atomic():
                verb(**terms)
                trail.record(
                    membership.member, trail.Action.DECIDED, actor=cast(User, request.user), note=note
                )
                self.log_change(request, membership, note)
        except NotOnCredit:
            messages.error(request, gettext("Cette adhésion vient d’être réglée ou annulée."))
        else:
            messages.success(request, sentence)
        return redirect("admin:members_membership_change", membership.pk)
