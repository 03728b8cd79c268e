"""Reminders around the end of a membership.

A rule is due from its day until the next rule's day, so that a missed run catches up and a late start never bursts
old rules. The last rule stays due for `LAST_RULE_DAYS`.
"""

from datetime import date, timedelta
from itertools import pairwise

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from members import emails
from members.models import Application, Departure, Membership, MembershipQuerySet

RULES = [-30, -7, 1, 15]  # days after the last day of the membership
LAST_RULE_DAYS = 30


def due(rule: int, *, on: date) -> MembershipQuerySet:
    """The memberships whose reminder `rule` is to be sent on that day, sent already or not.

    Only the last period of a member counts: who has renewed hears nothing.
    """
    window = dict(pairwise([*RULES, RULES[-1] + LAST_RULE_DAYS]))
    oldest, newest = on - timedelta(days=window[rule] - 1), on - timedelta(days=rule)
    ending = Q(ends_on__gte=oldest, ends_on__lte=newest)
    reachable = Membership.objects.latest_of_each_member().filter(ending).exclude(member__email="")
    reachable = reachable.exclude(Exists(Departure.objects.in_force(on=on).filter(member=OuterRef("member"))))
    return reachable.select_related("member", "plan").order_by("pk")


def send_reminders(*, on: date) -> int:
    """Queue what is due that day; a second run queues nothing.

    Who joined on the very day of a rule, or after it, knew how short the period was.
    """
    count = 0
    for rule in RULES:
        for membership in due(rule, on=on).iterator(chunk_size=500):
            is_older = timezone.localdate(membership.created_at) < membership.ends_on + timedelta(days=rule)
            if is_older and emails.renewal_reminder(membership, days=rule):
                count += 1
    return count


def to_renew(memberships: MembershipQuerySet, *, on: date) -> MembershipQuerySet:
    """Among these, what their page invites to renew: over, or soon, and with no application under way."""
    same_person = Q(email=OuterRef("member__email")) | Q(user__isnull=False, user=OuterRef("member__user"))
    ending = memberships.latest_of_each_member().filter(ends_on__lte=on - timedelta(days=RULES[0]))
    under_way = Exists(Application.objects.open().filter(same_person))
    return ending.exclude(under_way).select_related("member", "plan")
