"""Where each payer stands: the books know an address, the members know who is behind it."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from django import forms
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from members.models import Application, Member, Membership
from payments import balances
from payments.balances import Known, Payer
from payments.models import Charge

PAGE = 100
KINDS = [("all", _("tous")), ("due", _("qui doivent")), ("credit", _("à qui l’on doit"))]
ORDERS = [
    ("-balance", _("solde")),
    ("-owed", _("dû")),
    ("-received", _("reçu")),
    ("-promised", _("à rendre")),
    ("email", _("adresse")),
]


class BalancesForm(forms.Form):
    q = forms.CharField(label=_("Nom ou adresse"), required=False, max_length=200)
    kind = forms.ChoiceField(label=_("Payeurs"), choices=KINDS)
    order = forms.ChoiceField(label=_("Par"), choices=ORDERS)


class Row(NamedTuple):
    payer: Payer
    known: Known | None
    members: list[Member]


def page(site: Any, request: HttpRequest) -> HttpResponse:
    if not request.user.has_perms(["payments.view_charge", "payments.view_payment"]):
        raise PermissionDenied
    form = BalancesForm({"kind": "all", "order": "-balance", **request.GET.dict()})
    context: dict[str, Any] = {"title": _("Soldes"), "opts": Charge._meta, "form": form}
    if form.is_valid():
        asked = form.cleaned_data
        found = balances.payers(search=asked["q"].strip(), kind=asked["kind"], order=asked["order"])
        shown = Paginator(found, PAGE).get_page(request.GET.get("page"))
        context |= {"page": shown, "rows": _rows(list(shown)), "total": _total(found)}
    return TemplateResponse(
        request,
        "admin/payments/charge/balances.html",
        site.each_context(request) | context,
        status=200 if form.is_valid() else 400,
    )


def _rows(payers: list[Payer]) -> list[Row]:
    emails = [payer.email for payer in payers]
    known, members = balances.known(emails), behind(emails)
    return [Row(payer, known.get(payer.email), members[payer.email]) for payer in payers]


def behind(emails: Iterable[str]) -> defaultdict[str, list[Member]]:
    """The people and organisations for whom each address has paid, or been asked to. Three queries."""
    mine = {"charge__email__in": [email for email in emails if email]}
    pairs = {
        pair
        for model in (Membership, Application)
        for pair in model.objects.filter(**mine, member__isnull=False).values_list("charge__email", "member")
    }
    members = Member.objects.in_bulk({pk for _email, pk in pairs})
    found: defaultdict[str, list[Member]] = defaultdict(list)
    for email, pk in sorted(pairs):
        found[email].append(members[pk])
    return found


def _total(payers: list[Payer]) -> Payer:
    zero = Decimal("0.00")
    sums = [sum((getattr(one, name) for one in payers), zero) for name in ("owed", "received", "promised")]
    return Payer("", sum(one.charges for one in payers), *sums)
