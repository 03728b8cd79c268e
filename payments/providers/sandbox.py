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
from django.db.models import Sum
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from payments.models import SandboxOrder, SandboxPayment
from payments.providers import (
    BadNotification,
    Notification,
    Order,
    ProviderPayment,
    ProviderRefused,
    Refunded,
    Started,
    State,
    Takeback,
)

LABEL, HINT = _("Payer %s"), ""
MAX_ATTEMPTS = 8


def start(order: Order) -> Started:
    asked = SandboxOrder.objects.create(
        amount=order.amount, label=order.label[:250], return_url=order.return_url
    )
    return Started(str(asked.uuid), settings.SITE_URL + reverse("payments:sandbox", args=[asked.uuid]))


def read(reference: str) -> list[ProviderPayment]:
    made = SandboxPayment.objects.filter(order__uuid=reference, made_at__lte=timezone.now())
    return [_told(payment) for payment in made.select_related("order").prefetch_related("refunds")]


def _told(payment: SandboxPayment) -> ProviderPayment:
    is_paid = payment.state == SandboxPayment.State.AUTHORIZED
    return ProviderPayment(
        reference=str(payment.uuid),
        amount=payment.order.amount,
        paid_on=timezone.localdate(payment.made_at),
        state=State.PAID if is_paid else State.FAILED,
        takebacks=tuple(
            Takeback(one.key, one.amount, timezone.localdate(one.made_at), one.is_chargeback)
            for one in payment.refunds.all()
        ),
    )


@transaction.atomic
def refund(payment: str, *, amount: Decimal, key: str) -> Refunded:
    made = SandboxPayment.objects.select_for_update().filter(uuid=payment).first()
    if made is None:
        raise ProviderRefused(gettext("Le bac à sable ne connaît pas ce paiement."))
    others = made.refunds.exclude(key=key).aggregate(total=Coalesce(Sum("amount"), Decimal(0)))["total"]
    if others + amount > made.order.amount:
        raise ProviderRefused(gettext("C’est plus que ce qui a été payé."))
    made.refunds.get_or_create(key=key, defaults={"amount": amount})
    return Refunded(key, is_done=True)


def parse_notification(notification: Notification) -> str:
    try:
        reference = json.loads(notification.body)["data"]["order"]
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
