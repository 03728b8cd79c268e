from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_changed
from django.dispatch import receiver

from accounts.models import User
from members.models import Application, Member, Membership
from payments.models import Charge
from payments.signals import charge_paid


@receiver(charge_paid)
def complete_application(sender: type[Charge], charge: Charge, **kwargs: Any) -> None:
    for application in Application.objects.filter(charge=charge):
        application.complete()
    for membership in Membership.objects.on_credit().filter(charge=charge):
        membership.settle_credit()


@receiver(email_changed)
def follow_address(
    user: User, from_email_address: EmailAddress | None, to_email_address: EmailAddress, **kwargs: Any
) -> None:
    if from_email_address and from_email_address.verified:
        Member.objects.follow_address(user, old=from_email_address.email, new=to_email_address.email)
