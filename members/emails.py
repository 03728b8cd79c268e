from typing import TYPE_CHECKING

from django.urls import reverse

from mailing import outbox
from mailing.models import List

if TYPE_CHECKING:
    from members.models import Application, Membership


def _about(application: "Application", template: str) -> None:
    """Once per state and moment: an application may be asked to be completed twice."""
    outbox.queue(
        f"members/email/{template}",
        to=application.email,
        context={"application": application, "plan": application.plan},
        key=f"members.{template}.{application.pk}.{application.state_since.timestamp():.0f}",
        language=application.language,
    )


def application_received(application: "Application") -> None:
    _about(application, "application_received")


def application_accepted(application: "Application") -> None:
    _about(application, "application_accepted")


def application_to_complete(application: "Application") -> None:
    _about(application, "application_to_complete")


def application_refused(application: "Application") -> None:
    _about(application, "application_refused")


def membership_confirmed(application: "Application") -> None:
    membership = application.membership
    assert membership is not None  # noqa: S101 - called once it is complete
    outbox.queue(
        "members/email/membership_confirmed",
        to=application.email,
        context={"membership": membership, "member": membership.member, "account_path": reverse("account")},
        key=f"members.confirmed.{membership.pk}",
        language=application.language,
    )


def renewal_reminder(membership: "Membership", *, days: int) -> bool:
    """Queue the reminder of rule `days`, once, unless its reader has left these. Tells whether it was queued."""
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
        list=List.RENEWALS,
    )
    return email is not None
