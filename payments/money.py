from decimal import Decimal

from django.utils import translation


def euros(amount: Decimal | int) -> str:
    """« 1 234,50 € » with the spaces of French typography, or « €1,234.50 » when the page is in English."""
    text = f"{Decimal(amount):,.2f}"
    if not (translation.get_language() or "fr").startswith("fr"):
        return f"€{text}"
    return text.replace(",", "\u202f").replace(".", ",") + "\u00a0€"


def cents(amount: Decimal) -> int:
    """As providers count. Raises ValueError on a fraction of a cent."""
    whole = amount.scaleb(2)
    if whole != whole.to_integral_value():
        raise ValueError(f"{amount} is no sum of money")
    return int(whole)


def from_cents(amount: int) -> Decimal:
    return Decimal(amount).scaleb(-2)
