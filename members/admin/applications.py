from django.contrib import admin
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.admin_pages import ReadOnlyAdmin, StateFilter
from members.models import Application
from payments.admin import charge_link


class ApplicationStateFilter(StateFilter):
    states = {
        "to_decide": (_("à décider"), lambda rows: rows.to_decide()),
        "to_complete": (_("à compléter"), lambda rows: rows.filter(state="to_complete")),
        "to_pay": (_("en attente de paiement"), lambda rows: rows.to_pay()),
        "to_place": (_("payée, dates à fixer"), lambda rows: rows.to_place()),
        "done": (_("terminée"), lambda rows: rows.filter(state="done")),
        "refused": (_("refusée"), lambda rows: rows.filter(state="refused")),
        "abandoned": (_("abandonnée"), lambda rows: rows.filter(state="abandoned")),
    }


@admin.register(Application)
class ApplicationAdmin(ReadOnlyAdmin):
    list_display = ["name", "email", "plan", "created_at", "state", "charge_link"]
    list_filter = [ApplicationStateFilter, "plan"]
    list_select_related = ["plan", "charge"]
    search_fields = ["first_name", "last_name", "email"]
    fields = [
        "first_name",
        "last_name",
        "email",
        "user",
        "plan",
        "charge",
        "membership",
        "created_at",
        "state",
        "state_since",
        "answer",
    ]

    @admin.display(description=_("nom"), ordering="last_name")
    def name(self, application: Application) -> str:
        return application.display_name or gettext("effacé")

    @admin.display(description=_("somme due"), ordering="charge", empty_value="–")
    def charge_link(self, application: Application) -> str | None:
        return charge_link(application.charge)
