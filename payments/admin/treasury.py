"""The treasurer's page: what was due, came in and went back, what is left, and what waits for a decision."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from dateutil.relativedelta import relativedelta
from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.dates import MONTHS
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from django.views.decorators.http import require_safe

from payments import plots
from payments.models import Charge, Refund, StatementLine
from payments.models.lines import ZERO
from payments.treasury import Row, Treasury, first_year

DEBTORS = 10


class PeriodForm(forms.Form):
    """A year, or one of its months."""

    year = forms.TypedChoiceField(label=_("Année"), coerce=int)
    month = forms.TypedChoiceField(
        label=_("Mois"),
        coerce=int,
        required=False,
        empty_value=None,
        choices=[("", _("toute l’année")), *MONTHS.items()],
    )

    def __init__(self, asked: Any) -> None:
        this_year = timezone.localdate().year
        super().__init__({"year": this_year, **asked})
        self.fields["year"].choices = [(year, year) for year in range(this_year, first_year() - 1, -1)]  # type: ignore[attr-defined]

    @property
    def days(self) -> tuple[date, date]:
        year, month = self.cleaned_data["year"], self.cleaned_data["month"]
        first = date(year, month or 1, 1)
        length = relativedelta(months=1) if month else relativedelta(years=1)
        return first, first + length - timedelta(days=1)


class Waiting(NamedTuple):
    label: str
    url: str
    amount: Decimal


class TreasuryPage(admin.ModelAdmin):
    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_safe(self.treasury))
        return [path("tresorerie/", view, name="payments_treasury"), *super().get_urls()]

    def has_treasury_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perms(["payments.view_charge", "payments.view_payment"]))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"sees_treasury": self.has_treasury_permission(request), **(extra_context or {})}
        return super().changelist_view(request, context)

    def treasury(self, request: HttpRequest) -> HttpResponse:
        if not self.has_treasury_permission(request):
            raise PermissionDenied
        form = PeriodForm(request.GET.dict())
        context: dict[str, Any] = {"title": _("Trésorerie"), "opts": self.opts, "form": form}
        if form.is_valid():
            context |= _figures(Treasury(*form.days), is_year=not form.cleaned_data["month"])
        context |= {"waiting": _waiting_for(request.user), "baskets": _baskets()}
        return TemplateResponse(
            request,
            "admin/payments/charge/treasury.html",
            self.admin_site.each_context(request) | context,
            status=200 if form.is_valid() else 400,
        )


def _figures(found: Treasury, *, is_year: bool) -> dict[str, Any]:
    ages = [(row.age.label, {"asked": row.amount}) for row in found.ages]
    return {
        "treasury": found,
        "debtors": found.debtors(DEBTORS),
        "is_year": is_year,
        "months_plot": plots.columns([_drawn(row) for row in found.months]) if is_year else None,
        "natures_plot": plots.lines([_drawn(row) for row in found.natures]),
        "methods_plot": plots.lines([_drawn(row, "received", "given_back") for row in found.methods]),
        "ages_plot": plots.lines(ages),
    }


def _baskets() -> dict[str, Any]:
    """What is asked for and in no book: not begun to be paid, and not invoiced."""
    charges: Any = Charge.objects.unpaid().filter(booked_on=None).with_amounts().order_by()
    found: dict[str, Any] = charges.aggregate(count=Count("pk"), total=Sum("missing"))
    return found


def _drawn(row: Row, *series: str) -> tuple[Any, dict[str, Decimal]]:
    names = series or ("asked", "received", "given_back")
    return row.label, {name: getattr(row.figures, name) for name in names}


# What to look at, the amount to add up, the query string of the same rows in their list, and what they are called.
DECISIONS: list[tuple[Any, str, str, Any]] = [
    (
        lambda: Refund.objects.to_make(),
        "amount",
        "state=to_make",
        ngettext_lazy("%d remboursement à faire", "%d remboursements à faire"),
    ),
    (
        lambda: StatementLine.objects.to_match(),
        "left",
        "state=to_do",
        ngettext_lazy(
            "%d ligne de la banque ou d’un prestataire à rapprocher",
            "%d lignes de la banque ou d’un prestataire à rapprocher",
        ),
    ),
    (
        lambda: Charge.objects.contested(),
        "missing",
        "state=contested",
        ngettext_lazy(
            "%d somme reprise par la banque ou le prestataire",
            "%d sommes reprises par la banque ou le prestataire",
        ),
    ),
    (
        lambda: Charge.objects.unclear().with_amounts(),
        "missing",
        "state=unclear",
        ngettext_lazy(
            "%d somme payée dans une autre devise, ou d’un autre montant que demandé",
            "%d sommes payées dans une autre devise, ou d’un autre montant que demandé",
        ),
    ),
    (
        lambda: Charge.objects.stranded(),
        "in_hand",
        "state=stranded",
        ngettext_lazy(
            "%d somme reçue en partie, dont le délai est passé",
            "%d sommes reçues en partie, dont le délai est passé",
        ),
    ),
    (
        lambda: Charge.objects.late().with_amounts(),
        "missing",
        "state=late",
        ngettext_lazy("%d somme due depuis plus de 15 jours", "%d sommes dues depuis plus de 15 jours"),
    ),
]


def _waiting_for(user: Any) -> list[Waiting]:
    """One query for each kind, however many there are."""
    found = []
    for select, amount, query, label in DECISIONS:
        rows: QuerySet[Any] = select()
        if not user.has_perm(f"payments.view_{rows.model._meta.model_name}"):
            continue
        sums = rows.order_by().aggregate(count=Count("pk"), total=Sum(amount))
        if sums["count"]:
            url = reverse(f"admin:payments_{rows.model._meta.model_name}_changelist")
            found.append(Waiting(label % sums["count"], f"{url}?{query}", sums["total"] or ZERO))
    return found
