"""What people hear of their seats. Messages of service: each is about something that just happened to its reader."""

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils import timezone

from mailing import outbox

if TYPE_CHECKING:
    from members.models import Invitation, Mandate


def invited(invitation: "Invitation") -> None:
    """Once a day at most."""
    outbox.queue(
        "members/email/invited",
        to=invitation.email,
        context={"invitation": invitation, "organisation": invitation.organisation},
        key=f"members.invited.{invitation.pk}.{timezone.localdate(invitation.expires_at)}",
        language=invitation.language,
    )


def _representatives(mandate: "Mandate") -> set[str]:
    seated = mandate.organisation.mandates.live(on=timezone.localdate()).representing().select_related("user")
    return {one.address for one in seated.exclude(pk=mandate.pk)} - {""}


def seat_taken(mandate: "Mandate") -> None:
    """To each of those who act for the organisation."""
    for address in sorted(_representatives(mandate)):
        outbox.queue(
            "members/email/seat_taken",
            to=address,
            context=_context(mandate),
            key=f"members.seat_taken.{mandate.pk}.{address}",
        )


def seat_withdrawn(mandate: "Mandate") -> None:
    if mandate.address:
        outbox.queue(
            "members/email/seat_withdrawn",
            to=mandate.address,
            context=_context(mandate),
            key=f"members.seat_withdrawn.{mandate.pk}",
        )


def mandate_ending(mandate: "Mandate") -> int:
    """To who holds it and to who acts for the organisation, once for each last day. Returns how many were queued."""
    addresses = _representatives(mandate) | ({mandate.address} - {""})
    sent = [
        outbox.queue(
            "members/email/mandate_ending",
            to=address,
            context=_context(mandate) | {"is_own": address == mandate.address},
            key=f"members.mandate_ending.{mandate.pk}.{mandate.ends_on}.{address}",
        )
        for address in sorted(addresses)
    ]
    return sum(1 for one in sent if one)


def _context(mandate: "Mandate") -> dict[str, object]:
    organisation = mandate.organisation
    return {
        "mandate": mandate,
        "organisation": organisation,
        "cockpit_path": reverse("organisation", args=[organisation.pk]),
        "account_path": reverse("account"),
    }
