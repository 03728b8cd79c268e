"""The list of who may vote on a day: read, printed by college, or taken away. Who took it is noted on each record."""

from collections.abc import Iterable
from datetime import date
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.models import User
from documents.days import in_words
from documents.spreadsheets import CONTENT_TYPES, as_csv
from journal import trail
from members.admin.verb_forms import DayInput
from members.models import College, Member
from members.voters import AbsentTable, Voters, VoterTable

PAGE = 100


class VotersForm(forms.Form):
    on = forms.DateField(label=_("À jour au"), required=False, widget=DayInput)
    college = forms.ModelChoiceField(
        label=_("Collège"), queryset=College.objects.all(), required=False, empty_label=_("tous")
    )

    def clean_on(self) -> date:
        return self.cleaned_data["on"] or timezone.localdate()


class VotersPage(admin.ModelAdmin):
    def get_urls(self) -> list[URLPattern]:
        def page(route: str, view: Any, name: str) -> URLPattern:
            view = self.admin_site.admin_view(require_safe(view))
            return path(route, view, name=f"members_member_{name}")

        return [
            page("electeurs/", self.voters, "voters"),
            page("electeurs.pdf", self.voters_pdf, "voters_pdf"),
            page("electeurs.csv", self.voters_csv, "voters_csv"),
            page("absents.csv", self.absent_csv, "absent_csv"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"sees_voters": self.has_voters_permission(request), **(extra_context or {})}
        return super().changelist_view(request, context)

    def has_voters_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("members.view_voters")

    def _asked(self, request: HttpRequest) -> VotersForm:
        if not self.has_voters_permission(request):
            raise PermissionDenied
        form = VotersForm({"on": timezone.localdate().isoformat(), **request.GET.dict()})
        form.is_valid()
        return form

    def voters(self, request: HttpRequest) -> HttpResponse:
        return self._voters_page(request, self._asked(request))

    def _voters_page(self, request: HttpRequest, form: VotersForm) -> HttpResponse:
        context: dict[str, Any] = {
            "title": gettext("Liste électorale"),
            "opts": self.opts,
            "form": form,
        }
        if not form.errors:
            voters = Voters(form.cleaned_data["on"])
            listed = Paginator(voters.of(form.cleaned_data["college"]), PAGE)
            absent = Paginator(voters.absent.order_by("pk"), PAGE)
            context |= {
                "voters": voters,
                "query": request.GET.urlencode(),
                "listed": listed.get_page(request.GET.get("page")),
                "absent": absent.get_page(request.GET.get("absent")),
            }
            context["listed_rows"] = _with_standings(
                context["listed"], [one.member.pk for one in context["listed"]], voters.on
            )
            context["absent_rows"] = _with_standings(
                context["absent"], [one.pk for one in context["absent"]], voters.on
            )
        return TemplateResponse(
            request,
            "admin/members/member/voters.html",
            self.admin_site.each_context(request) | context,
            status=400 if form.errors else 200,
        )

    def voters_pdf(self, request: HttpRequest) -> HttpResponseBase:
        form = self._asked(request)
        if form.errors:
            return self._voters_page(request, form)
        voters, college = Voters(form.cleaned_data["on"]), form.cleaned_data["college"]
        content = voters.pdf(college)
        _note(request, [one.member.pk for one in voters.of(college)], voters, "PDF")
        return _attached(
            HttpResponse(content, content_type="application/pdf"), "electeurs", college, voters, "pdf"
        )

    def voters_csv(self, request: HttpRequest) -> HttpResponseBase:
        form = self._asked(request)
        if form.errors:
            return self._voters_page(request, form)
        voters, college = Voters(form.cleaned_data["on"]), form.cleaned_data["college"]
        _note(request, [one.member.pk for one in voters.of(college)], voters, "CSV")
        lines = as_csv(VoterTable(voters, college))
        return _attached(_streamed(lines), "electeurs", college, voters, "csv")

    def absent_csv(self, request: HttpRequest) -> HttpResponseBase:
        form = self._asked(request)
        if form.errors:
            return self._voters_page(request, form)
        voters = Voters(form.cleaned_data["on"])
        _note(request, voters.absent.values_list("pk", flat=True).iterator(), voters, "CSV")
        return _attached(_streamed(as_csv(AbsentTable(voters))), "absents", None, voters, "csv")


def _with_standings(page: Page[Any], pks: list[int], on: date) -> list[tuple[Any, Any]]:
    """Each row of a page with its standing, in as many queries whatever its length."""
    members = Member.objects.with_standing().select_related("college").in_bulk(pks)
    return [(row, members[pk].standing(on=on)) for row, pk in zip(page, pks, strict=True)]


def _note(request: HttpRequest, pks: Iterable[int], voters: Voters, form: str) -> None:
    note = gettext("Liste électorale au %(day)s, %(form)s") % {"day": in_words(voters.on), "form": form}
    actor = cast(User, request.user)
    trail.record_many(pks, trail.Action.EXPORTED, model=Member, actor=actor, note=note)


def _streamed(lines: Iterable[str]) -> StreamingHttpResponse:
    return StreamingHttpResponse(lines, content_type=CONTENT_TYPES["csv"])


def _attached(
    response: HttpResponseBase, name: str, college: College | None, voters: Voters, extension: str
) -> HttpResponseBase:
    parts = [name, *([slugify(college.name)] if college else []), voters.on.isoformat()]
    response["Content-Disposition"] = f'attachment; filename="{"-".join(parts)}.{extension}"'
    response["Cache-Control"] = "private, no-store"
    return response
