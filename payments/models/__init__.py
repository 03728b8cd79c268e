from payments.models.checkouts import Checkout, SandboxOrder, SandboxPayment
from payments.models.ledger import Charge, ChargeLine, ChargeQuerySet, Line, Payment, PaymentMismatch, Refund

__all__ = [
    "Charge",
    "ChargeLine",
    "ChargeQuerySet",
    "Checkout",
    "Line",
    "Payment",
    "PaymentMismatch",
    "Refund",
    "SandboxOrder",
    "SandboxPayment",
]
