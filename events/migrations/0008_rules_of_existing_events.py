from datetime import UTC, datetime, time, timedelta

from django.db import migrations
from django.utils import timezone

# number, unit, only_online: what `ReminderRule.defaults` gave to a new event on that day
DEFAULTS = [(7, "days", False), (1, "days", False), (2, "hours", True), (1, "after", False)]


def due_at(event, number, unit):
    paris = timezone.get_default_timezone()
    if unit == "hours":
        return event.starts_at.astimezone(UTC) - timedelta(hours=number)
    if unit == "after":
        return datetime.combine(
            event.ends_at.astimezone(paris) + timedelta(days=number), time(10), tzinfo=paris
        )
    return datetime.combine(event.starts_at.astimezone(paris) - timedelta(days=number), time(9), tzinfo=paris)


def give_rules(apps, schema_editor):
    """What is already due was sent, or never will be: nobody is written to because of a new version."""
    now = timezone.now()
    rules = apps.get_model("events", "ReminderRule")
    rules.objects.bulk_create(
        [
            rules(
                event_id=event.pk,
                number=number,
                unit=unit,
                only_online=only_online,
                sent_for=event.starts_at if due_at(event, number, unit) <= now else None,
            )
            for event in apps.get_model("events", "Event").objects.all()
            for number, unit, only_online in DEFAULTS
        ],
        batch_size=500,
    )


class Migration(migrations.Migration):
    dependencies = [("events", "0007_what_leaves_by_itself")]

    operations = [migrations.RunPython(give_rules, migrations.RunPython.noop, elidable=True)]
