"""HelloAsso Checkout v5. It holds euros only; a tip to HelloAsso is beside the amount, and is none of ours."""

import hmac
import json
import logging
import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple

from django.conf import settings
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from payments.models import Checkout, Payment
from payments.money import cents, from_cents
from payments.providers import (
    BadNotification,
    ConfirmElsewhere,
    Notification,
    Order,
    Payer,
    ProviderDown,
    ProviderPayment,
    ProviderRefused,
    Refunded,
    Started,
    State,
    Takeback,
)
from payments.providers import helloasso_api as api

logger = logging.getLogger(__name__)
LABEL = _("Payer %s avec HelloAsso")
HINT = _("HelloAsso propose d’y ajouter une contribution pour lui-même\u00a0: vous pouvez la mettre à zéro.")
ITEM = 250  # characters of a label that it takes
PAGE = 100  # payments of one page of its list
PAGES = 100  # of its list that we turn, at most
UNREADABLE = (KeyError, TypeError, ValueError, AttributeError)  # an answer of another form than documented

# Contested: paid, then taken back by the payer's bank. Registered: paid elsewhere, and noted there by hand.
STATES = {
    "Authorized": State.PAID,
    "AuthorizedPreprod": State.PAID,
    "Refunded": State.PAID,
    "Refunding": State.PAID,
    "Contested": State.PAID,
    "Pending": State.WAITING,
    "Waiting": State.WAITING,
    "WaitingBankValidation": State.WAITING,
    "WaitingBankWithdraw": State.WAITING,
    "Registered": State.WAITING,
    "Corrected": State.WAITING,
    "Inconsistent": State.WAITING,
    "Unknown": State.WAITING,
    "Init": State.OPEN,
    "WaitingAuthentication": State.OPEN,
    "Refused": State.FAILED,
    "Error": State.FAILED,
    "Canceled": State.FAILED,
    "Abandoned": State.FAILED,
    "Deleted": State.FAILED,
    "NoDonation": State.FAILED,
}
UNDER_WAY = {
    "Init",
    "Processing",
    "Processed",
    "Unknown",
}  # a refund that may have been made, or may still be


class Listed(NamedTuple):
    """A payment of its list, with what tells whose it is. `checkout` is empty on a form that is HelloAsso's own."""

    payment: ProviderPayment
    checkout: str
    payer: str
    email: str
    label: str


def start(order: Order) -> Started:
    amount = cents(order.amount)
    body = {
        "totalAmount": amount,
        "initialAmount": amount,
        "itemName": order.label[:ITEM],
        "backUrl": order.cancel_url,
        "errorUrl": order.return_url,
        "returnUrl": order.return_url,
        "containsDonation": order.has_gift,
        "payer": _prefilled(order.payer),
        "metadata": {"reference": order.reference, "key": order.key},
    }
    answer = api.call("POST", _ours("checkout-intents"), body=body)
    try:
        return Started(str(answer["id"]), str(answer["redirectUrl"]))
    except KeyError:
        raise ProviderDown("HelloAsso: no page in its answer") from None


def _ours(path: str) -> str:
    return f"/organizations/{settings.HELLOASSO['organization']}/{path}"


def _prefilled(payer: Payer) -> dict[str, str]:
    """What the payer need not type again. A name that HelloAsso might refuse is left out: it blocks nobody here."""
    known = {"email": payer.email}
    names = payer.name.split()
    if len(names) == 2 and names[0].lower() != names[1].lower() and all(map(_is_accepted, names)):
        known |= {"firstName": names[0], "lastName": names[1]}
    return known


def _is_accepted(name: str) -> bool:
    """By the strictest filter seen, that of its WooCommerce plugin."""
    placeholders = {"firstname", "lastname", "unknown", "anonyme", "user", "admin", "name", "nom", "test"}
    word = name.lower()
    return (
        re.fullmatch(r"[a-z]{1,255}", word) is not None
        and re.search(r"[aeiouy]", word) is not None
        and re.search(r"(.)\1\1", word) is None
        and word not in placeholders
    )


def read(reference: str) -> list[ProviderPayment]:
    checkout = (
        Checkout.objects.filter(provider="helloasso", reference=reference).select_related("charge").first()
    )
    intent = api.call("GET", _ours(f"checkout-intents/{reference}")) if checkout else {}
    metadata = intent.get("metadata")
    if not checkout or not isinstance(metadata, dict) or metadata.get("reference") != checkout.charge.number:
        raise ProviderRefused(gettext("Ce paiement chez HelloAsso n’est pas celui que nous avons demandé."))
    try:
        payments = (intent.get("order") or {}).get("payments") or []
        return [_told(payment) for payment in payments if payment["amount"]]
    except UNREADABLE:
        raise ProviderDown("HelloAsso: a payment that we cannot read") from None


def _told(payment: dict[str, Any]) -> ProviderPayment:
    state = STATES.get(payment["state"])
    if state is None:
        logger.warning("helloasso_unknown_state", extra={"state": str(payment["state"])[:50]})
    takebacks = tuple(_takebacks(payment))
    return ProviderPayment(
        reference=str(int(payment["id"])),
        amount=from_cents(int(payment["amount"])),
        paid_on=_paid_on(payment, takebacks),
        state=state or State.WAITING,
        takebacks=takebacks,
        tax_receipt_url=(payment.get("fiscalReceiptUrl") or "")[:400],
    )


def _paid_on(payment: dict[str, Any], takebacks: tuple[Takeback, ...]) -> date:
    """Of a debit it gives the day on which it was begun: the money came when its state last changed, or left again."""
    if payment.get("paymentMeans") != "Sepa":
        return _day(payment["date"])
    changed = (payment.get("meta") or {}).get("updatedAt")
    day = _day(changed) if changed else timezone.localdate()
    return min([day, *(back.on for back in takebacks if not back.is_undone)])


