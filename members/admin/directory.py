from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.admin_pages import ReadOnlyAdmin, StateFilter
from members.models import Consent, Skill


@admin.register(Skill)
class SkillAdmin(admin.ModelAdmin):
    list_display = ["name", "position"]
    list_editable = ["position"]
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}


class ConsentStateFilter(StateFilter):
    states = {
        "in_force": (_("en vigueur"), lambda rows: rows.in_force(on=timezone.localdate())),
        "over": (
            _("terminé ou retiré"),
            lambda rows: rows.exclude(pk__in=rows.in_force(on=timezone.localdate())),
        ),
    }


@admin.register(Consent)
class ConsentAdmin(ReadOnlyAdmin):
    """Read only: the member alone agrees, and withdraws."""

    list_display = ["member", "purpose", "text_version", "given_at", "expires_on", "withdrawn_at"]
    list_filter = [ConsentStateFilter, "purpose"]
    list_select_related = ["member"]
    search_fields = ["member__first_name", "member__last_name", "member__organisation", "member__email"]
    fields = [
        "member",
        "purpose",
        "text_version",
        "text",
        "given_at",
        "given_by",
        "expires_on",
        "withdrawn_at",
    ]
    readonly_fields = ["text"]

    @admin.display(description=_("texte"))
    def text(self, consent: Consent) -> str:
        return consent.text
