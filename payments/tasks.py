from celery import shared_task
from django.conf import settings

from payments.models import SandboxPayment
from payments.providers import sandbox


@shared_task
def notify_sandbox_payment(payment_id: int) -> None:
    payment = SandboxPayment.objects.filter(pk=payment_id, notified_at=None).select_related("order").first()
    if payment:
        sandbox.notify(payment)


@shared_task
def notify_sandbox_payments() -> int:
    return sandbox.notify_due() if settings.PAYMENT_SANDBOX else 0
