"""Reminders of what is not paid: who gets which, who does not and why. What is in no book, and on no credit, is claimed
of nobody.

`preview` is the one rule, for the staff who look ahead and for the run that sends.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db import models, transaction
from django.db.models import Case, Exists, OuterRef, When
from django.db.models.functions import Greatest, TruncDate
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mailing import rules
from mailing.models import Email
from payments import emails
from payments.models import Charge, Checkout, Document, DunningRule, StatementLine
from payments.models.checkouts import HONOURED
from payments.statements.proposals import Desk

GAP = timedelta(days=7)  # between two reminders of the same sum, whoever sent the first


class Reason(models.TextChoices):
    """Why the payer of a sum that is late is not written to."""

    LAPSED = "lapsed", _("délai passé\u00a0: n’est plus demandée")
    CONTESTED = "contested", _("contestée ou reprise\u00a0: à vous de décider")
    WAITING = "waiting", _("paiement en attente de la banque")
    UNMATCHED = "unmatched", _("un paiement de cette adresse est à rapprocher")
    PROPOSED = "proposed", _("un virement à rapprocher semble la régler")
    NO_RULE = "no_rule", _("aucune relance ce jour-là")
    TOO_NEW = "too_new", _("demandée après le jour de la relance")
    SENT = "sent", _("l’a déjà reçue, ou une plus récente")
    TOO_SOON = "too_soon", _("relancée il y a moins de sept jours")
    NO_ADDRESS = "no_address", _("sans adresse e-mail")


@dataclass(frozen=True)
class Due:
    charge: Charge
    rule: DunningRule


@dataclass(frozen=True)
class Spared:
    charge: Charge
    reason: Reason


@dataclass
class Preview:
    """Each sum that is claimed and not paid, and was due around that day, is in one of the two lists, once."""

    on: date
    due: list[Due] = field(default_factory=list)
    spared: list[Spared] = field(default_factory=list)


class NotRemindable(Exception):
    """Nothing is asked of the payer, or they have just been written to; its argument says so."""


def preview(*, on: date) -> Preview:
    """Who is to be sent which reminder on that day, and why the others are not, as far as is known now."""
    found, active = Preview(on), list(DunningRule.objects.filter(is_active=True))
    reach = rules.reach([rule.days for rule in active])
    late = _late(reach, on=on)
    sent = _latest_sent(reach, on=on) if late else {}
    arrived = _arrived() if late else Arrived(set(), set())
    for charge in late:
        rule = rules.latest_due(active, (on - _since(charge)).days)
        charge.is_unmatched = charge.email in arrived.emails
        charge.is_proposed = charge.pk in arrived.charges
        reason = _reason(charge, rule, sent.get(charge.pk), on=on)
        if rule is None or reason is not None:
            found.spared.append(Spared(charge, reason or Reason.NO_RULE))
        else:
            found.due.append(Due(charge, rule))
    return found


def send_reminders(*, on: date) -> int:
    """Queue what is due that day; a second run, also at the same time, queues nothing."""
    return sum(_send(one, on=on) for one in preview(on=on).due)


@transaction.atomic
def _send(due: Due, *, on: date) -> bool:
    """Unless it has been paid, or the payer written to, since the list was made: a payment that comes now waits."""
    charge = due.charge.locked()
    is_claimed = (
        charge.is_payable and not charge.has_lapsed and not charge.awaits_decision and charge.amount_due
    )
    if not is_claimed or charge.reminded_on != due.charge.reminded_on:
        return False
    return _write(charge, due.rule, key=str(due.rule.days), on=on)


@transaction.atomic
def remind_now(charge: Charge, *, on: date) -> None:
    """Staff have decided: the words are those of the rule whose day has come, whatever was sent.

    What was contested is asked for again, and reminded of like the rest from then on. Raises NotRemindable.
    """
    charge = charge.locked()
    if not charge.is_payable or charge.has_lapsed or not charge.amount_due:
        raise NotRemindable(gettext("plus rien n’est demandé."))
    if charge.payable_until and not charge.documents.filter(kind=Document.Kind.INVOICE).exists():
        until = timezone.localtime(charge.payable_until)
        raise NotRemindable(
            gettext("un panier, que la personne peut payer jusqu’au %s\u00a0: rien n’est encore réclamé.")
            % f"{until:%d/%m/%Y %H:%M}"
        )
    if not charge.email:
        raise NotRemindable(gettext("sans adresse e-mail."))
    if _promised(Checkout.objects.filter(charge=charge)).exists():
        raise NotRemindable(gettext("un paiement est en attente de la banque."))
    elapsed = (on - _since(charge)).days
    reached = DunningRule.objects.filter(is_active=True, days__lte=elapsed).last()
    if not _write(charge, reached, key=f"{on:%Y-%m-%d}", on=on):
        raise NotRemindable(gettext("déjà relancée aujourd’hui."))


def _write(charge: Charge, rule: DunningRule | None, *, key: str, on: date) -> bool:
    """Once for each key. The caller holds the charge."""
    if charge.reminded_on == on or not emails.payment_reminder(charge, rule=rule, key=key, on=on):
        return False
    charge.reminded_on = on
    charge.save(update_fields=["reminded_on"])
    return True


def _since(charge: Charge) -> date:
    """The day from which its reminders count: that on which it was due or, paid and taken back since, that on which it was."""
    if charge.contested_at is None:
        return charge.due_day
    return max(charge.due_day, timezone.localdate(charge.contested_at))


def _late(reach: range, *, on: date) -> list[Any]:
    """What is claimed and not paid, and was due around that day, with what `_reason` reads."""
    if not reach:
        return []
    waiting = _promised(Checkout.objects.filter(charge=OuterRef("pk")))
    first, last = on - timedelta(days=reach.stop), on - timedelta(days=reach.start)
    again = When(contested_at__isnull=False, then=Greatest("due_since", TruncDate("contested_at")))
    around: Any = Charge.objects.filter(paid_at=None, cancelled_at=None).claimed().with_due_day()
    around = around.annotate(since=Case(again, default="due_since"))
    around = around.filter(since__gt=first, since__lte=last)
    return list(around.annotate(is_waiting=Exists(waiting)).order_by("due_since", "pk"))


class Arrived(NamedTuple):
    """Money that has come, and waits for a person to say what it pays: whose it is, and the sums it most likely pays."""

    emails: set[str]
    charges: set[int]


def _arrived() -> Arrived:
    lines = list(StatementLine.objects.to_match().filter(amount__gt=0))
    if not lines:
        return Arrived(set(), set())
    desk = Desk(lines)
    likeliest = [proposal for line in lines for proposal in desk.propose(line)[:1] if proposal.kind == "pay"]
    charges = {charge.pk for proposal in likeliest for charge in proposal.rows}
    return Arrived({line.email for line in lines} - {""}, charges)


def _promised(checkouts: Any) -> Any:
    """That a bank may still honour."""
    return checkouts.filter(state=Checkout.State.WAITING, created_at__gt=timezone.now() - HONOURED)


def _reason(charge: Any, rule: DunningRule | None, latest_sent: int | None, *, on: date) -> Reason | None:
    """The first thing that keeps the payer from being reminded, if anything does."""
    facts = {
        Reason.LAPSED: charge.has_lapsed,
        Reason.CONTESTED: charge.awaits_decision,
        Reason.WAITING: charge.is_waiting,
        Reason.UNMATCHED: charge.is_unmatched,
        Reason.PROPOSED: charge.is_proposed,
        Reason.NO_RULE: rule is None,
        Reason.TOO_NEW: rule and charge.claimed_on >= _since(charge) + timedelta(days=rule.days),
        Reason.SENT: rule and latest_sent is not None and latest_sent >= rule.days,
        Reason.TOO_SOON: charge.reminded_on and on - charge.reminded_on < GAP,
        Reason.NO_ADDRESS: not charge.email,
    }
    return next((reason for reason, is_so in facts.items() if is_so), None)


# What was sent


def _latest_sent(reach: range, *, on: date) -> dict[int, int]:
    """The latest rule by which each sum that may be due around that day was asked for."""
    span = timedelta(days=len(reach) + 1)
    since = timezone.make_aware(datetime.combine(min(on, timezone.localdate()) - span, datetime.min.time()))
    reminders = Email.objects.filter(key__startswith=f"{emails.REMINDER}.", created_at__gte=since)
    latest: dict[int, int] = {}
    for key in reminders.values_list("key", flat=True).iterator():
        charge, days = _read_key(key)
        if days is not None:
            latest[charge] = max(days, latest.get(charge, days))
    return latest


def _read_key(key: str) -> tuple[int, int | None]:
    """The charge, and the days of the rule: None for one that staff have sent."""
    charge, _dot, rule = key.removeprefix(f"{emails.REMINDER}.").partition(".")
    return int(charge), int(rule) if rule.removeprefix("-").isdigit() else None


class Reminded(NamedTuple):
    """What it said may be erased since."""

    email: Email
    rule: str


def history(charge: Charge) -> list[Reminded]:
    """The reminders this sum was asked for by, the latest first. For the staff."""
    mine = Email.objects.filter(key__startswith=f"{emails.REMINDER}.{charge.pk}.")
    names = {rule.days: str(rule) for rule in DunningRule.objects.all()}

    def said(days: int | None) -> str:
        if days is None:
            return gettext("relance de l’équipe")
        return names.get(days) or DunningRule(days=days).moment

    rows = mine.defer("text", "html", "attachments").order_by("-pk")
    return [Reminded(email, said(_read_key(email.key)[1])) for email in rows]
