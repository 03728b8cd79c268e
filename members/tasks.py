from celery import shared_task
from django.utils import timezone

from members import duplicates, mandate_emails, renewals
from members.models import Application, Mandate, Merge

WARNED_DAYS = 30


@shared_task
def send_reminders() -> int:
    return renewals.send_reminders(on=timezone.localdate())


@shared_task
def purge_abandoned() -> int:
    return Application.objects.purge_abandoned()


@shared_task
def warn_of_ending_mandates() -> int:
    """Once for each last day: a run that was missed catches up. Returns how many messages were queued."""
    ending = Mandate.objects.ending(on=timezone.localdate(), within=WARNED_DAYS)
    return sum(mandate_emails.mandate_ending(one) for one in ending.select_related("organisation", "user"))


@shared_task
def find_duplicates() -> int:
    return duplicates.refresh()


@shared_task
def forget_merges() -> int:
    return Merge.objects.forget()
