"""A member resigns by themselves. The law asks for nobody's agreement, and lets dues that are owed stay owed."""

from datetime import date, timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from iamm import emails
from journal import trail
from members.models import Departure, Kind, Mandate, Member
from payments.models import Charge


class Leaver(NamedTuple):
    """A member that this person may take out of the association, and what would stay."""

    member: Member
    until: date | None
    owed: list[Charge]

    @property
    def days(self) -> list[tuple[str, date]]:
        """The last days one may choose, by the word of the form."""
        today = timezone.localdate()
        ends = [("end", self.until)] if self.until and self.until > today else []
        return [("today", today), *ends]


def leavers(user: User) -> list[Leaver]:
    """Themselves, and the organisations of which they hold the seat of a titular; not who has left already."""
    today = timezone.localdate()
    titular = Mandate.objects.live(on=today).filter(role=Mandate.Role.TITULAR).of(user)
    own = (Q(user=user) | Q(email__in=user.verified_emails)) & Q(kind=Kind.PERSON)
    represented = Q(kind=Kind.ORGANISATION, pk__in=titular.values("organisation"))
    gone = Departure.objects.filter(member=OuterRef("pk"), cancelled_at=None, rejoined_on=None)
    recent = today - timedelta(days=366)
    members: QuerySet[Any] = (
        Member.objects.filter(own | represented, ~Exists(gone)).with_end().with_standing()
    )
    return [_leaver(member) for member in members if member.last_day and member.last_day >= recent]


def _leaver(member: Member) -> Leaver:
    owed = Charge.objects.unpaid().filter(membership__member=member).with_rows()
    return Leaver(member, member.current_until, list(owed))


@transaction.atomic
def resign(member: Member, *, left_on: date, by: User) -> Departure:
    """Raises AlreadyGone."""
    departure = member.leave(Departure.Kind.RESIGNED, left_on=left_on, by=by)
    trail.record(member, trail.Action.DECIDED, actor=by, note=_("Démission, depuis le compte"))
    emails.resigned(departure, to=by.email)
    return departure
