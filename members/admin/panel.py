"""What staff see first on the page of a member: where they stand and why, who acts for them, what is owed."""

from typing import Any, NamedTuple

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from accounts.models import User
from members import renewals
from members.admin.verbs import RIGHTS
from members.models import Departure, Kind, Member, StatusOverride
from members.standing import Standing
from payments import balances
from payments.balances import Payer
from payments.models import Charge

CHARGES, REMINDERS = 10, 5


class SignIn(NamedTuple):
    """Somebody whose account opens this record."""

    name: str
    email: str
    user: User | None
    why: str


class Panel(NamedTuple):
    member: Member
    standing: Standing
    sign_ins: list[SignIn]
    charges: list[Charge]
    balance: Payer | None
    departure: Departure | None
    decisions: list[StatusOverride]
    reminders: list[renewals.Reminded]
    may: dict[str, bool]


def of(member: Member, user: Any) -> Panel:
    today = timezone.localdate()
    sees_charges = user.has_perm("payments.view_charge")
    departures = [one for one in member.departures.all() if not one.cancelled_at and not one.rejoined_on]
    return Panel(
        member=member,
        standing=member.standing(on=today),
        sign_ins=sign_ins(member),
        charges=_charges(member) if sees_charges else [],
        balance=balances.of(member.charges) if sees_charges else None,
        departure=departures[0] if departures else None,
        decisions=[
            one
            for one in member.overrides.all()
            if one.cancelled_at is None and (one.until is None or one.until >= today)
        ],
        reminders=renewals.history(member)[:REMINDERS],
        may={verb: user.has_perm(right) for verb, right in RIGHTS.items()},
    )


def sign_ins(member: Member) -> list[SignIn]:
    """The same people as `Member.objects.visible_to` lets in, each with what gives them the right."""
    mine = Q(pk=member.user_id)
    if member.email:
        mine |= Q(emailaddress__verified=True, emailaddress__email__iexact=member.email)
    found = [
        SignIn(
            str(user),
            user.email,
            user,
            gettext("compte de la fiche") if user.pk == member.user_id else gettext("a prouvé cette adresse"),
        )
        for user in User.objects.filter(mine, is_active=True).distinct()
        if member.kind == Kind.PERSON or user.pk == member.user_id or not member.mandates.of(user).exists()
    ]
    seats = member.mandates.live(on=timezone.localdate()).representing().select_related("user")
    found += [
        SignIn(seat.name, seat.email, seat.user, str(seat.get_role_display()))
        for seat in seats.order_by("-role", "pk")
    ]
    return found


def _charges(member: Member) -> list[Charge]:
    charges: QuerySet[Charge] = member.charges.with_amounts()
    return list(charges[:CHARGES])
