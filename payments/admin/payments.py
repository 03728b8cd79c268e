from django.contrib import admin

from accounts.admin_pages import ReadOnlyAdmin
from payments.models import Checkout, Payment


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    list_display = ["valued_on", "method", "amount", "reference", "charge", "recorded_by"]
    list_filter = ["method", "valued_on"]
    list_select_related = ["charge", "recorded_by"]
    search_fields = ["reference", "charge__name", "charge__email"]
    fields = ["charge", "method", "amount", "reference", "valued_on", "recorded_at", "recorded_by"]
    readonly_fields = ["recorded_at"]


@admin.register(Checkout)
class CheckoutAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "charge", "provider", "reference", "amount"]
    list_filter = ["provider"]
    list_select_related = ["charge"]
    search_fields = ["reference", "charge__name", "charge__email"]
