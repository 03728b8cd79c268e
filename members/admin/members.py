import re
from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Replace
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import formats
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts.admin_pages import ReadOnlyInline
from journal.admin import JournalledAdmin
from members.admin import panel
from members.admin.accounts import AccountPage
from members.admin.filters import CurrentOnFilter, MemberStateFilter, PeriodFilter, PlanFilter
from members.admin.groups import GroupFilter
from members.admin.seats import MandateInline
from members.admin.selections import MemberSelections
from members.admin.taken_away import TakesMembersAway
from members.admin.verbs import MemberVerbs
from members.admin.voters import VotersPage
from members.models import Identity, Kind, Member, Membership, Merge

NUMBER = re.compile(r"A-?0*([0-9]{1,18})|([0-9]{1,8})", re.IGNORECASE)  # nine digits are a SIREN
DIGITS = re.compile(r"\+?[0-9][0-9 .\-\u00a0\u202f]{5,}")
LOCAL_PHONE = 9  # the digits of a French number without its 0 or its +33


class MembershipInline(ReadOnlyInline):
    model = Membership
    fields = ["days", "plan", "amount", "charge", "credit_until", "cancelled_at"]
    readonly_fields = ["days", "amount", "credit_until", "cancelled_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).select_related("plan", "charge", "member")

    @admin.display(description=_("du, au"))
    def days(self, membership: Membership) -> str:
        """Leading to where it is cancelled, or refunded."""
        url = reverse("admin:members_membership_change", args=[membership.pk])
        days = f"{membership.starts_on:%d/%m/%Y} – {membership.ends_on:%d/%m/%Y}"
        return format_html('<a href="{}">{}</a>', url, days)


@admin.register(Member)
class MemberAdmin(MemberVerbs, VotersPage, AccountPage, MemberSelections, TakesMembersAway, JournalledAdmin):
    list_display = ["name", "standing", "last_day", "kind", "college", "email"]
    list_filter = [
        MemberStateFilter,
        CurrentOnFilter,
        PeriodFilter,
        PlanFilter,
        GroupFilter,
        "college",
        "kind",
    ]
    list_select_related = ["college"]
    search_fields = ["first_name", "last_name", "organisation", "email"]
    search_help_text = _("Nom, organisation, e-mail, SIRET, téléphone ou numéro (A-000012).")
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    raw_id_fields = ["user"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "kind",
                    ("first_name", "last_name"),
                    "organisation",
                    ("siret", "headcount"),
                    ("email", "phone"),
                    ("college", "joined_on"),
                    ("user", "seats"),
                ]
            },
        ),
        (_("Adresse postale"), {"fields": ["address", ("postcode", "city"), "country"]}),
        (
            _("Facturation"),
            {"fields": [("billing_email", "purchase_order"), ("service_code", "engagement_number")]},
        ),
    ]
    inlines = [MembershipInline]
    actions: list[Any] = [*TakesMembersAway.actions, *MemberSelections.actions]  # noqa: RUF012 - as Django types it
    journalled_fields = [*Identity.identity_fields(), "kind", "college", "joined_on", "user", "seats"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Member]:
        members: QuerySet[Member] = Member.objects.with_end().with_standing()
        return members

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Member], search_term: str
    ) -> tuple[QuerySet[Member], bool]:
        term = search_term.strip()
        if match := NUMBER.fullmatch(term):
            return queryset.filter(pk=match[1] or match[2]), False
        if DIGITS.fullmatch(term):
            return _with_digits(queryset, re.sub(r"\D", "", term)), False
        return super().get_search_results(request, queryset, search_term)

    def get_inlines(self, request: HttpRequest, obj: Member | None) -> list[Any]:
        is_organisation = obj is not None and obj.kind == Kind.ORGANISATION
        return [*self.inlines, MandateInline] if is_organisation else [*self.inlines]

    @admin.display(description=_("nom"), ordering="last_name")
    def name(self, member: Member) -> str:
        return str(member)

    @admin.display(description=_("état"))
    def standing(self, member: Member) -> str:
        return member.standing().title

    @admin.display(description=_("dernier jour"), ordering="last_day", empty_value="–")
    def last_day(self, member: Any) -> str | None:
        return formats.date_format(member.last_day) if member.last_day else None

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {**(extra_context or {})}
        if object_id.isdecimal():
            member = Member.objects.with_standing().filter(pk=object_id).first()
            if member is None:  # merged away, or never there
                kept = get_object_or_404(Merge.objects.standing(), removed_pk=object_id).kept_id
                return redirect("admin:members_member_change", kept)
            context["panel"] = panel.of(member, request.user)
        return super().change_view(request, object_id, form_url, context)


def _with_digits(members: QuerySet[Member], digits: str) -> QuerySet[Member]:
    """By SIREN, SIRET or phone, however these are spaced."""
    phone: Any = F("phone")
    for sign in (" ", ".", "-", "\u00a0", "\u202f"):
        phone = Replace(phone, Value(sign), Value(""))
    found = members.alias(phone_digits=phone)
    return found.filter(siret__startswith=digits) | found.filter(phone_digits__endswith=digits[-LOCAL_PHONE:])
