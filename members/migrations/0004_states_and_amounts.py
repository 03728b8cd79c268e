from django.db import migrations
from django.db.models import F, OuterRef, Subquery, Sum

from members.models.members import new_card_code


def write_states(apps, schema_editor):
    """The state of an application was read from its other columns until now."""
    Application = apps.get_model("members", "Application")
    Application.objects.exclude(membership=None).update(state="done")
    Application.objects.exclude(abandoned_at=None).update(state="abandoned", state_since=F("abandoned_at"))
    Application.objects.filter(state="accepted").update(state_since=F("created_at"))


def write_amounts(apps, schema_editor):
    """What was charged for a period is kept with it, and the days that were announced with the application."""
    ChargeLine = apps.get_model("payments", "ChargeLine")
    for name in ["Membership", "Application"]:
        lines = ChargeLine.objects.filter(charge=OuterRef("charge")).order_by().values("charge")
        total = lines.annotate(total=Sum("amount")).values("total")
        apps.get_model("members", name).objects.exclude(charge=None).update(amount=Subquery(total))
    Membership = apps.get_model("members", "Membership")
    period = Membership.objects.filter(pk=OuterRef("membership"))
    apps.get_model("members", "Application").objects.exclude(membership=None).update(
        member=Subquery(period.values("member")),
        starts_on=Subquery(period.values("starts_on")),
        ends_on=Subquery(period.values("ends_on")),
    )


def draw_card_codes(apps, schema_editor):
    Member = apps.get_model("members", "Member")
    for member in Member.objects.only("pk").iterator(chunk_size=1000):
        Member.objects.filter(pk=member.pk).update(card_code=new_card_code())


def undo_states(apps, schema_editor):
    Application = apps.get_model("members", "Application")
    Application.objects.filter(state="abandoned").update(abandoned_at=F("state_since"))


class Migration(migrations.Migration):
    dependencies = [("members", "0003_belonging"), ("payments", "0002_plan_change_refund")]

    operations = [
        migrations.RunPython(write_states, undo_states),
        migrations.RunPython(write_amounts, migrations.RunPython.noop),
        migrations.RunPython(draw_card_codes, migrations.RunPython.noop),
    ]
