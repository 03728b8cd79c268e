"""On what terms one takes a place: what the page of an event asks staff of its prices, codes and questions."""

from django.contrib import admin

from events.admin.forms import MOMENTS
from events.models import Price, PromoCode, Question


class PriceInline(admin.StackedInline):
    model = Price
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
    extra = 0
    fields = [("code", "price"), ("percent", "amount_off", "max_uses"), ("valid_from", "valid_until")]
    formfield_overrides = MOMENTS


class QuestionInline(admin.StackedInline):
    model = Question
    extra = 0
    fields = [("label", "kind"), ("asked_of", "is_required", "position"), "help_text", "choices"]
