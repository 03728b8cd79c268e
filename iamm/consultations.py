"""What a member is told of their record: which of the staff opened it, or took it away in a file."""

from typing import cast

from django.contrib.contenttypes.models import ContentType
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import User
from journal.models import Entry
from members.models import Member

PAGE = 50


@never_cache
@require_safe
def consultation_list(request: HttpRequest) -> HttpResponse:
    """Of one's own record, and of the organisations one acts for."""
    members = {member.pk: member for member in Member.objects.visible_to(cast(User, request.user))}
    entries = Entry.objects.seen_by_subject().filter(
        content_type=ContentType.objects.get_for_model(Member), object_id__in=members
    )
    page = Paginator(entries, PAGE).get_page(request.GET.get("page"))
    lines = [(entry, members[entry.object_id]) for entry in page]
    return render(request, "iamm/consultation_list.html", {"page": page, "lines": lines, "members": members})
