"""The forms of what staff do to a member, with the refusals that need no lock."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from members.models import Departure, Member, Note, Plan, StatusOverride


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class MembershipForm(forms.Form):
    plan = forms.ModelChoiceField(label=_("Formule"), queryset=Plan.objects.none())
    starts_on = forms.DateField(
        label=_("Premier jour"),
        required=False,
        help_text=_("Vide\u00a0: à la suite de la dernière période, ou aujourd’hui."),
        widget=DayInput,
    )

    def __init__(self, *args: Any, member: Member, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        plan = self.fields["plan"]
        assert isinstance(plan, forms.ModelChoiceField)  # noqa: S101 - declared above
        plan.queryset = Plan.objects.filter(kind=member.kind)


class DepartureForm(forms.Form):
    kind = forms.ChoiceField(label=_("Nature"), choices=Departure.Kind, widget=forms.RadioSelect)
    decided_on = forms.DateField(
        label=_("Reçue ou décidée le"),
        initial=timezone.localdate,
        help_text=_(
            "Le jour où la démission est arrivée, où l’exclusion a été décidée, où le décès est connu."
        ),
        widget=DayInput,
    )
    left_on = forms.DateField(
        label=_("Dernier jour comme membre"),
        initial=timezone.localdate,
        help_text=_("Une démission prend effet dès qu’elle est reçue\u202f; on peut la dater de plus tard."),
        widget=DayInput,
    )
    reason = forms.CharField(
        label=_("Raison"),
        required=False,
        max_length=1000,
        help_text=_("Obligatoire pour une exclusion."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        kind, decided_on, left_on = data.get("kind"), data.get("decided_on"), data.get("left_on")
        today = timezone.localdate()
        if kind == Departure.Kind.EXCLUDED and not data.get("reason"):
            self.add_error("reason", _("Une exclusion se décide avec une raison."))
        if decided_on and decided_on > today:
            self.add_error("decided_on", _("Ce jour n’est pas encore venu."))
        if kind == Departure.Kind.DECEASED and left_on and left_on > today:
            self.add_error("left_on", _("Ce jour n’est pas encore venu."))
        elif kind != Departure.Kind.DECEASED and decided_on and left_on and left_on < decided_on:
            self.add_error("left_on", _("On ne part pas avant le jour où c’est reçu ou décidé."))
        return data


class DecisionForm(forms.Form):
    status = forms.ChoiceField(label=_("État"), choices=StatusOverride.Status, widget=forms.RadioSelect)
    starts_on = forms.DateField(label=_("À partir du"), initial=timezone.localdate, widget=DayInput)
    until = forms.DateField(
        label=_("Jusqu’au"),
        required=False,
        help_text=_("Ce jour compris. Vide pour un membre d’honneur\u00a0: sans fin."),
        widget=DayInput,
    )
    reason = forms.CharField(label=_("Raison"), max_length=200, help_text=_("La personne la lit."))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        starts_on, until = data.get("starts_on"), data.get("until")
        if until is None and "until" not in self.errors:
            if data.get("status") in {StatusOverride.Status.ACTIVE, StatusOverride.Status.LAPSED}:
                self.add_error("until", _("Un état décidé a une fin, sauf celui d’un membre d’honneur."))
        elif until and starts_on and until < starts_on:
            self.add_error("until", _("Le dernier jour ne peut pas précéder le premier."))
        return data


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Raison"), max_length=200, help_text=_("Elle reste dans le journal, avec votre nom.")
    )


class NoteForm(forms.ModelForm):
    class Meta:
        model = Note
        fields = ["text"]
        widgets = {"text": forms.Textarea(attrs={"rows": 5})}
