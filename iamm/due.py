"""Which rows have been kept long enough. One function a rule of `iamm.retention`: what it gives is to be forgotten."""

from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.admin.models import LogEntry
from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Coalesce, Concat, ExtractYear, Lower
from django.utils import timezone

from accounts.models import ERASED_NAME, User
from events.models import AccessNeed, Booking, Registration
from iamm.retention_rules import Kept
from journal.models import Entry
from mailing.models import Email
from members.models import (
    Application,
    Consent,
    Departure,
    Invitation,
    Kind,
    Mandate,
    Member,
    Membership,
    StatusOverride,
)
from payments.models import Charge, Document, PayerAlias, Payment, StatementLine

WARNED = timedelta(days=30)


def members(kept: Kept) -> QuerySet[Member]:
    """Who left, or whose last period ended, so long ago, owes nothing and asks for nothing."""
    today = timezone.localdate()
    day = kept.limit(today)
    mine = Q(member=OuterRef("pk"))
    left = Departure.objects.in_force(on=today).filter(mine)
    periods = Membership.objects.effective().filter(mine, Q(ends_on__gte=day) | Q(grace_until__gte=day))
    decided = StatusOverride.objects.filter(mine, Q(until=None) | Q(until__gte=day), cancelled_at=None)
    is_over = Exists(left.filter(left_on__lt=day)) | ~Exists(left) & ~Exists(periods) & ~Exists(decided) & Q(
        joined_on__lt=day
    )
    owing = Membership.objects.filter(mine, charge__in=Charge.objects.unpaid())
    asking = Application.objects.filter(mine, state__in=[*Application.OPEN, Application.State.PAID])
    nobody = {"first_name": "", "phone": "", "email": "", "billing_email": ""}
    return (
        Member.objects.filter(is_over, ~Exists(owing), ~Exists(asking))
        .exclude(kind=Kind.PERSON, last_name=ERASED_NAME, **nobody)
        .exclude(kind=Kind.ORGANISATION, last_name="", **nobody)
    )


def mandates(kept: Kept) -> QuerySet[Mandate]:
    return Mandate.objects.filter(ends_on__lt=kept.limit(timezone.localdate())).exclude(last_name=ERASED_NAME)


def invitations(kept: Kept) -> QuerySet[Invitation]:
    return Invitation.objects.filter(created_at__lt=kept.moment())


def consents(kept: Kept) -> QuerySet[Consent]:
    day = kept.limit(timezone.localdate())
    return Consent.objects.filter(Q(expires_on__lt=day) | Q(withdrawn_at__lt=kept.moment()))


def refused_applications(kept: Kept) -> QuerySet[Application]:
    refused = Application.objects.filter(state=Application.State.REFUSED, state_since__lt=kept.moment())
    return refused.exclude(email="")


def bookings(kept: Kept) -> QuerySet[Booking]:
    """Of events that are over since, unless an invoice waits for its payment."""
    named = Registration.objects.filter(booking=OuterRef("pk")).exclude(name=ERASED_NAME)
    past = Booking.objects.filter(event__ends_at__lt=kept.moment())
    return past.filter(~Q(name=ERASED_NAME) | Exists(named)).exclude(charge__in=Charge.objects.unpaid())


def access_needs(kept: Kept) -> QuerySet[AccessNeed]:
    return AccessNeed.objects.filter(registration__booking__event__ends_at__lt=kept.moment())


def unpaid_charges(kept: Kept) -> QuerySet[Charge]:
    """That no money ever came in for, and that nobody is asked for any more."""
    old = Charge.objects.unbooked().filter(created_at__lt=kept.moment()).exclude(name="", email="")
    return old.exclude(pk__in=Charge.objects.unpaid().values("pk"))


