from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from payments.models import Aside, Charge, Refund, StatementLine
from payments.models.lines import ZERO
from payments.money import euros

AT_MOST = 40  # charges on one page


class MatchForm(forms.Form):
    """What a line pays of each of these charges. More than is due is asked about once."""

    may_exceed = forms.BooleanField(
        label=_("Oui, c’est voulu\u00a0: le trop perçu sera à rembourser"), required=False
    )

    def __init__(self, *args: Any, line: StatementLine, charges: Iterable[Charge], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.line, self.charges = line, list(charges)[:AT_MOST]
        self.exceeds = False
        for charge in self.charges:
            self.fields[f"amount_{charge.pk}"] = forms.DecimalField(
                label=gettext("Montant pour %s") % charge.number,
                max_digits=10,
                decimal_places=2,
                required=False,
                localize=True,
                validators=[MinValueValidator(Decimal("0.01"), _("Le montant doit être supérieur à zéro."))],
            )

    def rows(self) -> list[tuple[Charge, Any]]:
        return [(charge, self[f"amount_{charge.pk}"]) for charge in self.charges]

    @property
    def parts(self) -> dict[int, Decimal]:
        amounts = {charge.pk: self.cleaned_data.get(f"amount_{charge.pk}") for charge in self.charges}
        return {key: amount for key, amount in amounts.items() if amount}

    def clean(self) -> dict[str, Any]:
        whole = sum(self.parts.values(), ZERO)
        if not self.parts and not self.errors:
            raise ValidationError(gettext("Écrivez un montant en face d’une somme au moins."))
        if whole > self.line.remainder:
            told = {"whole": euros(whole), "left": euros(self.line.remainder)}
            raise ValidationError(
                gettext("Cela fait %(whole)s\u00a0: il ne reste que %(left)s de cette ligne.") % told
            )
        for charge in self.charges:
            excess = self.parts.get(charge.pk, ZERO) - charge.amount_awaited
            if excess > 0 and not self.cleaned_data.get("may_exceed"):
                self.exceeds = True
                self.add_error(
                    f"amount_{charge.pk}", gettext("%s de plus que ce qui est dû.") % euros(excess)
                )
        return self.cleaned_data


class RefundsForm(forms.Form):
    """The refunds that a line which left has made."""

    refunds = forms.ModelMultipleChoiceField(
        label=_("Remboursements à faire"), queryset=Refund.objects.none(), widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, line: StatementLine, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.line = line
        field: Any = self.fields["refunds"]
        field.queryset = Refund.objects.to_make().filter(amount__lte=-line.remainder).select_related("charge")
        field.label_from_instance = lambda refund: f"{refund} – {euros(refund.amount)}"

    def clean_refunds(self) -> list[Refund]:
        chosen = list(self.cleaned_data["refunds"])
        whole, left = sum((refund.amount for refund in chosen), ZERO), -self.line.remainder
        if whole > left:
            told = {"whole": euros(whole), "left": euros(left)}
            raise ValidationError(
                gettext("Cela fait %(whole)s\u00a0: cette ligne n’en a que %(left)s.") % told
            )
        return chosen


class AsideForm(forms.Form):
    """Why what is left of a line pays no charge."""

    reason = forms.ChoiceField(label=_("Raison"))
    fees = forms.DecimalField(
        label=_("Frais retenus par le prestataire sur ce reversement"),
        max_digits=10,
        decimal_places=2,
        required=False,
        localize=True,
        validators=[MinValueValidator(Decimal("0.01"), _("Le montant doit être supérieur à zéro."))],
    )
    note = forms.CharField(label=_("Précision"), max_length=200, required=False)

    def __init__(self, *args: Any, line: StatementLine, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = {Aside.Reason.DOUBLE, Aside.Reason.GIVEN_BACK}  # each has a button of its own
        fit = [Aside.Reason(one) for one in Aside.reasons_for(line) if one not in own]
        if not line.is_of_the_bank:
            del self.fields["fees"]
        field: Any = self.fields["reason"]
        field.choices = [("", "–"), *((one.value, one.label) for one in fit)]

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("reason") == Aside.Reason.OTHER and not self.cleaned_data.get("note"):
            self.add_error("note", gettext("Dites en quelques mots ce que c’est."))
        if self.cleaned_data.get("fees") and self.cleaned_data.get("reason") not in Aside.PAYOUTS:
            self.add_error(
                "fees",
                gettext(
                    "Seul un reversement a des frais retenus. Si toute la ligne est des frais, choisissez cette raison."
                ),
            )
        return self.cleaned_data
