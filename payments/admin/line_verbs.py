"""What staff say of a line of the inbox: one address a verb, each done once, with its line of history."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from accounts.admin_pages import ReadOnlyAdmin
from accounts.models import User
from payments.admin.line_forms import AsideForm, MatchForm, RefundsForm
from payments.models import (
    Aside,
    Charge,
    LineDoubtful,
    LineSpent,
    MoreThanDue,
    NothingLeft,
    NotUndoable,
    Payment,
    PaymentMismatch,
    Refund,
    StatementLine,
    UnderWay,
)
from payments.models.lines import ZERO

NAME = "payments_statementline"
KEY = re.compile(r"(pay|give_back|charge_back):(\d{1,18}=\d{1,8}\.\d\d(?:,\d{1,18}=\d{1,8}\.\d\d)*)")
AMOUNT = re.compile(r"amount_(\d{1,18})")


class LineVerbsAdmin(ReadOnlyAdmin):
    def get_urls(self) -> list[URLPattern]:
        def verb(route: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
            return path(route, self.admin_site.admin_view(require_POST(view)), name=f"{NAME}_{name}")

        return [
            verb("<int:pk>/accept/", self.accept, "accept"),
            verb("<int:pk>/match/", self.match, "match"),
            verb("<int:pk>/refunds/", self.give_back, "refunds"),
            verb("<int:pk>/aside/", self.set_aside, "aside"),
            verb("<int:pk>/apart/", self.tell_apart, "apart"),
            verb("<int:pk>/doubt/", self.doubt, "doubt"),
            verb("aside/<int:pk>/undo/", self.undo_aside, "undo_aside"),
            *super().get_urls(),
        ]

    def page_of(self, request: HttpRequest, line: StatementLine, **forms: Any) -> HttpResponse:
        """The page of a line, where these forms stand as they were typed."""
        raise NotImplementedError

    def accept(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Do what a proposal showed, or nothing."""
        line, key = self._line(request, pk), request.POST.get("proposal", "")
        kind, _sign, reason = key.partition(":")
        match = KEY.fullmatch(key)
        if kind == "set_aside" and reason in Aside.reasons_for(line):
            return self._act(request, line, lambda: _set_aside(line, reason, "", _staff(request)))
        if match is None:
            raise BadRequest(key)
        pairs = (pair.split("=") for pair in match[2].split(","))
        parts = {int(row): Decimal(amount) for row, amount in pairs}
        verbs = {"pay": _pay, "give_back": _give_back, "charge_back": _charge_back}
        return self._act(request, line, lambda: verbs[match[1]](line, parts, _staff(request)))

    def match(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Split it over the charges that somebody chose."""
        line = self._line(request, pk)
        named = (AMOUNT.fullmatch(name) for name in request.POST)
        charges = Charge.objects.filter(pk__in=[int(found[1]) for found in named if found]).with_rows()
        form = MatchForm(request.POST, line=line, charges=charges)
        if not form.is_valid():
            return self.page_of(request, line, match=form)
        may_exceed = form.cleaned_data["may_exceed"]
        return self._act(
            request, line, lambda: _pay(line, form.parts, _staff(request), may_exceed=may_exceed)
        )

    def give_back(self, request: HttpRequest, pk: int) -> HttpResponse:
        line = self._line(request, pk)
        form = RefundsForm(request.POST, line=line)
        if not form.is_valid():
            return self.page_of(request, line, refunds=form)
        parts = {refund.pk: refund.amount for refund in form.cleaned_data["refunds"]}
        return self._act(request, line, lambda: _give_back(line, parts, _staff(request)))

    def set_aside(self, request: HttpRequest, pk: int) -> HttpResponse:
        line = self._line(request, pk)
        form = AsideForm(request.POST, line=line)
        if not form.is_valid():
            return self.page_of(request, line, aside=form)
        reason, note = form.cleaned_data["reason"], form.cleaned_data["note"]
        fees = form.cleaned_data.get("fees") or ZERO
        return self._act(request, line, lambda: _set_aside(line, reason, note, _staff(request), fees=fees))

    def tell_apart(self, request: HttpRequest, pk: int) -> HttpResponse:
        """It only looks like its twin."""
        line = self._line(request, pk)
        return self._act(request, line, lambda: _tell_apart(line, _staff(request)))

    def doubt(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Somebody has told it apart, and was wrong."""
        line = self._line(request, pk)
        return self._act(request, line, lambda: _doubt(line))

    def undo_aside(self, request: HttpRequest, pk: int) -> HttpResponse:
        aside = get_object_or_404(Aside.objects.select_related("line"), pk=pk)
        line = self._line(request, aside.line_id)
        return self._act(request, line, lambda: _undo(aside, _staff(request)))

    def _line(self, request: HttpRequest, pk: int) -> StatementLine:
        if not self.has_act_permission(request):
            raise PermissionDenied
        return get_object_or_404(StatementLine.objects.with_rows(), pk=pk)

    def _act(self, request: HttpRequest, line: StatementLine, verb: Callable[[], str]) -> HttpResponse:
        """Whoever comes second finds it done, and is told so."""
        try:
            with transaction.atomic():
                told = verb()
                self.log_change(request, line, told)
        except MoreThanDue:
            refusal = gettext("Une de ces sommes a reçu de l’argent entre-temps\u00a0: regardez de nouveau.")
        except UnderWay:
            refusal = gettext(
                "Le prestataire n’a pas encore dit s’il rend cet argent\u00a0: relisez d’abord sa réponse."
            )
        except (LineSpent, NothingLeft, NotUndoable, Charge.DoesNotExist):
            refusal = gettext("C’est déjà fait, ou quelqu’un s’en est occupé entre-temps.")
        except LineDoubtful:
            refusal = gettext("Dites d’abord si cette ligne en répète une autre.")
        except PaymentMismatch:
            refusal = gettext("Ce paiement est déjà enregistré pour une autre somme.")
        else:
            messages.success(request, told)
            return self._back(request, line)
        messages.error(request, refusal)
        return self._back(request, line)

    def _back(self, request: HttpRequest, line: StatementLine) -> HttpResponse:
        """To the list as it was, or to the line."""
        query = request.GET.copy()
        if query.pop("liste", None) is None:
            return redirect(f"admin:{NAME}_change", line.pk)
        return redirect(f"{reverse(f'admin:{NAME}_changelist')}?{query.urlencode()}#inbox")


# Each does it, and says what it has done


def _pay(line: StatementLine, parts: dict[int, Decimal], by: User, *, may_exceed: bool = False) -> str:
    payments = line.pay(parts, by=by, may_exceed=may_exceed)
    if not payments:
        return gettext(
            "Ce paiement était déjà enregistré pour cette somme\u00a0: la ligne est mise de côté, rien n’est compté deux fois."
        )
    return gettext("Rapprochée\u00a0: %s.") % ", ".join(str(payment.charge) for payment in payments)


def _give_back(line: StatementLine, parts: dict[int, Decimal], by: User) -> str:
    payments = line.give_back(Refund.objects.filter(pk__in=parts), by=by)
    names = ", ".join(str(payment.charge) for payment in payments)
    return gettext("Remboursement noté\u00a0: %s.") % names


def _charge_back(line: StatementLine, parts: dict[int, Decimal], by: User) -> str:
    payment = get_object_or_404(Payment.objects.select_related("charge"), pk=next(iter(parts)))
    line.charge_back(payment, by=by)
    return gettext("Impayé noté\u00a0: %s est de nouveau à régler.") % payment.charge


def _set_aside(line: StatementLine, reason: str, note: str, by: User, *, fees: Decimal = ZERO) -> str:
    if reason == Aside.Reason.GIVEN_BACK:
        made = line.cancel_out(by=by)
        return gettext("Mises de côté ensemble\u00a0: %s.") % ", ".join(
            sorted({one.line.number for one in made})
        )
    aside = line.set_aside(reason, note=note, by=by, fees=fees)
    return gettext("Mise de côté\u00a0: %s.") % aside.get_reason_display()


def _tell_apart(line: StatementLine, by: User) -> str:
    line.tell_apart(by=by)
    return gettext("Ce sont deux opérations.")


def _doubt(line: StatementLine) -> str:
    line.doubt_again()
    return gettext("Cette ligne est de nouveau un double possible.")


def _undo(aside: Aside, by: User) -> str:
    aside.undo(by=by)
    return gettext("Mise de côté annulée\u00a0: la ligne est de nouveau à rapprocher.")


def _staff(request: HttpRequest) -> User:
    return cast(User, request.user)
