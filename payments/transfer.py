"""What a payer copies into their bank: whose account, which one, how much, and the reference that we find again."""

from decimal import Decimal
from typing import NamedTuple

from django.conf import settings
from segno import helpers
from stdnum import iban, iso11649
from stdnum.iso7064 import mod_97_10

from payments.models import Charge

INK = "#12233f"
UTF_8 = 1  # as EPC069-12 numbers it


class Transfer(NamedTuple):
    holder: str
    iban: str
    bic: str
    reference: str
    amount: Decimal

    @property
    def iban_in_groups(self) -> str:
        return str(iban.format(self.iban))

    @property
    def reference_in_groups(self) -> str:
        return str(iso11649.format(self.reference))

    @property
    def typed_amount(self) -> str:
        """As a bank's form takes it."""
        return f"{self.amount:.2f}".replace(".", ",")

    @property
    def picture(self) -> str:
        """An EPC QR code, which some banking applications read, on white whatever the theme, as an image's address."""
        code = helpers.make_epc_qr(
            self.holder,
            self.iban,
            self.amount,
            reference=self.reference,
            bic=self.bic or None,
            encoding=UTF_8,
        )
        return str(code.svg_data_uri(border=4, dark=INK, light="#ffffff"))


def reference_of(charge: Charge) -> str:
    """ISO 11649: « RF36S000123 », whose first digits tell a typing error."""
    own = charge.number.replace("-", "")
    return f"RF{mod_97_10.calc_check_digits(own + 'RF')}{own}"


def for_charge(charge: Charge) -> Transfer | None:
    """How to pay what is due, or None when we have no account to be paid on."""
    bank = settings.BANK
    if not bank["iban"]:
        return None
    return Transfer(bank["holder"], bank["iban"], bank["bic"], reference_of(charge), charge.amount_due)
