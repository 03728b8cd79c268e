from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils import formats, timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.admin_pages import ReadOnlyInline, StateFilter, form_page
from members.models import Member, Membership, PeriodOverlap, Plan


class MemberStateFilter(StateFilter):
    title = _("adhésion")
    states = {
        "current": (_("à jour"), lambda members: members.current(on=timezone.localdate())),
        "expired": (_("échue"), lambda members: members.filter(last_day__lt=timezone.localdate())),
        "never": (_("jamais adhéré"), lambda members: members.filter(last_day=None)),
    }


class MembershipInline(ReadOnlyInline):
    model = Membership
    fields = ["plan", "starts_on", "ends_on", "charge", "cancelled_at"]
    readonly_fields = ["cancelled_at"]


class MembershipForm(forms.Form):
    plan = forms.ModelChoiceField(label=_("Formule"), queryset=Plan.objects.none())
    starts_on = forms.DateField(
        label=_("Premier jour"),
        required=False,
        help_text=_("Vide : à la suite de la dernière période, ou aujourd’hui."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, member: Member, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        plan = self.fields["plan"]
        assert isinstance(plan, forms.ModelChoiceField)  # noqa: S101 - declared above
        plan.queryset = Plan.objects.filter(kind=member.kind)


@admin.register(Member)
class MemberAdmin(admin.ModelAdmin):
    list_display = ["name", "kind", "college", "email", "up_to_date"]
    list_filter = [MemberStateFilter, "kind", "college"]
    list_select_related = ["college"]
    search_fields = ["first_name", "last_name", "organisation", "email"]
    raw_id_fields = ["user"]
    fields = [
        "kind",
        ("first_name", "last_name"),
        "organisation",
        "email",
        ("college", "joined_on"),
        "user",
    ]
    inlines = [MembershipInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Member]:
        members: QuerySet[Member] = Member.objects.with_end().with_standing()
        return members

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.add_membership)
        return [path("<int:pk>/membership/", view, name="members_member_membership"), *super().get_urls()]

    @admin.display(description=_("nom"), ordering="last_name")
    def name(self, member: Member) -> str:
        return str(member)

    @admin.display(description=_("à jour jusqu’au"), ordering="last_day")
    def up_to_date(self, member: Any) -> str:
        if until := member.current_until:
            return formats.date_format(until)
        if member.last_day is None:
            return gettext("jamais")
        is_over = member.last_day < timezone.localdate()
        label = gettext("échue le %s") if is_over else gettext("pas encore commencée, jusqu’au %s")
        return label % formats.date_format(member.last_day)

    def has_membership_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and request.user.has_perm("members.add_membership")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {"can_add_membership": self.has_membership_permission(request), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def add_membership(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Grant a period by hand, without a charge."""
        if not self.has_membership_permission(request):
            raise PermissionDenied
        member = get_object_or_404(Member, pk=pk)
        form = MembershipForm(request.POST or None, member=member)
        if form.is_valid():
            try:
                membership = member.add_membership(**form.cleaned_data)
            except PeriodOverlap:
                form.add_error("starts_on", gettext("Ces dates chevauchent une autre adhésion."))
            else:
                self.log_change(request, member, gettext("Adhésion ajoutée : %s.") % membership)
                messages.success(request, gettext("Adhésion ajoutée : %s.") % membership)
                return redirect("admin:members_member_change", pk)
        return form_page(
            self,
            request,
            member,
            form,
            title=gettext("Ajouter une adhésion"),
            submit=gettext("Ajouter cette adhésion"),
            note=gettext("Rien ne sera à payer et aucun message ne part."),
        )
