from datetime import date, timedelta

from django.conf import settings
from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mailing.rules_admin import RuleAdmin
from members import emails, renewals
from members.models import Member, Membership, Plan, ReminderRule


@admin.register(ReminderRule)
class ReminderRuleAdmin(RuleAdmin):
    list_display = ["moment", "plan", "subject", "is_active"]
    list_display_links = ["moment"]
    list_filter = ["is_active", "plan"]
    list_select_related = ["plan"]
    fields = [("plan", "days"), "subject", "text", "is_active"]
    preview_template = "admin/members/reminderrule/preview.html"
    preview_title = _("Relances\u00a0: aperçu")
    preview_right = "members.view_member"

    @admin.display(description=_("quand"), ordering="days")
    def moment(self, rule: ReminderRule) -> str:
        return str(rule)

    def example(self, rule: ReminderRule) -> str:
        today = timezone.localdate()
        example = Membership(
            member=Member(first_name="Camille", last_name=gettext("Exemple")),
            plan=rule.plan or Plan.objects.first() or Plan(name=gettext("Exemple")),
            ends_on=today - timedelta(days=rule.days),
        )
        link = f"{settings.SITE_URL}/adherer/renouveler/…/"
        return emails.renewal_preview(example, rule=rule, on=today, link=link)["html"]

    def who(self, on: date) -> renewals.Preview:
        return renewals.preview(on=on)
