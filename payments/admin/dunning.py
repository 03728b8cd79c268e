from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mailing.rules_admin import SHOWN, RuleAdmin
from payments import dunning, emails
from payments.models import Charge, DunningRule


@admin.register(DunningRule)
class DunningRuleAdmin(RuleAdmin):
    list_display = ["name", "when", "subject", "is_active"]
    fields = [("name", "days"), "subject", "text", "is_active"]
    preview_template = "admin/payments/dunningrule/preview.html"
    preview_title = _("Relances d’impayés\u00a0: aperçu")
    preview_right = "payments.view_charge"

    @admin.display(description=_("quand"), ordering="days")
    def when(self, rule: DunningRule) -> str:
        return rule.moment

    def example(self, rule: DunningRule) -> str:
        today = timezone.localdate()
        charge = Charge(pk=0, name=gettext("Camille Exemple"), due_on=today - timedelta(days=rule.days))
        label, amount = gettext("Adhésion"), Decimal(40)
        return emails.payment_reminder_preview(charge, rule=rule, amount=amount, label=label, on=today)[
            "html"
        ]

    def who(self, on: date) -> dunning.Preview:
        """With what is left to pay, for those that are shown."""
        found = dunning.preview(on=on)
        due, spared = found.due[:SHOWN], found.spared[:SHOWN]
        shown: list[Any] = [*(one.charge for one in due), *(one.charge for one in spared)]
        amounts: Any = Charge.objects.filter(pk__in=[one.pk for one in shown]).with_amounts()
        missing = dict(amounts.values_list("pk", "missing"))
        for one in shown:
            one.missing = missing[one.pk]
        return found
