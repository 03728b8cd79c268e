from payments.models.asides import Aside, PayerAlias
from payments.models.billing import Billing, read_address
from payments.models.charges import Charge, PaymentMismatch
from payments.models.checkouts import Checkout, SandboxOrder, SandboxPayment, SandboxRefund
from payments.models.closing import Closing, MonthNotOver, MonthsBefore
from payments.models.dunning import DunningRule
from payments.models.lines import Adjustment, ChargeLine, Line, RefundTooLarge
from payments.models.owed import ChargeQuerySet
from payments.models.papers import Cancellation, Document, Series
from payments.models.payments import NothingLeft, NotUndoable, Payment, Refund, UnderWay
from payments.models.statement_lines import LineDoubtful, LineSpent, MoreThanDue, StatementLine
from payments.models.statements import Statement, TableLayout

__all__ = [
    "Adjustment",
    "Billing",
    "Cancellation",
    "Aside",
    "Charge",
    "ChargeLine",
    "ChargeQuerySet",
    "Checkout",
    "Closing",
    "Document",
    "DunningRule",
    "Line",
    "LineDoubtful",
    "LineSpent",
    "MonthNotOver",
    "MonthsBefore",
    "MoreThanDue",
    "NotUndoable",
    "NothingLeft",
    "PayerAlias",
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
    "TableLayout",
    "UnderWay",
]
