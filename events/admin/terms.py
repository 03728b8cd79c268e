"""On what terms one takes a place: what the page of an event asks staff of its prices, codes and questions."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import NestedObjects
from django.core.exceptions import ValidationError
from django.db import router
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from events.admin.forms import MOMENTS
from events.models import Price, PromoCode, Question


class KeepsWhatIsUsed(forms.BaseInlineFormSet):
    """Says in words that bookings need a row; the admin would name each of them, and what they answered."""

    advice: Any = ""

    def clean(self) -> None:
        used = [form.instance for form in self.deleted_forms if form.instance.pk and _is_used(form.instance)]
        if used:
            names = ", ".join(f"« {row} »" for row in used)
            message = (
                gettext("Des réservations ou des messages s’en servent, donc on ne le supprime pas : %s.")
                % names
            )
            raise ValidationError(f"{message} {self.advice}")
        super().clean()


def _is_used(row: Any) -> bool:
    collector = NestedObjects(using=router.db_for_write(type(row)))
    collector.collect([row])
    return bool(collector.protected)


class KeepsPrices(KeepsWhatIsUsed):
    advice = _("Pour ne plus vendre un tarif, donnez-lui une date de fin de vente.")


class KeepsCodes(KeepsWhatIsUsed):
    advice = _("Pour arrêter un code, donnez-lui une date de fin.")


class KeepsQuestions(KeepsWhatIsUsed):
    advice = _("Les réponses données seraient perdues.")


class PriceInline(admin.StackedInline):
    model = Price
    formset = KeepsPrices
    extra = 0
    fields = [
        ("name", "amount", "is_chosen"),
        ("for_whom", "college", "organisation"),
        ("quota", "kept_until"),
        ("opens_at", "closes_at", "position"),
    ]
    autocomplete_fields = ["organisation"]
    formfield_overrides = MOMENTS


class PromoCodeInline(admin.StackedInline):
    model = PromoCode
    formset = KeepsCodes
    extra = 0
    fields = [("code", "price"), ("percent", "amount_off", "max_uses"), ("valid_from", "valid_until")]
    formfield_overrides = MOMENTS


class QuestionInline(admin.StackedInline):
    model = Question
    formset = KeepsQuestions
    extra = 0
    fields = [("label", "kind"), ("asked_of", "is_required", "position"), "help_text", "choices"]
