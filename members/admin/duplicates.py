from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.admin_pages import ReadOnlyAdmin, StateFilter, act
from members import merging, tasks
from members.models import DuplicatePair


class PairStateFilter(StateFilter):
    states = {
        "open": (_("à examiner"), lambda pairs: pairs.open()),
        "dismissed": (_("écarté"), lambda pairs: pairs.exclude(dismissed_at=None)),
    }


@admin.register(DuplicatePair)
class DuplicatePairAdmin(ReadOnlyAdmin):
    list_display = ["pair", "numbers", "why", "score", "dismissed_at", "dismissed_by"]
    list_display_links = None
    list_filter = [PairStateFilter]
    list_select_related = ["member_a", "member_b", "dismissed_by"]
    list_per_page = 50
    search_fields = [
        f"{side}__{name}"
        for side in ("member_a", "member_b")
        for name in ("first_name", "last_name", "organisation", "email")
    ]
    fields = ["pair", "why", "score", "found_at", "dismissed_at", "dismissed_by"]
    readonly_fields = ["pair", "why"]
    actions = ["dismiss"]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.search))
        return [path("chercher/", view, name="members_duplicatepair_search"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"may_search": self.has_act_permission(request), **(extra_context or {})}
        return super().changelist_view(request, context)

    @admin.display(description=_("fiches"), ordering="member_a__last_name")
    def pair(self, pair: DuplicatePair) -> str:
        kept, removed = merging.best_first(pair.member_a, pair.member_b)
        url = reverse("admin:members_merge_compare", args=[kept.pk, removed.pk])
        return format_html('<a href="{}">{} – {}</a>', url, kept, removed)

    @admin.display(description=_("numéros"))
    def numbers(self, pair: DuplicatePair) -> str:
        return f"{pair.member_a.number}, {pair.member_b.number}"

    @admin.display(description=_("pourquoi"))
    def why(self, pair: DuplicatePair) -> str:
        return "\u202f; ".join(pair.in_words())

    @admin.action(description=_("Écarter\u00a0: ce sont deux adhérents"), permissions=["act"])
    def dismiss(self, request: HttpRequest, queryset: QuerySet[DuplicatePair]) -> None:
        staff: Any = request.user

        def verb(pair: DuplicatePair) -> str | None:
            return None if pair.dismiss(by=staff) else gettext("ce doublon est déjà écarté.")

        done = act(self, request, queryset, verb, history=gettext("Écarté."))
        messages.info(request, ngettext("%d doublon écarté.", "%d doublons écartés.", done) % done)

    def search(self, request: HttpRequest) -> HttpResponse:
        if not self.has_act_permission(request):
            raise PermissionDenied
        tasks.find_duplicates.delay_on_commit()  # type: ignore[attr-defined]
        told = gettext("La recherche est lancée\u00a0: la liste change dans quelques instants.")
        messages.info(request, told)
        return redirect("admin:members_duplicatepair_changelist")
