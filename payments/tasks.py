import logging
import time
from datetime import timedelta
from itertools import chain

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from payments import checkouts, dunning, invoicing, sweeps
from payments.models import Billing, Charge, Checkout, SandboxPayment, Statement
from payments.providers import ProviderDown, ProviderRefused, helloasso, sandbox
from payments.seller import LegalMentionsMissing

logger = logging.getLogger(__name__)
BATCH, BATCH_SECONDS = 100, 120  # readings of one run, whichever ends first
LISTED, CONTESTABLE = timedelta(days=10), timedelta(days=400)  # a debit may be contested for thirteen months
TAKEN_BACK = ("Contested", "Refunded", "Refunding")


@shared_task
def read_open_checkouts() -> None:
    """Catch up with lost notifications. A provider that does not answer is left alone until the next run."""
    ends_at, answering = time.monotonic() + BATCH_SECONDS, set(settings.PAYMENT_PROVIDERS)
    due = Checkout.objects.to_read().not_read_lately().filter(provider__in=answering)
    for checkout in due.select_related("charge")[:BATCH]:
        if checkout.provider not in answering or time.monotonic() > ends_at:
            continue
        try:
            checkouts.synchronise(checkout)
        except ProviderDown:
            logger.warning("read_failed", exc_info=True)
            answering.remove(checkout.provider)
        except ProviderRefused:
            logger.warning("read_failed", exc_info=True)


@shared_task
def sweep_helloasso() -> None:
    """What has been paid or taken back lately without our hearing of it, also on forms that are not ours."""
    if "helloasso" not in settings.PAYMENT_PROVIDERS:
        return
    now = timezone.now()
    lately, taken = helloasso.listed(now - LISTED), helloasso.listed(now - CONTESTABLE, states=TAKEN_BACK)
    try:
        for listed in chain(lately, taken):
            sweeps.catch_up("helloasso", listed)
    except (ProviderDown, ProviderRefused):  # tomorrow
        logger.warning("sweep_failed", exc_info=True)


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


@shared_task
def issue_invoice(charge_id: int) -> None:
    """Of an organisation that has paid, or pays later. What is missing to do it waits for the staff: see their list."""
    billing = Billing.objects.to_invoice().filter(charge=charge_id).select_related("charge").first()
    if billing is None:
        return
    try:
        invoicing.invoice_and_tell(billing.charge)
    except (LegalMentionsMissing, invoicing.BillingIncomplete, invoicing.NothingToInvoice):
        logger.warning("invoice_waits", exc_info=True)


@shared_task
def issue_invoices() -> int:
    """Those that were not issued at once: a worker was away, or what was missing has been filled in since."""
    charges = list(Billing.objects.to_invoice().complete().values_list("charge", flat=True)[:BATCH])
    for charge_id in charges:
        issue_invoice.delay(charge_id)
    return len(charges)


@shared_task
def issue_credit_note(charge_id: int) -> None:
    """Of what was invoiced of this charge and is no longer owed, if anything is."""
    for charge in Charge.objects.to_credit().filter(pk=charge_id):
        invoicing.credit(charge)


@shared_task
def issue_credit_notes() -> int:
    """Those that were not issued at once: a worker was away, or they were many."""
    charges = list(Charge.objects.to_credit().order_by("pk").values_list("pk", flat=True)[:BATCH])
    for charge_id in charges:
        issue_credit_note.delay(charge_id)
    return len(charges)
