from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from payments.models import Payment

# What a person can record: a provider's payments come from the provider alone.
BY_HAND = [Payment.Method.TRANSFER, Payment.Method.CHEQUE, Payment.Method.CASH]


class SettlementForm(forms.Form):
    """How a refund was made."""

    method = forms.ChoiceField(label=_("Moyen"), choices=[(method.value, method.label) for method in BY_HAND])
    reference = forms.CharField(
        label=_("Référence"),
        max_length=100,
        help_text=_("Libellé du virement, numéro du chèque ou du reçu d’espèces ; une seule fois par moyen."),
    )

    def clean(self) -> dict[str, Any]:
        """A reference typed twice is a mistake, even where the verb would take it for the same payment."""
        data = self.cleaned_data
        if Payment.objects.filter(method=data.get("method"), reference=data.get("reference")).exists():
            self.refuse_known_reference()
        return data

    def refuse_known_reference(self) -> None:
        self.add_error("reference", gettext("Un paiement de ce moyen porte déjà cette référence."))


class PaymentForm(SettlementForm):
    amount = forms.DecimalField(
        label=_("Montant reçu, en euros"),
        max_digits=10,
        decimal_places=2,
        validators=[MinValueValidator(Decimal("0.01"), _("Le montant doit être supérieur à zéro."))],
    )
    valued_on = forms.DateField(
        label=_("Date de valeur"),
        help_text=_("Jour du crédit, ou de la remise du chèque."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        initial=timezone.localdate,
    )
    field_order = ["method", "amount", "reference", "valued_on"]

    def clean_valued_on(self) -> date:
        day: date = self.cleaned_data["valued_on"]
        if day > timezone.localdate():
            raise ValidationError(gettext("La date de valeur ne peut pas être dans l’avenir."))
        return day
