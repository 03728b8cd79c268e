"""The addresses of the pages of an organisation and of its invitations, with long names and every state."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from tests import factories

LONG = "Société coopérative d’intérêt collectif pour l’intelligence artificielle méditerranéenne"


def paths_of_invitations():
    """An invitation that is open, one that is over, and the link of a domain."""
    titular = factories.create_mandate(
        factories.create_organisation(LONG), factories.create_user("titulaire@demo.example")
    )
    organisation, user = titular.organisation, titular.user
    rows = [organisation.invite(f"{name}@example.org", by=user) for name in ("lou", "zoe")]
    rows[1].cancel(by=user)
    return [row.get_absolute_url() for row in [*rows, organisation.add_domain("demo.example", by=user)]]


def paths_of_organisation(user):
    """The pages of who represents an organisation, and owes something for it."""
    titular = factories.create_mandate(
        factories.create_organisation(LONG, seats=9), user, is_voting=True, is_dues_contact=True
    )
    organisation, today = titular.organisation, timezone.localdate()
    factories.create_membership(
        organisation, charge=factories.create_charge(300), credit_until=today + timedelta(days=9)
    )
    organisation.add_domain(user.email.partition("@")[2], by=user)
    organisation.invite("un.tres.long.prenom.et.un.nom@sous-domaine.example.org", by=user)
    seat = factories.create_mandate(
        organisation, last_name=LONG[:60], role="colleague", ends_on=today + timedelta(days=9)
    )
    factories.create_booking(factories.create_event(title=LONG), email=user.email)
    args = [organisation.pk]
    return [
        reverse("organisation", args=args),
        *[
            reverse(f"organisations:{name}", args=args)
            for name in ("invite", "add_domain", "billing", "leave")
        ],
        *[reverse(f"organisations:{name}", args=[*args, seat.pk]) for name in ("mandate", "remove")],
    ]
