"""A provider to try the portal with: its page is ours, its border is real.

It remembers what it was asked and what the tester did, and tells us by an HTTP request to the notification address,
again after 1, 2, 4… minutes when we do not answer 2xx. Refused unless PAYMENT_SANDBOX=1.
"""

import json
from datetime import timedelta
from decimal import Decimal

import requests
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from payments.models import SandboxOrder, SandboxPayment
from payments.providers import BadNotification, ProviderPayment, Started

MAX_ATTEMPTS = 8


def start(*, amount: Decimal, label: str, return_url: str) -> Started:
    order = SandboxOrder.objects.create(amount=amount, label=label[:250], return_url=return_url)
    return Started(str(order.uuid), settings.SITE_URL + reverse("payments:sandbox", args=[order.uuid]))


def read(reference: str) -> list[ProviderPayment]:
    paid = SandboxPayment.objects.filter(order__uuid=reference, state=SandboxPayment.State.AUTHORIZED)
    return [
        ProviderPayment(str(payment.uuid), payment.order.amount, timezone.localdate(payment.made_at))
        for payment in paid.filter(made_at__lte=timezone.now()).select_related("order")
    ]


def parse_notification(body: bytes) -> str:
    try:
        reference = json.loads(body)["data"]["order"]
        SandboxOrder._meta.get_field("uuid").to_python(reference)
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise BadNotification from error
    return str(reference)


@transaction.atomic
def make_payment(order: SandboxOrder, state: str, *, late_by: timedelta = timedelta(0)) -> SandboxPayment:
    """What the tester chose on the page. A late payment is known to nobody before `late_by` has passed."""
    from payments import tasks  # noqa: PLC0415 - the task calls `notify` below

    made_at = timezone.now() + late_by
    payment = SandboxPayment.objects.create(order=order, state=state, made_at=made_at, notify_at=made_at)
    if not late_by:
        tasks.notify_sandbox_payment.delay_on_commit(payment.pk)  # type: ignore[attr-defined]
    return payment


def notify(payment: SandboxPayment) -> None:
    """Tell the portal, over HTTP, and note whether it listened."""
    path = reverse("payments:notification", args=["sandbox", settings.PAYMENT_NOTIFICATION_SECRET])
    body = {
        "eventType": "Payment",
        "data": {"id": str(payment.uuid), "order": str(payment.order.uuid), "state": payment.state},
    }
    try:
        answered = requests.post(settings.SITE_URL + path, json=body, timeout=10).ok
    except requests.RequestException:
        answered = False
    if answered:
        payment.notified_at = timezone.now()
    else:
        payment.attempts += 1
        payment.notify_at = timezone.now() + timedelta(minutes=2 ** (payment.attempts - 1))
    payment.save(update_fields=["notified_at", "attempts", "notify_at"])


def notify_due() -> int:
    """Tell what is due: late payments, and those we did not answer. Gives up after MAX_ATTEMPTS."""
    due = SandboxPayment.objects.filter(
        notified_at=None, notify_at__lte=timezone.now(), attempts__lt=MAX_ATTEMPTS
    )
    for payment in due.select_related("order"):
        notify(payment)
    return len(due)
