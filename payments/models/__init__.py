from payments.models.billing import Billing, read_address
from payments.models.charges import Charge, PaymentMismatch
from payments.models.checkouts import Checkout, SandboxOrder, SandboxPayment, SandboxRefund
from payments.models.closing import Closing, MonthNotOver, MonthsBefore
from payments.models.dunning import DunningRule
from payments.models.lines import Adjustment, ChargeLine, Line, RefundTooLarge
from payments.models.owed import ChargeQuerySet
from payments.models.papers import Document, Series
from payments.models.payments import NothingLeft, NotUndoable, Payment, Refund
from payments.models.statements import Statement, StatementLine

__all__ = [
    "Adjustment",
    "Billing",
    "Charge",
    "ChargeLine",
    "ChargeQuerySet",
    "Checkout",
    "Closing",
    "Document",
    "DunningRule",
    "Line",
    "MonthNotOver",
    "MonthsBefore",
    "NotUndoable",
    "NothingLeft",
    "Payment",
    "PaymentMismatch",
    "Refund",
    "RefundTooLarge",
    "Series",
    "SandboxOrder",
    "SandboxPayment",
    "SandboxRefund",
    "Statement",
    "StatementLine",
    "read_address",
]
