"""Where people pay. A provider is a module with `start`, `read` and `parse_notification`.

Its browser return and its notification are hints: money is recorded from `read`, which asks the provider itself.
"""

from datetime import date
from decimal import Decimal
from typing import NamedTuple, Protocol

from django.conf import settings


class BadNotification(Exception):
    """The body is not one of this provider's notifications."""


class UnknownProvider(Exception):
    pass


class Started(NamedTuple):
    reference: str
    url: str


class ProviderPayment(NamedTuple):
    reference: str
    amount: Decimal
    paid_on: date


class Provider(Protocol):
    def start(self, *, amount: Decimal, label: str, return_url: str) -> Started:
        """Ask for a payment page."""

    def read(self, reference: str) -> list[ProviderPayment]:
        """The payments that the provider itself holds as paid for this checkout."""

    def parse_notification(self, body: bytes) -> str:
        """The checkout reference a notification speaks of. Raises BadNotification."""


def get(name: str) -> Provider:
    """The provider of this name, if it is switched on. Raises UnknownProvider."""
    if name == "sandbox" and settings.PAYMENT_SANDBOX:
        from payments.providers import sandbox  # noqa: PLC0415 - loaded only where it is allowed

        return sandbox
    raise UnknownProvider(name)
