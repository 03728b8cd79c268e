from payments.models.charges import Charge, PaymentMismatch
from payments.models.checkouts import Checkout, SandboxOrder, SandboxPayment, SandboxRefund
from payments.models.closing import Closing, MonthNotOver, MonthsBefore
from payments.models.dunning import DunningRule
from payments.models.lines import Adjustment, ChargeLine, Line, RefundTooLarge
from payments.models.owed import ChargeQuerySet
from payments.models.payments import NothingLeft, NotUndoable, Payment, Refund
from payments.models.statements import Statement, StatementLine

__all__ = [
    "Adjustment",
    "Charge",
    "ChargeLine",
    "ChargeQuerySet",
    "Checkout",
    "Closing",
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
    "SandboxOrder",
    "SandboxPayment",
    "SandboxRefund",
    "Statement",
    "StatementLine",
]
