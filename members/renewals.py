"""Reminders around the end of a membership: who gets which, who does not and why, and the link to renew that they carry.

`preview` is the one rule, for the staff who look ahead and for the run that sends.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.core import signing
from django.db import models
from django.db.models import Exists, OuterRef, Prefetch, Q, prefetch_related_objects
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _

from mailing.models import Email, List, OptOut
from members import emails
from members.models import (
    Application,
    Departure,
    Kind,
    Mandate,
    Member,
    Membership,
    MembershipQuerySet,
    Plan,
    ReminderRule,
    StatusOverride,
)
from members.models.reminders import Timetable

INVITED_DAYS = 30  # before the end, on the account
LINK_AGE = timedelta(days=60)
LINK_SALT = "members.renewal"


class Reason(models.TextChoices):
    """Why somebody whose period ends is not written to."""

    LEFT = "left", _("n’est plus membre, ou l’a annoncé")
    DECIDED = "decided", _("état décidé par le bureau")
    RENEWED = "renewed", _("a renouvelé")
    APPLYING = "applying", _("demande en cours")
    ON_CREDIT = "on_credit", _("période à crédit, pas encore réglée")
    NO_RULE = "no_rule", _("aucune relance de sa formule ce jour-là")
    TOO_NEW = "too_new", _("a adhéré après le jour de la relance")
    SENT = "sent", _("l’a déjà reçue, ou une plus récente")
    NO_ADDRESS = "no_address", _("sans adresse e-mail")
    OPTED_OUT = "opted_out", _("ne veut plus de relances")


@dataclass(frozen=True)
class Due:
    membership: Membership
    rule: ReminderRule
    address: str


@dataclass(frozen=True)
class Spared:
    membership: Membership
    reason: Reason


@dataclass
class Preview:
    """Each member whose last period ends around that day is in one of the two lists, once."""

    on: date
    due: list[Due] = field(default_factory=list)
    spared: list[Spared] = field(default_factory=list)


def preview(*, on: date) -> Preview:
    """Who is to be sent which reminder on that day, and why the others are not, as far as is known now."""
    found, timetable = Preview(on), Timetable(ReminderRule.objects.all())
    sent = _latest_sent(timetable, on=on)
    candidates = []
    for membership in _ending(timetable, on=on):
        rule = timetable.due(membership.plan_id, (on - membership.ends_on).days)
        address = membership.member.dues_email(on=on)
        reason = _reason(membership, rule, address, sent.get(membership.pk))
        if rule is None or reason is not None:
            found.spared.append(Spared(membership, reason or Reason.NO_RULE))
        else:
            candidates.append(Due(membership, rule, address))
    refusing = OptOut.objects.refusing([one.address for one in candidates], List.RENEWALS)
    found.due = [one for one in candidates if one.address not in refusing]
    found.spared += [
        Spared(one.membership, Reason.OPTED_OUT) for one in candidates if one.address in refusing
    ]
    return found


def send_reminders(*, on: date) -> int:
    """Queue what is due that day; a second run, also at the same time, queues nothing."""
    return sum(_send(one, on=on) for one in preview(on=on).due)


def _send(due: Due, *, on: date) -> bool:
    link = link_for(due.membership.member, due.membership.plan)
    return emails.renewal_reminder(due.membership, rule=due.rule, to=due.address, on=on, link=link)


def _ending(timetable: Timetable, *, on: date) -> list[Membership]:
    """The last period of each member among those that end around that day, with what `_reason` reads."""
    reach = timetable.reach
    if not reach:
        return []
    mine, followed = {"member": OuterRef("member")}, Membership.objects.effective()
    periods = (
        Membership.objects.effective()
        .filter(ends_on__gt=on - timedelta(days=reach.stop), ends_on__lte=on - timedelta(days=reach.start))
        .annotate(
            has_left=Exists(Departure.objects.announced(on=on).filter(**mine)),
            is_decided=Exists(StatusOverride.objects.in_force(on=on).filter(**mine)),
            is_followed=Exists(followed.filter(**mine, ends_on__gt=OuterRef("ends_on"))),
            is_applying=Exists(Application.objects.under_way().filter(**mine)),
        )
        .select_related("member")
        .prefetch_related("plan")
        .order_by("ends_on", "pk")
    )
    last = {one.member_id: one for one in periods}
    organisations = [one.member for one in last.values() if one.member.kind == Kind.ORGANISATION]
    prefetch_related_objects(
        organisations, Prefetch("mandates", Mandate.objects.live(on=on).select_related("user"))
    )
    return list(last.values())


def _reason(
    membership: Any, rule: ReminderRule | None, address: str, latest_sent: int | None
) -> Reason | None:
    """The first thing that keeps one from being reminded, if anything does.

    Who joined on the day of the rule, or after it, knew how short the period was.
    """
    joined_on = timezone.localdate(membership.created_at)
    facts = {
        Reason.LEFT: membership.has_left,
        Reason.DECIDED: membership.is_decided,
        Reason.RENEWED: membership.is_followed,
        Reason.APPLYING: membership.is_applying,
        Reason.ON_CREDIT: membership.credit_until is not None,
        Reason.NO_RULE: rule is None,
        Reason.TOO_NEW: rule and joined_on >= membership.ends_on + timedelta(days=rule.days),
        Reason.SENT: rule and latest_sent is not None and latest_sent >= rule.days,
        Reason.NO_ADDRESS: not address,
    }
    return next((reason for reason, is_so in facts.items() if is_so), None)


def _latest_sent(timetable: Timetable, *, on: date) -> dict[int, int]:
    """The latest rule that each period was reminded by, of those that may end around that day."""
    span = timedelta(days=len(timetable.reach) + 1)
    since = timezone.make_aware(datetime.combine(min(on, timezone.localdate()) - span, datetime.min.time()))
    reminders = Email.objects.filter(key__startswith=f"{emails.RENEWAL}.", created_at__gte=since)
    latest: dict[int, int] = {}
    for key in reminders.values_list("key", flat=True).iterator():
        membership, days = _read_key(key)
        latest[membership] = max(days, latest.get(membership, days))
    return latest


def _read_key(key: str) -> tuple[int, int]:
    membership, days = key.removeprefix(f"{emails.RENEWAL}.").split(".")
    return int(membership), int(days)


# What was sent


class Reminded(NamedTuple):
    """`days` is the rule it followed, relative to the last day of the membership. What it said may be erased since."""

    email: Email
    membership: Membership
    days: int

    @property
    def rule(self) -> str:
        """« 7 jours avant »."""
        return str(ReminderRule(days=self.days))


def history(member: Member) -> list[Reminded]:
    """The reminders this member got, the latest first. For the staff."""
    periods = {one.pk: one for one in member.memberships.all()}
    mine = Q(pk=None)
    for pk in periods:
        mine |= Q(key__startswith=f"{emails.RENEWAL}.{pk}.")
    rows = Email.objects.filter(mine).defer("text", "html", "attachments").order_by("-pk")
    keys = [(one, *_read_key(one.key)) for one in rows]
    return [Reminded(email, periods[pk], days) for email, pk, days in keys]


# The link to renew


def link_for(member: Member, plan: Plan) -> str:
    """Lets who reads the mailbox of the member renew without an account."""
    return f"{settings.SITE_URL}{reverse('members:renew', args=[token_for(member, plan)])}"


def token_for(member: Member, plan: Plan) -> str:
    return signing.dumps([member.pk, plan.pk, _mailbox(member)], salt=LINK_SALT)


def member_of(token: str) -> Member | None:
    """Whom the link proves to act for: None for one that is forged, too old, or sent to an address they left since."""
    try:
        pk, _plan, mailbox = signing.loads(token, salt=LINK_SALT, max_age=LINK_AGE)
    except signing.BadSignature:
        return None
    member: Member | None = Member.objects.filter(pk=pk).first()
    return member if member and constant_time_compare(_mailbox(member), mailbox) else None


def plan_of(token: str) -> Plan | None:
    """What a link that `member_of` has accepted proposes to renew."""
    _member, pk, _mailbox = signing.loads(token, salt=LINK_SALT)
    plan: Plan | None = Plan.objects.filter(pk=pk).first()
    return plan


def _mailbox(member: Member) -> str:
    """Stands for the address without telling it."""
    return salted_hmac(LINK_SALT, member.dues_email(on=timezone.localdate())).hexdigest()[:16]


# The account


def to_renew(memberships: MembershipQuerySet, *, on: date) -> MembershipQuerySet:
    """Among these, what their page invites to renew: over, or soon, and with no application under way."""
    ending = memberships.latest_of_each_member().filter(ends_on__lte=on + timedelta(days=INVITED_DAYS))
    under_way = Exists(Application.objects.under_way().filter(member=OuterRef("member")))
    return ending.exclude(under_way).select_related("member", "plan")