def accounting(kept: Kept) -> QuerySet[Charge]:
    """A book is closed with its year: what counts is the end of the year in which money last moved, or a document left."""
    first_day = kept.moment().replace(month=1, day=1)
    recent = Payment.objects.filter(charge=OuterRef("pk"), recorded_at__gte=first_day)
    issued = Document.objects.filter(charge=OuterRef("pk"), issued_at__gte=first_day)
    old = Charge.objects.filter(~Exists(recent), ~Exists(issued), created_at__lt=first_day)
    old = old.exclude(name="", email="")
    return old.exclude(pk__in=Charge.objects.unpaid().values("pk")).exclude(
        pk__in=Charge.objects.unbooked().values("pk")
    )


def statement_lines(kept: Kept) -> QuerySet[StatementLine]:
    first_day = kept.limit(timezone.localdate()).replace(month=1, day=1)
    lines: QuerySet[StatementLine] = StatementLine.objects.named().filter(booked_on__lt=first_day)
    return lines


def payer_aliases(kept: Kept) -> QuerySet[PayerAlias]:
    return PayerAlias.objects.filter(used_on__lt=kept.limit(timezone.localdate()))


def tax_receipts(kept: Kept) -> QuerySet[Document]:
    first_day = kept.limit(timezone.localdate()).replace(month=1, day=1)
    old = Document.objects.filter(kind=Document.Kind.RECEIPT, issued_on__lt=first_day)
    receipts: QuerySet[Document] = old.exclude(content=b"")
    return receipts


def journal(kept: Kept) -> QuerySet[Entry]:
    entries: QuerySet[Entry] = Entry.objects.filter(at__lt=kept.moment())
    return entries


def admin_log(kept: Kept) -> QuerySet[LogEntry]:
    return LogEntry.objects.filter(action_time__lt=kept.moment())


def unused_accounts(kept: Kept) -> QuerySet[User]:
    """That nobody has opened since, and whose person is neither of the staff, nor known as a member, nor expected somewhere.

    A record or a seat may go with an account by its address alone; its own rule forgets it before the account. Each has the key of its warning: another one is due after another time of use.
    """
    today, moment = timezone.localdate(), kept.moment()
    own = Q(user=OuterRef("pk"))
    members, seats = Member.objects.all(), Mandate.objects.live(on=today)
    recent = Booking.objects.filter(own, created_at__gte=moment)
    used = User.objects.annotate(used_at=Coalesce("last_login", "date_joined")).annotate(
        warning=Concat(
            Value("iamm.unused."),
            Cast("pk", CharField()),
            Value("."),
            Cast(ExtractYear("used_at"), CharField()),
        )
    )
    unused = used.filter(used_at__lt=moment, is_staff=False, is_superuser=False)
    unused = unused.exclude(last_name=ERASED_NAME, is_active=False)
    for rows in (members, seats):
        unused = unused.filter(~Exists(rows.filter(own))).exclude(pk__in=_readers_of(rows))
    return unused.filter(~Exists(recent))


def _readers_of(rows: QuerySet[Any]) -> QuerySet[EmailAddress, Any]:
    """The accounts that have proved the address of one of these rows."""
    addresses = rows.order_by().exclude(email="").values_list(Lower("email"), flat=True)
    proved = EmailAddress.objects.filter(verified=True).alias(lower=Lower("email"))
    return proved.filter(lower__in=addresses).values("user")


def warned_accounts(kept: Kept) -> QuerySet[User]:
    since = timezone.now() - WARNED
    warnings = Email.objects.filter(key=OuterRef("warning"), created_at__lte=since)
    return unused_accounts(kept).filter(Exists(warnings))


def accounts_to_warn(kept: Kept) -> QuerySet[User]:
    """A month before, so that the day on which it is erased is the one that the policy says."""
    warnings = Email.objects.filter(key=OuterRef("warning"))
    earlier = Kept(kept.since, years=kept.years, days=kept.day_count - WARNED.days)
    return unused_accounts(earlier).filter(~Exists(warnings)).order_by(F("pk"))
