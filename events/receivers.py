from typing import Any

from django.db.models.signals import post_delete
from django.dispatch import receiver

from events.models import Booking, Event, Resource, Speaker
from payments.models import Charge
from payments.signals import charge_paid


@receiver(charge_paid)
def confirm_booking(sender: type[Charge], charge: Charge, **kwargs: Any) -> None:
    for booking in Booking.objects.filter(charge=charge).select_related("event", "charge"):
        booking.confirm_paid()


@receiver(post_delete, sender=Event)
@receiver(post_delete, sender=Speaker)
@receiver(post_delete, sender=Resource)
def discard_file(instance: Event | Speaker | Resource, **kwargs: Any) -> None:
    """However the row went: alone, with its event, or among others of a list of the admin."""
    instance.discard_file()
