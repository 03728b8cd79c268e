from datetime import timedelta

from django.utils import timezone

from mailing.models import Email
from members import renewals
from members.models import ReminderRule
from tests.factories import create_membership


def test_two_runs_at_once_write_to_each_member_once(at_once):
    ReminderRule.objects.all().delete()
    ReminderRule.objects.create(days=-7)
    today = timezone.localdate()
    joined_at = timezone.now() - timedelta(days=300)
    members = [
        create_membership(ends_on=today + timedelta(days=3), created_at=joined_at).member for _ in range(8)
    ]

    counts = at_once(*[lambda: renewals.send_reminders(on=today)] * 3)

    assert sum(counts) == len(members)
    assert sorted(Email.objects.values_list("to", flat=True)) == sorted(one.email for one in members)
