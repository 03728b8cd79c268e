"""Where people pay. A provider is a module with the functions of `Provider`, switched on by settings.

Its browser return and its notification are hints: money is recorded from `read`, which asks the provider itself.
No function of a provider is called inside a transaction: each speaks HTTP.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from importlib import import_module
from typing import NamedTuple, Protocol, cast

from django.conf import settings
from django.utils.functional import Promise


class BadNotification(Exception):
    """The body is not one of this provider's notifications, or its signature or its source is not theirs."""


class UnknownProvider(Exception):
    """No provider of this name is switched on."""


class ProviderDown(Exception):
    """It does not answer, or not now: the same call may succeed later."""


class ProviderRefused(Exception):
    """It answers no, in words that staff can read: the same call would be refused again."""


class ConfirmElsewhere(Exception):
    """It wants a person to make this refund in its own back office, at `url`. What is done there is read back."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url


class Payer(NamedTuple):
    name: str
    email: str


class Order(NamedTuple):
    """What we ask a provider to collect. `reference` is the number of our charge; `key` names this very request."""

    reference: str
    label: str
    amount: Decimal
    has_gift: bool
    payer: Payer
    return_url: str
    cancel_url: str
    key: str


class Started(NamedTuple):
    reference: str
    url: str


class State(StrEnum):
    OPEN = "open"  # nothing has happened yet
    WAITING = "waiting"  # promised: a direct debit that the bank has not honoured yet
    PAID = "paid"
    FAILED = "failed"  # refused, abandoned, expired: no money will come of it


class Takeback(NamedTuple):
    """Money that left again: given back by us, or taken back by the payer's bank. Maybe undone since."""

    reference: str
    amount: Decimal
    on: date
    is_chargeback: bool
    is_undone: bool = False  # the refund failed or the bank gave in: we hold the money, or hold it again
    is_asked_again: bool = False  # failed, and asked for since by another one that may still be made, or is


class ProviderPayment(NamedTuple):
    """One payment as the provider holds it. `amount` is what was asked for, without a tip to the provider.

    `paid_on` is the day of the money: of a debit, that on which the bank honoured it, not that on which it was begun.
    """

    reference: str
    amount: Decimal
    paid_on: date
    state: State = State.PAID
    currency: str = "EUR"
    takebacks: tuple[Takeback, ...] = ()
    tax_receipt_url: str = ""  # of the receipt that the provider has issued itself


class Refunded(NamedTuple):
    """The provider's word on a refund we asked for. Not `is_done`: it will say so later, by `read`."""

    reference: str
    is_done: bool


class Notification(NamedTuple):
    """A call that reached our notification address, as it came."""

    body: bytes
    headers: Mapping[str, str]
    address: str


class Provider(Protocol):
    LABEL: str | Promise  # what the payer reads on the button, with « %s » for the amount
    HINT: str | Promise  # what is good to know before pressing it, if anything is

    def start(self, order: Order) -> Started:
        """Ask for a payment page. Raises ProviderDown, ProviderRefused."""

    def read(self, reference: str) -> list[ProviderPayment]:
        """The payments that the provider itself holds for this checkout of ours, whatever their state.

        Raises ProviderDown, and ProviderRefused for a checkout that is not ours.
        """

    def refund(self, payment: str, *, amount: Decimal, key: str) -> Refunded:
        """Give back `amount` of the payment of this reference. Raises ProviderDown, ProviderRefused, ConfirmElsewhere."""

    def parse_notification(self, notification: Notification) -> str | None:
        """The checkout it speaks of, or a payment we know, by reference; None when it speaks of nothing of ours.

        Raises BadNotification.
        """


def get(name: str) -> Provider:
    """The provider of this name, if it is switched on. Raises UnknownProvider."""
    if name not in settings.PAYMENT_PROVIDERS:
        raise UnknownProvider(name)
    return cast(Provider, import_module(f"payments.providers.{name}"))


def enabled() -> dict[str, Provider]:
    """Those switched on, in the order in which they are offered."""
    return {name: get(name) for name in settings.PAYMENT_PROVIDERS}
