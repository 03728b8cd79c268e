from celery import shared_task
from django.utils import timezone

from members import renewals
from members.models import Application


@shared_task
def send_reminders() -> int:
    return renewals.send_reminders(on=timezone.localdate())


@shared_task
def purge_abandoned() -> int:
    return Application.objects.purge_abandoned()
