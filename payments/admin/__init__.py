from payments.admin.charges import ChargeAdmin, charge_link
from payments.admin.closings import ClosingAdmin
from payments.admin.dunning import DunningRuleAdmin
from payments.admin.lines import PayerAliasAdmin, StatementLineAdmin
from payments.admin.papers import BillingAdmin, DocumentAdmin
from payments.admin.payments import CheckoutAdmin, PaymentAdmin
from payments.admin.refunds import RefundAdmin
from payments.admin.statements import StatementAdmin

__all__ = [
    "BillingAdmin",
    "ChargeAdmin",
    "CheckoutAdmin",
    "ClosingAdmin",
    "DocumentAdmin",
    "DunningRuleAdmin",
    "PayerAliasAdmin",
    "PaymentAdmin",
    "RefundAdmin",
    "StatementAdmin",
    "StatementLineAdmin",
    "charge_link",
]
