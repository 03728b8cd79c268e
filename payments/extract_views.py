"""The account of whoever is signed in: what their addresses were asked for, paid and got back, year by year."""

from datetime import date
from typing import cast

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import User
from payments import extracts
from payments.extracts import Extract
from payments.models import Charge
from payments.private import private_page


def _extract_of(user: User, year: int) -> tuple[Extract, list[int]]:
    """That of the civil year, and the years that have one, the latest first. Raises Http404 for another year."""
    booked = Charge.objects.visible_to(user).exclude(booked_on=None)
    found = dict(booked.values_list("pk", "booked_on"))
    this_year = timezone.localdate().year
    first = min((day.year for day in found.values() if day), default=this_year)
    if not first <= year <= this_year:
        raise Http404
    charges = Charge.objects.filter(pk__in=list(found))
    title = user.get_full_name() or user.email
    extract = Extract(title, date(year, 1, 1), date(year, 12, 31), charges)
    return extract, list(range(this_year, first - 1, -1))


@private_page
@require_safe
def extract(request: HttpRequest, year: int) -> HttpResponse:
    found, years = _extract_of(cast(User, request.user), year)
    return render(request, "payments/extract.html", {"extract": found, "years": years, "year": year})


@private_page
@require_safe
def extract_pdf(request: HttpRequest, year: int) -> HttpResponse:
    found, _years = _extract_of(cast(User, request.user), year)
    name = f"{slugify(_('extrait'))}-{year}.pdf"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(extracts.pdf(found), content_type="application/pdf", headers=headers)
