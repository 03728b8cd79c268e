from typing import cast

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.limits import rate_limited
from accounts.models import User
from members.directory import Selection, cards_of
from members.models import Member

PAGE_SIZE = 30


@never_cache
@require_safe
@rate_limited("directory", on={"GET", "HEAD"})
def directory(request: HttpRequest) -> HttpResponse:
    """For members who are up to date, and whoever has a seat in such an organisation. Others read why, and how."""
    user, today = cast(User, request.user), timezone.localdate()
    if not Member.objects.benefiting(user).current(on=today).exists():
        context = {"closed_to": Member.objects.visible_to(user).with_standing(), "is_closed": True}
        return render(request, "members/directory.html", context, status=403)
    selection = Selection(request.GET, on=today)
    page = Paginator(selection.kept, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"selection": selection, "page": page, "cards": cards_of(page)}
    return render(request, "members/directory.html", context)
