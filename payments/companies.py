"""What tells a company from another: its SIREN or SIRET."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from stdnum.exceptions import ValidationError as BadNumber
from stdnum.fr import siren, siret


def compact_siret(number: str) -> str:
    """Digits alone. Raises ValidationError for what is neither a SIREN nor a SIRET (Luhn's key included)."""
    compact = siret.compact(number)
    try:
        return str(siren.validate(compact) if len(compact) == 9 else siret.validate(compact))
    except BadNumber as error:
        raise ValidationError(
            _(
                "Ce numéro n’est pas un SIREN (9 chiffres) ni un SIRET (14 chiffres)\u00a0: vérifiez-le, un chiffre est faux."
            ),
            code="siret",
        ) from error


def validate_siret(number: str) -> None:
    compact_siret(number)
