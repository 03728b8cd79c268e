"""What the money of an application opens: the member, the period, the account, the seat of whoever applied."""

from datetime import date
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from members import emails
from members.offers import Offer, OfferRefused
from payments.countries import Country
from payments.models import ChargeLine, Line

if TYPE_CHECKING:
    from members.models import Member, Membership
    from members.models.deciding import Deciding


ADDRESS = ["address", "postcode", "city", "country"]
NUMBERS = ["purchase_order", "service_code", "engagement_number"]


def lines_of(application: "Deciding", offer: Offer | None) -> list[Line]:
    """Its dues, in the account of those of people, or of organisations."""
    account = settings.BOOKS["dues"][application.plan.kind]
    if offer is not None:
        return [line._replace(account=account) for line in offer.lines]
    label = _("Adhésion – %s") if application.replaces_id is None else _("Changement de formule – %s")
    return [Line(ChargeLine.Nature.DUES, label % application.plan.name, application.amount, account=account)]


def billing_of(application: "Deciding") -> dict[str, Any]:
    """To whom its invoice is made out: what the application says, or else what we know of the organisation."""
    from members.models import Kind  # noqa: PLC0415 - the models call us

    is_organisation = application.plan.kind == Kind.ORGANISATION
    known = application.member if is_organisation else None
    told = {
        name: getattr(application, name) or getattr(known, name, "") for name in [*ADDRESS, "siret", *NUMBERS]
    }
    country = Country.named(told.pop("country") or Country.FR)
    if not country:  # abroad, where we cannot say: somebody fills in the rest
        told["address"] = ""
    name = application.display_name if is_organisation else application.person_name
    if not is_organisation:
        told |= dict.fromkeys(["siret", *NUMBERS], "")
    return {"is_organisation": is_organisation, "name": name, "country": country or Country.FR, **told}


def complete(application: "Deciding", *, credit_until: date | None) -> None:
    """The caller holds the application's lock. Raises PeriodOverlap where credit would open no period: nothing is paid."""
    from members import plan_changes  # noqa: PLC0415 - the models call us
    from members.models import PeriodOverlap  # noqa: PLC0415 - the same

    application.member = _held(application.member or application.known_member())
    try:
        with transaction.atomic():
            dates = (
                plan_changes.cut_old_period(application) if application.replaces_id else _dates(application)
            )
            if dates is None:
                raise PeriodOverlap
            place(application, starts_on=dates[0], ends_on=dates[1], credit_until=credit_until)
    except PeriodOverlap:
        if credit_until is not None:
            raise
        application.membership = None
        application.state, application.state_since = application.State.PAID, timezone.now()
        application.save(update_fields=["member", "state", "state_since"])


def _held(member: "Member | None") -> "Member | None":
    """Locked, or who it has become if it was merged while we waited."""
    from members.models import Member, Merge  # noqa: PLC0415 - the models call us

    if member is None:
        return None
    locked: Member | None = Member.objects.select_for_update(of=("self",)).filter(pk=member.pk).first()
    return locked or Merge.objects.kept_for_pk(member.pk)


def _dates(application: "Deciding") -> tuple[date, date] | None:
    """The days that the money gives on the day it comes; None where the staff must say.

    A rolling period starts with the payment. A fixed end stands, unless the next one costs no more than what was paid.
    """
    today = timezone.localdate()
    try:
        offer = application.offer(on=today, is_due=True)
    except OfferRefused:
        return None
    if application.plan.period == application.plan.Period.ROLLING or offer.total <= application.amount:
        return offer.starts_on, offer.ends_on
    if application.ends_on and offer.starts_on <= application.ends_on:
        return offer.starts_on, application.ends_on
    return None


