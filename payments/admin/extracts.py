"""The page of an extract of account, which is also taken away as a table or as a PDF."""

from datetime import date
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.validators import MinValueValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from documents.models import Export
from journal import trail
from payments import extracts
from payments.extracts import Extract
from payments.models import Charge, ChargeLine, ChargeQuerySet

FIRST_DAY = date(1900, 1, 1)  # before is an error of typing
SHOWN = 500  # moves on the page
PRINTED = 2000  # on paper


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class ExtractForm(forms.Form):
    since = forms.DateField(label=_("Du"), widget=DayInput, validators=[MinValueValidator(FIRST_DAY)])
    until = forms.DateField(label=_("au"), widget=DayInput)
    nature = forms.ChoiceField(
        label=_("Nature"), required=False, choices=[("", _("toutes")), *ChargeLine.Nature.choices]
    )

    def __init__(self, asked: Any) -> None:
        """The civil year, unless other days are asked for."""
        today = timezone.localdate()
        days = {"since": date(today.year, 1, 1).isoformat(), "until": date(today.year, 12, 31).isoformat()}
        super().__init__({**days, **asked})

    def clean_until(self) -> date:
        until: date = self.cleaned_data["until"]
        if self.cleaned_data.get("since") and until < self.cleaned_data["since"]:
            raise forms.ValidationError(gettext("Ce jour est avant le premier."))
        return until


class ExtractPage(admin.ModelAdmin):
    def get_urls(self) -> list[URLPattern]:
        def page(route: str, view: Any, name: str) -> URLPattern:
            return path(route, self.admin_site.admin_view(view), name=f"payments_{name}")

        return [
            page("extrait/", self.extract_of_all, "extract_of_all"),
            page("<int:pk>/extrait/", self.extract_of_payer, "extract_of_payer"),
            *super().get_urls(),
        ]

    def extract_of_all(self, request: HttpRequest) -> HttpResponse:
        """Of everybody: what came in of a nature in the period of a subsidy."""
        return extract_page(self, request, gettext("Tous les payeurs"), None)

    def extract_of_payer(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Of the address that this charge is asked of, so that no address is in one of ours."""
        charge = get_object_or_404(Charge.objects.exclude(email=""), pk=pk)
        mine = Charge.objects.filter(email=charge.email).values_list("pk", flat=True)
        charges = Charge.objects.filter(pk__in=list(mine))  # found once: an address has no index
        return extract_page(self, request, f"{charge.name}, {charge.email}", charges)


def extract_page(
    model_admin: admin.ModelAdmin, request: HttpRequest, title: str, charges: ChargeQuerySet | None
) -> HttpResponse:
    """To read, to print (?format=pdf), or to have made as a table (a POST)."""
    if not request.user.has_perms(["payments.view_charge", "payments.view_payment"]):
        raise PermissionDenied
    form = ExtractForm(request.GET.dict())
    context: dict[str, Any] = {
        "title": gettext("Extrait de compte"),
        "subtitle": title,
        "opts": model_admin.opts,
        "form": form,
    }
    if form.is_valid():
        days = {name: form.cleaned_data[name] for name in ("since", "until", "nature")}
        extract = Extract(title, charges=charges, **days)
        is_printable = len(extract.steps) <= PRINTED
        if request.method == "POST":
            return _ask(request, extract)
        if request.GET.get("format") == "pdf" and is_printable:
            return _pdf(request, extract)
        context |= {
            "extract": extract,
            "steps": extract.steps[:SHOWN],
            "more": max(len(extract.steps) - SHOWN, 0),
            "is_printable": is_printable,
            "query": _without_format(request),
        }
    return TemplateResponse(
        request,
        "admin/payments/charge/extract.html",
        model_admin.admin_site.each_context(request) | context,
        status=200 if form.is_valid() else 400,
    )


def _without_format(request: HttpRequest) -> str:
    asked = request.GET.copy()
    asked.pop("format", None)
    return asked.urlencode()


def _untold(extract: Extract) -> str:
    """Of which days, not of whom: it is kept when the payer is forgotten."""
    return f"{gettext('Extrait de compte')} {extract.since:%d/%m/%Y} – {extract.until:%d/%m/%Y}"


def _ask(request: HttpRequest, extract: Extract) -> HttpResponse:
    form = request.POST.get("format", "")
    Export.ask(
        "payments.extract",
        parameters=extracts.parameters_of(extract),
        by=cast(User, request.user),
        title=_untold(extract),
        format=form if form in Export.Format.values else Export.Format.XLSX,
    )
    messages.success(
        request, gettext("L’export se prépare\u00a0: il sera ici, à télécharger pendant une semaine.")
    )
    return redirect("admin:documents_export_changelist")


def _pdf(request: HttpRequest, extract: Extract) -> HttpResponse:
    content = extracts.pdf(extract)
    note = f"{_untold(extract)}, PDF"
    actor = cast(User, request.user)
    subjects = extracts.ExtractTable(extract).subjects()
    trail.record_many(subjects, trail.Action.EXPORTED, model=Charge, actor=actor, note=note)
    name = f"{slugify(f'extrait {extract.title}')[:80]}-{extract.since:%Y-%m-%d}-{extract.until:%Y-%m-%d}.pdf"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(content, content_type="application/pdf", headers=headers)
