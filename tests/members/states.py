"""Each state that a member may be in today, as a few rows make it."""

from datetime import timedelta
from uuid import uuid4

from django.utils import timezone

from members.models import Application, Departure, StatusOverride
from tests.factories import create_charge, create_member, create_membership, create_plan


def day(shift):
    return timezone.localdate() + timedelta(days=shift)


def period(member, start=-100, end=100, **fields):
    return create_membership(member, starts_on=day(start), ends_on=day(end), **fields)


def applicant(member):
    person = {"first_name": "Alex", "last_name": "Démo", "email": member.email}
    Application.submit(create_plan(), **person, member=member, request_key=uuid4())


def on_credit(member, *, until):
    period(member, credit_until=day(until), charge=create_charge(email=member.email))


def gone(member, kind):
    period(member)
    member.leave(kind, left_on=day(-1), decided_on=day(-1), reason="Une raison")


def decided(member, status, until=10):
    member.decide_status(status, reason="Vote du bureau", starts_on=day(-1), until=until and day(until))


STATES = {
    "applicant": applicant,
    "active": period,
    "active on credit": lambda member: on_credit(member, until=10),
    "grace": lambda member: period(member, -400, -5, grace_until=day(25)),
    "lapsed": lambda member: period(member, -400, -5),
    "lapsed credit": lambda member: on_credit(member, until=-1),
    "resigned": lambda member: gone(member, Departure.Kind.RESIGNED),
    "excluded": lambda member: gone(member, Departure.Kind.EXCLUDED),
    "deceased": lambda member: gone(member, Departure.Kind.DECEASED),
    "honorary": lambda member: decided(member, StatusOverride.Status.HONORARY, until=None),
    "decided active": lambda member: decided(member, StatusOverride.Status.ACTIVE),
    "decided lapsed": lambda member: (period(member), decided(member, StatusOverride.Status.LAPSED)),
    "none": lambda member: None,
}


def member_in(state, **fields):
    member = create_member(**fields)
    STATES[state](member)
    return member
