"""The account of a member in the books: what was asked for their periods and applications, whoever pays."""

from typing import cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path

from accounts.models import User
from journal import trail
from members.models import Member
from payments.admin.extracts import extract_page
from payments.models import Charge


class AccountPage(admin.ModelAdmin):
    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.extract)
        return [path("<int:pk>/extrait/", view, name="members_member_extract"), *super().get_urls()]

    def extract(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        member = get_object_or_404(Member, pk=pk)
        charges = Charge.objects.filter(pk__in=list(member.charges.values_list("pk", flat=True)))
        response = extract_page(self, request, f"{member}, {member.number}", charges)
        trail.record(member, trail.Action.OPENED, actor=cast(User, request.user), once_per=trail.HOUR)
        return response
