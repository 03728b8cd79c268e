from typing import Any

from django.dispatch import receiver

from events.models import Booking
from payments.models import Charge
from payments.signals import charge_paid


@receiver(charge_paid)
def confirm_booking(sender: type[Charge], charge: Charge, **kwargs: Any) -> None:
    for booking in Booking.objects.filter(charge=charge).select_related("event", "charge"):
        booking.confirm_paid()
