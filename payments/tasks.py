from celery import shared_task
from django.conf import settings
from django.utils import timezone

from payments import dunning
from payments.models import SandboxPayment, Statement
from payments.providers import sandbox


@shared_task
def notify_sandbox_payment(payment_id: int) -> None:
    payment = SandboxPayment.objects.filter(pk=payment_id, notified_at=None).select_related("order").first()
    if payment:
        sandbox.notify(payment)


@shared_task
def notify_sandbox_payments() -> int:
    return sandbox.notify_due() if settings.PAYMENT_SANDBOX else 0


@shared_task
def forget_abandoned_files() -> int:
    """The statements of the bank that somebody has sent, and not imported."""
    return Statement.objects.abandoned().delete()[0]


@shared_task
def remind_of_unpaid() -> int:
    return dunning.send_reminders(on=timezone.localdate())
