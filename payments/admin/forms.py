from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db.models import Q
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from documents.days import in_words
from payments import checkouts
from payments.models import Charge, ChargeLine, Payment, Refund
from payments.money import euros

OLDEST = timedelta(days=3653)

# What a person can record: a provider's payments come from the provider alone.
BY_HAND = [Payment.Method.TRANSFER, Payment.Method.CHEQUE, Payment.Method.CASH]


def amount_field(label: Any) -> forms.DecimalField:
    smallest = MinValueValidator(Decimal("0.01"), _("Le montant doit être supérieur à zéro."))
    return forms.DecimalField(label=label, max_digits=10, decimal_places=2, validators=[smallest])


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
    amount = amount_field(_("Montant reçu, en euros"))
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
        if day < timezone.localdate() - OLDEST:  # « 26 » is read as the year 26, and what is written stays
            raise ValidationError(gettext("Cette date a plus de dix ans\u00a0: vérifiez l’année."))
        return day


class DecisionForm(forms.Form):
    """What staff decide on a sum as they have read it: sent twice, or after a colleague's, it is refused."""

    reason = forms.CharField(
        label=_("Raison"), max_length=200, help_text=_("La personne la lit sur la page de la somme.")
    )
    seen = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None = None, *, charge: Charge) -> None:
        super().__init__(data.dict() if data else None)
        self.fields["seen"].initial = self._state(charge)

    @staticmethod
    def _state(charge: Charge) -> str:
        state = [
            charge.amount_owed,
            charge.amount_received,
            charge.amount_promised,
            bool(charge.cancelled_at),
        ]
        return " ".join(map(str, state))

    def is_up_to_date(self, charge: Charge) -> bool:
        """Whether nothing has moved since; if something has, what was typed stays, to be sent again."""
        now = self._state(charge)
        if self.cleaned_data["seen"] == now:
            return True
        self.data = {**self.data, "seen": now}
        self.add_error(
            None,
            gettext(
                "Cette somme a changé depuis que vous avez ouvert la page. Relisez-la, puis confirmez si c’est encore ce que vous voulez."
            ),
        )
        return False

    def refuse_amount(self) -> None:
        field = "amount" if "amount" in self.fields else None
        self.add_error(field, gettext("C’est plus que ce qui reste, en tout ou sur cette ligne."))


class ClearForm(DecisionForm):
    reason = forms.CharField(
        label=_("Ce qui a été fait"), max_length=200, help_text=_("Reste dans l’historique de la somme.")
    )


class AgainForm(DecisionForm):
    reason = forms.CharField(
        label=_("Raison"), max_length=200, help_text=_("Reste dans l’historique de la somme due.")
    )


class LineField(forms.ModelChoiceField):
    def label_from_instance(self, line: ChargeLine) -> str:
        return f"{line.label} – {euros(line.amount)}"


class ReductionForm(DecisionForm):
    amount = amount_field(_("Montant à ne plus demander, en euros"))
    line = LineField(
        label=_("Ligne"),
        queryset=ChargeLine.objects.none(),
        required=False,
        empty_label=_("toutes, un don en dernier"),
    )
    field_order = ["amount", "line", "reason"]

    def __init__(self, data: QueryDict | None = None, *, charge: Charge) -> None:
        super().__init__(data, charge=charge)
        lines: Any = self.fields["line"]
        lines.queryset = charge.lines.all()


class RefundForm(ReductionForm):
    amount = amount_field(_("Montant à rendre, en euros"))
    reason = forms.ChoiceField(  # type: ignore[assignment]
        label=_("Raison"),
        choices=[(one.value, one.label) for one in (Refund.Reason.GESTURE, Refund.Reason.CANCELLED)],
    )


class PaymentChoice(forms.ModelChoiceField):
    def label_from_instance(self, payment: Payment) -> str:
        left = euros(checkouts.left_of(payment))
        day = in_words(payment.valued_on)
        return gettext("%(payment)s, du %(day)s\u00a0: %(left)s") % {
            "payment": payment,
            "day": day,
            "left": left,
        }


class ProviderRefundForm(forms.Form):
    """Of which payment a provider gives money back: one that has something left, at a provider that is switched on."""

    payment = PaymentChoice(label=_("Paiement à rendre"), queryset=Payment.objects.none(), empty_label=None)

    def __init__(self, data: QueryDict | None = None, *, refund: Refund) -> None:
        super().__init__(data)
        received = refund.charge.payments.filter(
            kind=Payment.Kind.RECEIVED, method__in=settings.PAYMENT_PROVIDERS
        )
        able = [payment.pk for payment in received if checkouts.left_of(payment) > 0]
        choice: Any = self.fields["payment"]
        choice.queryset = received.filter(pk__in=able)

    @property
    def has_choice(self) -> bool:
        choice: Any = self.fields["payment"]
        return bool(choice.queryset)


class ChargeChoice(forms.ModelChoiceField):
    def label_from_instance(self, charge: Charge) -> str:
        labels = ", ".join(line.label for line in charge.lines.all())
        return f"{charge.number} – {labels} – {euros(charge.amount_due)}"


class CreditForm(forms.Form):
    """For what else the same payer owes."""

    charge = ChargeChoice(label=_("Somme à régler"), queryset=Charge.objects.none(), empty_label=None)

    def __init__(self, data: QueryDict | None = None, *, refund: Refund) -> None:
        super().__init__(data)
        payer = Q(email=refund.charge.email)
        if refund.charge.user_id:
            payer |= Q(user=refund.charge.user_id)
        choice: Any = self.fields["charge"]
        choice.queryset = (
            Charge.objects.unpaid().filter(payer).exclude(pk=refund.charge_id).exclude(email="").with_rows()
        )

    @property
    def has_choice(self) -> bool:
        choice: Any = self.fields["charge"]
        return bool(choice.queryset)


class MistakeForm(forms.Form):
    reason = forms.CharField(
        label=_("Ce qui était faux"), max_length=200, help_text=_("Reste dans l’historique de la somme due.")
    )
