from typing import Any

from django.dispatch import receiver

from members.models import Application, Membership
from payments.models import Charge
from payments.signals import charge_paid


@receiver(charge_paid)
def complete_application(sender: type[Charge], charge: Charge, **kwargs: Any) -> None:
    for application in Application.objects.filter(charge=charge):
        application.complete()
    for membership in Membership.objects.on_credit().filter(charge=charge):
        membership.settle_credit()
