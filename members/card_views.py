from typing import cast

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.limits import rate_limited
from accounts.models import User
from members import card as cards
from members.models import Member


@never_cache
@require_safe
def card(request: HttpRequest) -> HttpResponse:
    """One's own card, and those of the organisations one acts for."""
    mine = Member.objects.visible_to(cast(User, request.user)).with_standing().select_related("college")
    own_first = mine.order_by("-kind", "organisation", "pk")
    return render(request, "members/card.html", {"cards": [cards.of(member) for member in own_first]})


@never_cache
@require_safe
def card_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    mine = Member.objects.visible_to(cast(User, request.user)).with_standing().select_related("college")
    card = cards.of(get_object_or_404(mine, pk=pk))
    if not card.standing.is_current:
        raise Http404
    headers = {"Content-Disposition": f'attachment; filename="carte-{card.member.number}.pdf"'}
    return HttpResponse(card.pdf(), content_type="application/pdf", headers=headers)


@login_not_required
@never_cache
@require_safe
@rate_limited("card", on={"GET", "HEAD"})
def card_check(request: HttpRequest, code: str) -> HttpResponse:
    """Whether a card is valid, for whoever holds it. One that no longer is says nothing of why, nor since when."""
    member = cards.find(code)
    context = {"card": cards.of(member) if member else None}
    return render(request, "members/card_check.html", context, status=200 if member else 404)
