"""The inbox: what reached us without a charge, and what it may be."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from accounts.admin_pages import ReadOnlyAdmin, StateFilter
from documents.cells import BadCell, signed_amount
from payments.admin import inbox
from payments.admin.charges import NUMBER
from payments.admin.line_forms import AsideForm, MatchForm, RefundsForm
from payments.admin.line_verbs import LineVerbsAdmin
from payments.models import Charge, PayerAlias, StatementLine

FOUND = 20  # charges that a search shows


class LineStateFilter(StateFilter):
    """What is to do comes first: nobody opens an inbox to read what is done."""

    states = {
        "to_do": (_("à rapprocher"), lambda lines: lines.to_match()),
        "doubtful": (_("double possible"), lambda lines: lines.doubtful()),
        "matched": (_("rapprochée"), lambda lines: lines.matched()),
        "set_aside": (_("mise de côté"), lambda lines: lines.set_aside()),
    }

    def value(self) -> str:
        return super().value() or "to_do"

    def choices(self, changelist: Any) -> Iterator[Any]:
        for name, label in [*self.lookup_choices, ("all", _("Toutes"))]:
            query = changelist.get_query_string({self.parameter_name: name})
            yield {"selected": self.value() == name, "query_string": query, "display": label}


class SignFilter(StateFilter):
    title = _("sens")
    parameter_name = "sens"
    states = {
        "in": (_("reçu"), lambda lines: lines.filter(amount__gt=0)),
        "out": (_("parti"), lambda lines: lines.filter(amount__lt=0)),
    }


@admin.register(StatementLine)
class StatementLineAdmin(LineVerbsAdmin):
    list_display = ["booked_on", "amount", "payer"]
    list_filter = [LineStateFilter, SignFilter, "method", "booked_on"]
    search_fields = ["label", "payer", "email", "reference", "end_to_end", "bank_id"]
    search_help_text = _("Libellé, contrepartie, référence, ou montant.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[StatementLine]:
        lines: QuerySet[StatementLine] = inbox.with_all(StatementLine.objects.all())
        return lines

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[StatementLine], search_term: str
    ) -> tuple[QuerySet[StatementLine], bool]:
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        if amount := _amount(search_term):
            found = found | queryset.filter(amount__in=[amount, -amount])
        return found, may_repeat

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        context = getattr(response, "context_data", None)
        if context and "cl" in context:
            context["inbox"] = inbox.shown(list(context["cl"].result_list))
            context["may_act"] = self.has_act_permission(request)
        return response

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if not object_id.isdecimal():
            raise Http404
        return self.page_of(request, StatementLine(pk=int(object_id)))

    def page_of(self, request: HttpRequest, line: StatementLine, **forms: Any) -> HttpResponse:
        line = get_object_or_404(self.get_queryset(request), pk=line.pk)
        [row] = inbox.shown([line])
        q = request.GET.get("q", "")
        charges = [*_charges(row.charge_keys), *_searched(q)]
        context = {
            "title": line.number,
            "opts": self.opts,
            "original": line,
            "row": row,
            "may_act": self.has_act_permission(request),
            "q": q,
            "match": MatchForm(line=line, charges=dict.fromkeys(charges), initial=_typed(row.likely_parts)),
            "refunds": RefundsForm(line=line),
            "aside": AsideForm(line=line),
        }
        return TemplateResponse(
            request,
            "admin/payments/statementline/line.html",
            self.admin_site.each_context(request) | context | forms,
            status=400 if forms else 200,
        )


@admin.register(PayerAlias)
class PayerAliasAdmin(ReadOnlyAdmin):
    """Who is known to pay for whom. What is wrong is deleted: nothing else hangs on it."""

    list_display = ["name", "email", "times", "used_on"]
    search_fields = ["name", "email"]
    fields = ["name", "email", "times", "used_on"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("payments.delete_payeralias")


def _typed(parts: dict[int, Decimal]) -> dict[str, Decimal]:
    return {f"amount_{key}": amount for key, amount in parts.items()}


def _amount(written: str) -> Decimal | None:
    try:
        return signed_amount(written)
    except BadCell:
        return None


def _charges(keys: list[int]) -> list[Charge]:
    found = {charge.pk: charge for charge in Charge.objects.filter(pk__in=keys).with_rows()}
    return [found[key] for key in keys if key in found]


def _searched(q: str) -> list[Charge]:
    """By number, or by words of the name or of the address. Those that ask for something first."""
    if match := NUMBER.fullmatch(q.strip()):
        return _charges([int(match[1])])
    wanted = Q()
    for word in q.split():
        wanted &= Q(name__icontains=word) | Q(email__icontains=word)
    found = Charge.objects.filter(wanted) if wanted else Charge.objects.none()
    return sorted(found.with_rows().order_by("-pk")[:FOUND], key=lambda charge: not charge.amount_awaited)
