from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import ngettext

from documents.days import in_words
from mailing import outbox
from mailing.models import Email, List, OptOut
from payments.emails import REMINDER

if TYPE_CHECKING:
    from members.models import MemberMessage, Membership, ReminderRule
    from members.models.deciding import Deciding
    from members.models.messages import Reader

RENEWAL = "members.renewal"  # the key of a reminder goes on with its period and the days of its rule
MESSAGE = "members/email/member_message"
RENEWAL_TEMPLATE = "members/email/renewal_reminder"

ABOUT = ["application_received", "application_accepted", "application_to_complete", "application_refused"]
LATEST = 50  # of which the messages are looked for by their keys: a query has a limit


def _about(application: "Deciding", template: str) -> None:
    """Once per state and moment: an application may be asked to be completed twice."""
    outbox.queue(
        f"members/email/{template}",
        to=application.email,
        context={"application": application, "plan": application.plan},
        key=f"members.{template}.{application.pk}.{application.state_since.timestamp():.0f}",
        language=application.language,
    )


def application_received(application: "Deciding") -> None:
    _about(application, "application_received")


def application_accepted(application: "Deciding") -> None:
    _about(application, "application_accepted")


def application_to_complete(application: "Deciding") -> None:
    _about(application, "application_to_complete")


def application_refused(application: "Deciding") -> None:
    _about(application, "application_refused")


def application_under_way(application: "Deciding", *, at: datetime) -> None:
    """The link of an application that somebody with this address has begun, at most once an hour."""
    outbox.queue(
        "members/email/application_under_way",
        to=application.email,
        context={"application": application, "plan": application.plan},
        key=f"members.application_under_way.{application.pk}.{at:%Y%m%d%H}",
        language=application.language,
    )


def membership_confirmed(application: "Deciding") -> None:
    membership = application.membership
    assert membership is not None  # noqa: S101 - called once it is complete
    outbox.queue(
        "members/email/membership_confirmed",
        to=application.email,
        context={
            "application": application,
            "membership": membership,
            "member": membership.member,
            "account_path": reverse("account"),
        },
        key=f"members.confirmed.{membership.pk}",
        language=application.language,
    )


def renewal_reminder(membership: "Membership", *, rule: "ReminderRule", to: str, on: date, link: str) -> bool:
    """Queue the reminder of that rule, once, unless its reader has left these. Tells whether it was queued."""
    email = outbox.queue(
        RENEWAL_TEMPLATE,
        to=to,
        context=_renewal(membership, rule, on=on, link=link),
        key=f"{RENEWAL}.{membership.pk}.{rule.days}",
        list=List.RENEWALS,
    )
    return email is not None


def renewal_preview(membership: "Membership", *, rule: "ReminderRule", on: date, link: str) -> dict[str, str]:
    """What the reminder says, in its parts."""
    context = _renewal(membership, rule, on=on, link=link)
    opt_out = OptOut.of(settings.ASSOCIATION["email"], List.RENEWALS)
    return outbox.render(RENEWAL_TEMPLATE, context, language=settings.LANGUAGE_CODE, opt_out=opt_out)


def _renewal(membership: "Membership", rule: "ReminderRule", *, on: date, link: str) -> dict[str, Any]:
    with translation.override(settings.LANGUAGE_CODE):  # that of whoever wrote the rule
        days = abs((membership.ends_on - on).days)
        said = rule.fill(
            nom=str(membership.member),
            formule=membership.plan.name,
            fin=in_words(membership.ends_on),
            lien=link,
            jours=ngettext("%d jour", "%d jours", days or 1) % days,
        )
    return {
        "membership": membership,
        "member": membership.member,
        "is_over": on > membership.ends_on,
        "link": link,
        **said,
    }


class Keys(NamedTuple):
    """By which the messages about some rows are known: whole, or by how they start."""

    whole: list[str]
    starts: list[str]


def keys_about(
    *, applications: Iterable[int], memberships: Iterable[int], charges: Iterable[int], refunds: Iterable[int]
) -> Keys:
    """Also those that went to somebody else, such as whoever applied for an organisation."""
    periods = list(memberships)
    return Keys(
        whole=[
            *(f"members.confirmed.{pk}" for pk in periods),
            *(f"payments.refund_due.{pk}" for pk in refunds),
        ],
        starts=[
            *(f"{RENEWAL}.{pk}." for pk in periods[:LATEST]),
            *(f"{REMINDER}.{pk}." for pk in list(charges)[-LATEST:]),
            *(f"members.{template}.{pk}." for pk in list(applications)[:LATEST] for template in ABOUT),
        ],
    )


def member_message(message: "MemberMessage", reader: "Reader") -> Email | None:
    return outbox.queue(
        MESSAGE,
        to=reader.address,
        context={"message": message, "name": str(reader.member)},
        key=message.key_for_reader(reader),
        list=message.list,
    )


def member_message_preview(message: "MemberMessage", reader: "Reader") -> dict[str, str]:
    """What this member would get."""
    context = {"message": message, "name": str(reader.member)}
    opt_out = OptOut.of(reader.address, message.list) if message.list else None
    return outbox.render(MESSAGE, context, language=settings.LANGUAGE_CODE, opt_out=opt_out)
