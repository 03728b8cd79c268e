from typing import TYPE_CHECKING

from django.urls import reverse

from mailing import outbox

if TYPE_CHECKING:
    from members.models import Membership


def membership_confirmed(membership: "Membership", *, to: str) -> None:
    outbox.queue(
        "members/email/membership_confirmed",
        to=to,
        context={"membership": membership, "member": membership.member, "account_path": reverse("account")},
        key=f"members.confirmed.{membership.pk}",
    )


def renewal_reminder(membership: "Membership", *, days: int) -> bool:
    """Queue the reminder of rule `days`, once. Tells whether it was new."""
    email = outbox.queue(
        "members/email/renewal_reminder",
        to=membership.member.email,
        context={
            "membership": membership,
            "member": membership.member,
            "is_over": days > 0,
            "join_path": membership.plan.get_absolute_url(),
        },
        key=f"members.renewal.{membership.pk}.{days}",
    )
    return email is not None
