"""Stripe: a Checkout page of theirs, which we read again by its session.

A payment is named by its payment intent, which a refund asks for and a dispute speaks of.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import stripe
from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from stripe.params.checkout import SessionCreateParams

from payments.models import Checkout, Payment
from payments.money import cents, from_cents
from payments.providers import (
    BadNotification,
    Notification,
    Order,
    ProviderDown,
    ProviderPayment,
    ProviderRefused,
    Refunded,
    Started,
    State,
    Takeback,
)

HAS_DEBIT = "sepa_debit" in settings.STRIPE["methods"]
LABEL = _("Payer %s par carte ou prélèvement") if HAS_DEBIT else _("Payer %s par carte")
HINT = (
    _("Chez Stripe. Un prélèvement n’est sûr qu’après quelques jours\u00a0: la carte l’est aussitôt.")
    if HAS_DEBIT
    else _("Chez Stripe.")
)
TIMEOUT = 10  # seconds
OPEN_FOR = timedelta(minutes=31)  # they refuse less than thirty
TOLERANCE = 300  # seconds: the age of a notification that may still be a replay of nothing
EXPAND = ["payment_intent.latest_charge.refunds"]
# Whether the money came back to us, by state. In the other states nothing has left, or not yet.
REFUNDS = {"succeeded": False, "failed": True, "canceled": True}
DISPUTES = {
    "needs_response": False,
    "under_review": False,
    "lost": False,
    "appeal_needs_response": False,
    "appeal_under_review": False,
    "won": True,
}


def start(order: Order) -> Started:
    with _client() as client:
        session = client.v1.checkout.sessions.create(_asked(order), {"idempotency_key": order.key})
    return Started(session.id, str(session.url))


def _asked(order: Order) -> SessionCreateParams:
    ours = {"charge": order.reference}
    return {
        "mode": "payment",
        "locale": "en" if get_language() == "en" else "fr",
        "client_reference_id": order.reference,
        "customer_email": order.payer.email,
        "metadata": ours,
        "payment_intent_data": {
            "metadata": ours,
            "description": f"{order.reference} – {order.label}"[:500],
        },
        "allowed_payment_method_types": settings.STRIPE["methods"],
        "adaptive_pricing": {"enabled": False},
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": "eur",
                    "unit_amount": cents(order.amount),
                    "product_data": {"name": order.label[:250]},
                },
            }
        ],
        "success_url": order.return_url,
        "cancel_url": order.cancel_url,
        "expires_at": int((timezone.now() + OPEN_FOR).timestamp()),
    }


def read(reference: str) -> list[ProviderPayment]:
    with _client() as client:
        session: Any = client.v1.checkout.sessions.retrieve(reference, {"expand": EXPAND})
        if not _is_of_its_charge(session):
            raise ProviderRefused(gettext("Ce passage chez Stripe n’est pas celui de cette somme."))
        intent = session.payment_intent
        if session.payment_status == "paid":
            return [_paid(client, intent)]
    if session.status == "open":
        return []
    is_waiting = intent is not None and intent.status == "processing"
    return [
        ProviderPayment(
            reference=intent.id if intent else session.id,
            amount=from_cents(session.amount_total),
            paid_on=_day(session.created),
            state=State.WAITING if is_waiting else State.FAILED,
            currency=session.currency.upper(),
        )
    ]


def _is_of_its_charge(session: Any) -> bool:
    checkout = (
        Checkout.objects.filter(provider="stripe", reference=session.id).select_related("charge").first()
    )
    return checkout is not None and session.client_reference_id == checkout.charge.number


def _paid(client: stripe.StripeClient, intent: Any) -> ProviderPayment:
    charge = intent.latest_charge
    takebacks = tuple(_takebacks(client, charge))
    return ProviderPayment(
        reference=intent.id,
        amount=from_cents(charge.amount),
        paid_on=_paid_on(charge, takebacks),
        currency=charge.currency.upper(),
        takebacks=takebacks,
    )


def _paid_on(charge: Any, takebacks: tuple[Takeback, ...]) -> date:
    """A debit says when it was begun, and not when the bank honoured it: its money came on the day we learn it, at the latest."""
    if getattr(charge.payment_method_details, "type", None) != "sepa_debit":
        return _day(charge.created)
    return min([timezone.localdate(), *(back.on for back in takebacks if not back.is_undone)])


def _takebacks(client: stripe.StripeClient, charge: Any) -> Iterator[Takeback]:
    refunds = list(charge.refunds.auto_paging_iter())
    alive = {_key(refund) for refund in refunds if not REFUNDS.get(refund.status)} - {None}
    for refund in refunds:
        if refund.status in REFUNDS:
            back = _takeback(refund, is_chargeback=False, is_undone=REFUNDS[refund.status])
            yield back._replace(is_asked_again=back.is_undone and _key(refund) in alive)
    if charge.disputed:
        for dispute in client.v1.disputes.list({"charge": charge.id, "limit": 100}).auto_paging_iter():
            if dispute.status in DISPUTES:
                yield _takeback(dispute, is_chargeback=True, is_undone=DISPUTES[dispute.status])


def _takeback(row: Any, *, is_chargeback: bool, is_undone: bool) -> Takeback:
    return Takeback(row.id, from_cents(row.amount), _day(row.created), is_chargeback, is_undone)


def _key(refund: Any) -> str | None:
    """Under which we asked for it."""
    return refund.metadata.to_dict().get("key") if refund.metadata else None


def refund(payment: str, *, amount: Decimal, key: str) -> Refunded:
    """Their idempotency keys last a day: ours is noted on the refund too, and looked for first."""
    with _client() as client:
        all_made = client.v1.refunds.list({"payment_intent": payment, "limit": 100}).auto_paging_iter()
        known = [one for one in all_made if _key(one) == key]
        alive = [one for one in known if not REFUNDS.get(str(one.status))]
        given = (
            alive[0]
            if alive
            else client.v1.refunds.create(
                {"payment_intent": payment, "amount": cents(amount), "metadata": {"key": key}},
                {"idempotency_key": f"{key}-{len(known)}"},
            )
        )
    if REFUNDS.get(str(given.status)):
        raise ProviderRefused(gettext("Stripe n’a pas pu rendre cet argent\u00a0: la banque l’a refusé."))
    return Refunded(given.id, is_done=given.status == "succeeded")


def parse_notification(notification: Notification) -> str | None:
    """A session, or the payment that a refund or a dispute speaks of once we know it: its session says the rest."""
    try:
        stripe.WebhookSignature.verify_header(
            notification.body,
            notification.headers.get("Stripe-Signature"),
            settings.STRIPE["webhook_secret"],
            TOLERANCE,
        )
        about = json.loads(notification.body)["data"]["object"]
        kind, own = about["object"], about["id"]
    except (stripe.SignatureVerificationError, ValueError, KeyError, TypeError):
        raise BadNotification from None
    if kind == "checkout.session":
        return str(own) if "charge" in (about.get("metadata") or {}) else None
    payment = own if kind == "payment_intent" else about.get("payment_intent")
    is_known = Payment.objects.filter(method=Payment.Method.STRIPE, reference=payment).exists()
    return str(payment) if is_known else None


@contextmanager
def _client() -> Iterator[stripe.StripeClient]:
    """Their errors are told without their cause: its frames hold the key and the payer."""
    http = stripe.RequestsClient(timeout=TIMEOUT)
    try:
        yield stripe.StripeClient(
            settings.STRIPE["secret_key"],
            base_addresses={"api": settings.STRIPE["api"]},
            http_client=http,
            max_network_retries=1,
        )
    except (stripe.InvalidRequestError, stripe.CardError, stripe.IdempotencyError) as error:
        raise ProviderRefused(_refusal(error)) from None
    except stripe.StripeError as error:
        raise ProviderDown(f"{type(error).__name__} {error.http_status or ''}".strip()) from None
    finally:
        http.close()


def _refusal(error: stripe.StripeError) -> str:
    """In words that staff can read. Too large a refund has no code of its own: only its parameter is named."""
    known = {
        "amount": gettext("C’est plus que ce qui reste de ce paiement."),
        "amount_too_small": gettext("Stripe ne prend pas de somme aussi petite."),
        "charge_already_refunded": gettext("Ce paiement a déjà été rendu en entier."),
        "charge_disputed": gettext("Ce paiement est contesté\u00a0: Stripe ne peut pas le rendre."),
        "resource_missing": gettext("Stripe ne connaît pas ce paiement."),
    }
    code = error.code or getattr(error, "param", None) or ""
    return known.get(code) or gettext("Stripe refuse\u00a0: %s") % error.user_message


def _day(timestamp: int) -> date:
    return timezone.localdate(datetime.fromtimestamp(timestamp, tz=timezone.get_current_timezone()))
