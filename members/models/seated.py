from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, models, transaction
from django.utils import timezone

from journal import trail
from members import mail_providers, mandate_emails
from members.models.identity import normalise_email
from members.models.invitations import Invitation, MailDomain
from members.models.mandates import Mandate
from members.seats import (
    AlreadyInvited,
    AlreadySeated,
    DomainTaken,
    NoSeatLeft,
    NotYourDomain,
    PublicProvider,
)

if TYPE_CHECKING:
    from accounts.models import User
    from members.models.members import Member


class Seated(models.Model):
    """The seats of an organisation: live mandates and open invitations, counted under the lock of its row."""

    if TYPE_CHECKING:
        seats: models.PositiveSmallIntegerField[Any, int | None]
        mandates: Any
        invitations: Any
        mail_domains: Any

        def lock(self) -> "Member": ...

    class Meta:
        abstract = True

    @property
    def seats_taken(self) -> int:
        mandates: int = self.mandates.unfinished(on=timezone.localdate()).count()
        invitations: int = self.invitations.open().count()
        return mandates + invitations

    @property
    def seats_left(self) -> int | None:
        """None: no limit."""
        return None if self.seats is None else max(self.seats - self.seats_taken, 0)

    # Verbs

    @transaction.atomic
    def invite(self, email: str, *, by: "User", role: str = Mandate.Role.COLLEAGUE) -> Invitation:
        """Promise a seat to whoever reads this address. Raises AlreadySeated, AlreadyInvited and NoSeatLeft."""
        organisation, email, today = self.lock(), normalise_email(email), timezone.localdate()
        if organisation.mandates.unfinished(on=today).filter(email=email).exists():
            raise AlreadySeated
        known = organisation.invitations.unanswered().filter(email=email).first()
        if known and known.is_open:
            raise AlreadyInvited(timezone.localdate(known.expires_at))
        if known:
            known.cancel()  # it has run out: this one takes its place
        if organisation.seats_left == 0:
            raise NoSeatLeft(organisation.seats or 0)
        invitation: Invitation = organisation.invitations.create(email=email, role=role, invited_by=by)
        trail.record(invitation, trail.Action.CREATED, actor=by)
        mandate_emails.invited(invitation)
        return invitation

    @transaction.atomic
    def add_domain(self, domain: str, *, by: "User") -> MailDomain:
        """Let whoever has an address there take a seat by a link; `by` proves it with an address of their own.

        Raises PublicProvider, NotYourDomain and DomainTaken.
        """
        domain = normalise_email(f"x@{domain.strip().removeprefix('@')}").removeprefix("x@")
        if mail_providers.is_public(domain):
            raise PublicProvider(domain)
        if not any(address.endswith(f"@{domain}") for address in map(normalise_email, by.verified_emails)):
            raise NotYourDomain(domain)
        try:
            with transaction.atomic():
                found: MailDomain = self.mail_domains.create(domain=domain, added_by=by)
        except IntegrityError:
            raise DomainTaken from None
        trail.record(found, trail.Action.CREATED, actor=by)
        return found

    def seat(self, user: "User", email: str, *, role: str = Mandate.Role.COLLEAGUE) -> Mandate:
        """Give a seat to this account; the caller holds the lock. Who has one keeps it. Raises NoSeatLeft."""
        mandates = self.mandates.unfinished(on=timezone.localdate())
        known: Mandate | None = mandates.of(user).first()
        if known:
            if known.user_id is None:
                known.user = user
                known.save(update_fields=["user"])
            return known
        if self.seats is not None and mandates.count() >= self.seats:
            raise NoSeatLeft(self.seats)
        names = {"first_name": user.first_name, "last_name": user.last_name}
        mandate: Mandate = self.mandates.create(user=user, email=email, role=role, **names)
        trail.record(mandate, trail.Action.CREATED, actor=user)
        self.settle_vote()
        mandate_emails.seat_taken(mandate)
        return mandate

    def settle_vote(self, *, chosen: Mandate | None = None, avoided: Mandate | None = None) -> None:
        """Let one mandate vote: `chosen`, else who has the vote, else the first titular; the caller holds the lock.

        `avoided` has it only where nobody else may.
        """
        today = timezone.localdate()
        able = self.mandates.live(on=today).filter(role__in=Mandate.REPRESENTING)
        ranked = sorted(
            able, key=lambda one: (one == avoided, not one.is_voting, one.role != "titular", one.pk)
        )
        voter = chosen or (ranked[0] if ranked else None)
        others = self.mandates.unfinished(on=today).filter(is_voting=True)
        others.exclude(pk=voter.pk if voter else None).update(is_voting=False)
        if voter and not voter.is_voting:
            voter.is_voting = True
            voter.save(update_fields=["is_voting"])
