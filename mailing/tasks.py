from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from mailing import delivery
from mailing.models import Email


@shared_task
def deliver(email_id: int) -> None:
    delivery.deliver_one(email_id)


@shared_task
def deliver_due() -> int:
    return delivery.deliver_due()


@shared_task
def purge() -> int:
    return Email.objects.purge(before=timezone.now() - timedelta(days=settings.MAIL_KEPT_DAYS))