def place(
    application: "Deciding", *, starts_on: date, ends_on: date, credit_until: date | None = None
) -> "Membership":
    """Open the period and all that comes with it. Raises PeriodOverlap."""
    from members.models import Kind  # noqa: PLC0415 - the models call us

    account = User.objects.for_address(
        application.email, first_name=application.first_name, last_name=application.last_name
    )
    member = application.member or application.known_member()
    is_new = member is None
    if member is None:
        member = _new_member(application, account)
    application.member = member
    application.membership = member.open_period(
        application.plan,
        starts_on=starts_on,
        ends_on=ends_on,
        charge=application.charge,
        amount=application.amount,
        credit_until=credit_until if application.charge and not application.charge.paid_at else None,
    )
    application.state, application.state_since = application.State.DONE, timezone.now()
    application.save(update_fields=["member", "membership", "state", "state_since"])
    if not is_new:
        _update_member(application, member)
    if member.kind == Kind.ORGANISATION:
        _update_organisation(application, member, account, is_new=is_new)
    if application.wants_directory and (is_new or application.is_proven):
        _show_in_directory(application)
    emails.membership_confirmed(application)
    return application.membership


def _show_in_directory(application: "Deciding") -> None:
    """What was ticked on the form holds for the period it has opened, in the words that the form showed."""
    from members.models import DirectoryEntry, Purpose  # noqa: PLC0415 - the models call us
    from members.models.consents import version_on  # noqa: PLC0415 - the same

    assert application.member is not None and application.membership is not None  # noqa: S101, PT018 - just written
    version = version_on(Purpose.DIRECTORY, application.submitted_on)
    until = application.membership.last_grace_day
    DirectoryEntry.appear_until(application.member, until=until, version=version, by=application.user)


def _new_member(application: "Deciding", account: "User | None") -> "Member":
    """Whoever else creates this address at the same time, there is one member.

    It goes with the account only where that account has proved the address: see `MemberQuerySet.visible_to`.
    """
    from members.models import Kind, Member  # noqa: PLC0415 - the models call us

    identity = application.identity()
    common = {"kind": application.plan.kind, "college": application.plan.college}
    if application.plan.kind == Kind.ORGANISATION:
        if Member.objects.filter(kind=Kind.ORGANISATION, email__iexact=application.email).exists():
            identity["email"] = ""  # of another organisation that they act for; their mandate keeps it
        return Member.objects.create(**identity, **common)
    identity["organisation"] = ""
    asked_by = application.user
    owner = asked_by if asked_by and application.email in asked_by.verified_emails else account
    if owner and Member.objects.filter(user=owner).exists():
        owner = None
    key = {"email": identity.pop("email"), "kind": common.pop("kind")}
    return Member.objects.get_or_create(**key, defaults={**identity, **common, "user": owner})[0]


KEPT_FRESH = ("phone", "birth_year", *ADDRESS)
BILLING = ("billing_email", *NUMBERS)


def _update_member(application: "Deciding", member: "Member") -> None:
    """What they say again when they renew. Who has only typed the address of a person changes nothing of theirs."""
    from members.models import Kind  # noqa: PLC0415 - the models call us

    names = [*KEPT_FRESH, *BILLING] if member.kind == Kind.ORGANISATION else KEPT_FRESH
    told = {name: value for name in names if (value := getattr(application, name))}
    if not told or not (application.decided_by_id or application.is_proven):
        return
    for name, value in told.items():
        setattr(member, name, value)
    member.save(update_fields=[*told])


def _update_organisation(
    application: "Deciding", member: "Member", account: "User | None", *, is_new: bool
) -> None:
    """Seats as bought; who applied for a new organisation is its first titular."""
    from members.models import Mandate  # noqa: PLC0415 - the models call us

    plan = application.plan
    member.seats = None if plan.seats_included is None else max(plan.seats_included, application.seats)
    if application.headcount:
        member.headcount = application.headcount
    member.save(update_fields=["seats", "headcount"])
    if is_new:
        Mandate.objects.create(
            organisation=member,
            role=Mandate.Role.TITULAR,
            first_name=application.first_name,
            last_name=application.last_name,
            email=application.email,
            user=account,
            is_voting=True,
            is_dues_contact=True,
        )