def _takebacks(payment: dict[str, Any]) -> Iterator[Takeback]:
    """What was given back, then what the bank took back: all that was left, or nothing of it since it gave in."""
    left, operations = int(payment["amount"]), payment.get("refundOperations") or []
    for operation in operations:
        if operation.get("status") == "Processed":
            left -= int(operation["amount"])
            day = _day((operation.get("meta") or {}).get("createdAt") or payment["date"])
            yield Takeback(_refund(operation), from_cents(int(operation["amount"])), day, is_chargeback=False)
    if left > 0:
        day = _day((payment.get("meta") or {}).get("updatedAt") or payment["date"])
        if payment["state"] == "Refunded" and not operations:  # it does not say how
            yield Takeback(f"refunded-{payment['id']}", from_cents(left), day, is_chargeback=False)
            return
        is_taken = payment["state"] == "Contested" or STATES.get(payment["state"]) == State.FAILED
        yield Takeback(f"contested-{payment['id']}", from_cents(left), day, True, is_undone=not is_taken)


def _refund(operation: dict[str, Any]) -> str:
    return f"refund-{int(operation['id'])}"


def _day(moment: str) -> date:
    told = parse_datetime(moment)
    if told is None:
        raise ValueError(moment)
    return timezone.localdate(told) if timezone.is_aware(told) else told.date()


def listed(since: datetime, *, states: tuple[str, ...] = ()) -> Iterator[Listed]:
    """What was paid to the association since, by whatever door. Raises ProviderDown, ProviderRefused."""
    params = {"from": since.isoformat(), "pageSize": PAGE, "states": list(states)}
    for _page in range(PAGES):
        answer = api.call("GET", _ours("payments"), params=params)
        try:
            yield from [_listed(payment) for payment in answer["data"]]
            token = answer["pagination"].get("continuationToken")
        except UNREADABLE:
            raise ProviderDown("HelloAsso: a list that we cannot read") from None
        if not answer["data"] or not token:
            return
        params["continuationToken"] = token
    logger.error("helloasso_list_too_long")


def _listed(payment: dict[str, Any]) -> Listed:
    payer, order = payment.get("payer") or {}, payment.get("order") or {}
    names = [payer.get("firstName"), payer.get("lastName")]
    labels = [item.get("name") for item in payment.get("items") or []]
    return Listed(
        payment=_told(payment),
        checkout=str(order.get("checkoutIntentId") or ""),
        payer=" ".join(name for name in names if name),
        email=payer.get("email") or "",
        label=", ".join(label for label in labels if label) or str(order.get("formSlug") or ""),
    )


def refund(payment: str, *, amount: Decimal, key: str) -> Refunded:
    """It knows no key: a refund of this amount that is not in our books yet is the one whose answer we never got."""
    if not payment.isdecimal():
        raise ProviderRefused(gettext("Ce n’est pas le numéro d’un paiement de HelloAsso."))
    try:
        known = api.call("GET", f"/payments/{payment}")
        made = _already_made(known, cents(amount)) or _make(known, cents(amount), key=key)
    except api.Refused as refusal:
        if refusal.status in {403, 409}:  # the key may not, or it asks for a second factor
            raise ConfirmElsewhere(settings.HELLOASSO["back_office"]) from refusal
        raise
    except UNREADABLE:
        raise ProviderDown("HelloAsso: a refund that we cannot read") from None
    state = made.get("status") or made.get("state")
    if state not in UNDER_WAY:
        raise ProviderRefused(gettext("HelloAsso n’a pas fait ce remboursement\u00a0: %s.") % state)
    return Refunded(_refund(made), is_done=state == "Processed")


def _already_made(payment: dict[str, Any], amount: int) -> dict[str, Any] | None:
    operations = [one for one in payment.get("refundOperations") or [] if one.get("status") in UNDER_WAY]
    booked = Payment.objects.filter(method="helloasso", reference__in=[_refund(one) for one in operations])
    written = set(booked.values_list("reference", flat=True))
    return next(
        (one for one in operations if int(one["amount"]) == amount and _refund(one) not in written), None
    )


def _make(payment: dict[str, Any], amount: int, *, key: str) -> dict[str, Any]:
    """Of the whole, no amount is named: in part is not possible for every means of payment."""
    params: dict[str, Any] = {"comment": key}
    if amount != int(payment["amount"]):
        params["amount"] = amount
    return api.call("POST", f"/payments/{int(payment['id'])}/refund", params=params)


def parse_notification(notification: Notification) -> str | None:
    """Its one address hears of all that happens at the association: what is no checkout is none of ours."""
    _check_source(notification)
    try:
        told = json.loads(notification.body)
        kind, data, metadata = told["eventType"], told["data"], told.get("metadata")
        order = {"Order": data, "Payment": data.get("order")}.get(kind) or {}
        if order.get("formType") != "Checkout" or (metadata and "reference" not in metadata):
            return None
        reference = order.get("checkoutIntentId") or (data["id"] if kind == "Payment" else None)
        return str(int(reference)) if reference else None
    except (*UNREADABLE, RecursionError) as error:
        raise BadNotification from error


def _check_source(notification: Notification) -> None:
    """It says where its calls come from; it signs them for its partners only."""
    sources, key = settings.HELLOASSO["sources"], settings.HELLOASSO["signature_key"]
    if sources and notification.address not in sources:
        raise BadNotification
    if key:
        signature = hmac.new(key.encode(), notification.body, sha256).hexdigest()
        given = notification.headers.get("x-ha-signature", "")
        if not hmac.compare_digest(signature.encode(), given.encode()):
            raise BadNotification
