"""Where the data of one person are: each model that holds some, how its rows are theirs, and what erasing does to them.

A model that is not here is in no export, and survives an erasure: `tests/iamm/test_retention.py` compares with the policy.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db.models import Model, Q, QuerySet

from accounts.models import User
from documents.models import Export
from events.models import AccessNeed, Answer, Booking, CalendarFeed, Feedback, Registration
from events.models.booking_states import BookingQuerySet
from events.models.registration import RegistrationQuerySet
from journal.models import Entry
from mailing.models import Email, OptOut, address_hashes
from members.models import (
    Application,
    Consent,
    Departure,
    DirectoryEntry,
    Invitation,
    Kind,
    Mandate,
    Member,
    Membership,
    Merge,
    Note,
    StatusOverride,
)
from members.models.applications import ApplicationQuerySet
from members.models.imports import ImportRow
from members.models.mandates import MandateQuerySet
from members.models.members import MemberQuerySet
from payments.models import (
    Adjustment,
    Aside,
    Billing,
    Cancellation,
    Charge,
    ChargeLine,
    ChargeQuerySet,
    Checkout,
    Document,
    PayerAlias,
    Payment,
    Refund,
    SandboxOrder,
    SandboxPayment,
    SandboxRefund,
    StatementLine,
)


@dataclass(frozen=True)
class Person:
    """Somebody, by the account they have and the addresses they have proved to read.

    `record` is that of a member whom staff know, and who may have neither.
    """

    user: User | None
    emails: frozenset[str]
    record: int | None = None

    def __post_init__(self) -> None:
        """Nobody is known by an empty address: it is that of all who are erased."""
        if "" in self.emails:
            raise ValueError("An empty address is nobody's.")

    @classmethod
    def of_user(cls, user: User) -> "Person":
        """Only proved addresses: whoever typed another's has no claim to what is theirs."""
        return cls(user, frozenset(user.verified_emails))

    @classmethod
    def of_member(cls, member: Member) -> "Person":
        """As the staff know them; with the account that goes with the record, or that has proved its address."""
        found = member.user or cls._account(member.email)
        emails = {member.email.lower(), *(found.verified_emails if found else [])} - {""}
        return cls(found, frozenset(emails), member.pk)

    @classmethod
    def of_address(cls, email: str) -> "Person":
        """Of somebody who only booked, perhaps."""
        found = cls._account(email)
        emails = {email.strip().lower(), *(found.verified_emails if found else [])} - {""}
        return cls(found, frozenset(emails))

    def locked(self) -> "Person":
        """With the account as it is now, held until the transaction ends; without it where it is gone."""
        if self.user is None:
            return self
        held = User.objects.select_for_update(of=("self",)).filter(pk=self.user.pk).first()
        return replace(self, user=held)

    @staticmethod
    def _account(email: str) -> User | None:
        known = EmailAddress.objects.filter(email__iexact=email.strip(), verified=True).exclude(email="")
        proved = known.select_related("user").first()
        return proved.user if proved else None

    @property
    def name(self) -> str:
        """The full one, as rows that belong to others may say it. Empty where there is no surname to tell it by."""
        for one in [self.members.first(), self.user]:
            if one is not None and one.first_name and one.last_name:
                return f"{one.first_name} {one.last_name}"
        return ""

    def owns(self, *, user: str = "user", email: str = "email") -> Q:
        theirs = Q(**{f"{email}__in": self.emails}) if self.emails else Q(pk__in=[])
        return theirs | Q(**{user: self.user}) if self.user is not None and user else theirs

    @property
    def members(self) -> MemberQuerySet:
        rows: MemberQuerySet = Member.objects.filter(self.owns() | Q(pk=self.record), kind=Kind.PERSON)
        return rows

    @property
    def bookings(self) -> BookingQuerySet:
        rows: BookingQuerySet = Booking.objects.filter(self.owns())
        return rows

    @property
    def places(self) -> RegistrationQuerySet:
        """Those in their name or with their address, also in the bookings of others."""
        rows: RegistrationQuerySet = Registration.objects.filter(self.owns(user=""))
        return rows

    @property
    def applications(self) -> ApplicationQuerySet:
        own = self.owns() | Q(member__in=self.members.values("pk"))
        rows: ApplicationQuerySet = Application.objects.filter(own)
        return rows

    @property
    def charges(self) -> ChargeQuerySet:
        """Owed by them, or for what is theirs."""
        own = (
            self.owns()
            | Q(booking__in=self.bookings.values("pk"))
            | Q(application__in=self.applications.values("pk"))
            | Q(membership__member__in=self.members.values("pk"))
        )
        rows: ChargeQuerySet = Charge.objects.filter(pk__in=Charge.objects.filter(own).values("pk"))
        return rows

    @property
    def mandates(self) -> MandateQuerySet:
        rows: MandateQuerySet = Mandate.objects.filter(self.owns())
        return rows

    @property
    def organisations(self) -> MemberQuerySet:
        """Those whose contact they are."""
        own = self.owns() | self.owns(user="", email="billing_email")
        rows: MemberQuerySet = Member.objects.filter(own, kind=Kind.ORGANISATION)
        return rows


@dataclass(frozen=True)
class Source:
    """`rows` are those of a person, under the rule of the policy that lists their columns."""

    rule: str
    model: type[Model]
    rows: Callable[[Person], QuerySet[Any]]

    @property
    def label(self) -> str:
        return self.model._meta.label


def _of_account(model: type[Model], path: str = "user") -> Callable[[Person], QuerySet[Any]]:
    """Rows of whoever has an account."""

    def rows(person: Person) -> QuerySet[Any]:
        manager = model._default_manager
        return manager.filter(**{path: person.user.pk}) if person.user else manager.none()

    return rows


def _opt_outs(person: Person) -> QuerySet[Any]:
    hashes = [known for email in person.emails for known in address_hashes(email)]
    return OptOut.objects.filter(address_hash__in=hashes)


def _sessions(person: Person) -> QuerySet[Any]:
    keys = UserSession.objects.filter(user=person.user).values("session_key")
    return Session.objects.filter(session_key__in=keys) if person.user else Session.objects.none()


def _of_members(model: type[Model], path: str = "member") -> Callable[[Person], QuerySet[Any]]:
    return lambda person: model._default_manager.filter(**{f"{path}__in": person.members.values("pk")})


def _of_charges(model: type[Model]) -> Callable[[Person], QuerySet[Any]]:
    return lambda person: model._default_manager.filter(charge__in=person.charges.values("pk"))


def _documents(person: Person) -> QuerySet[Any]:
    return Document.objects.filter(charge__in=person.charges.values("pk"))


def _orders(person: Person) -> QuerySet[Any]:
    references = Checkout.objects.filter(charge__in=person.charges.values("pk"), provider="sandbox")
    return SandboxOrder.objects.filter(uuid__in=[*references.values_list("reference", flat=True)])


def _sandbox_payments(person: Person) -> QuerySet[Any]:
    return SandboxPayment.objects.filter(order__in=_orders(person).values("pk"))


def _lines(person: Person) -> QuerySet[Any]:
    """Of the bank and of the providers: those that paid what they owed, or that name an address of theirs."""
    paid = StatementLine.objects.filter(payments__charge__in=person.charges.values("pk")).values("pk")
    return StatementLine.objects.filter(Q(pk__in=paid) | person.owns(user=""))


def _answers(person: Person) -> QuerySet[Any]:
    """To what was asked of them, and of the bookings they made; never what somebody else in them answered."""
    of_all = Q(booking__in=person.bookings.values("pk"), registration=None)
    return Answer.objects.filter(of_all | Q(registration__in=person.places.values("pk")))


def _of_places(model: type[Model], path: str) -> Callable[[Person], QuerySet[Any]]:
    return lambda person: model._default_manager.filter(**{f"{path}__in": person.places.values("pk")})


def _about(model: type[Any], person: Person, *, number: Callable[[int], Any]) -> QuerySet[Any]:
    """What was written of their rows."""
    found = Q(pk__in=[])
    for subject, pks in subjects(person):
        kind = ContentType.objects.get_for_model(subject)
        found |= Q(content_type=kind, object_id__in=[number(pk) for pk in pks])
    rows: QuerySet[Any] = model._default_manager.filter(found)
    return rows


SOURCES = [
    Source("accounts", User, _of_account(User, "pk")),
    Source("accounts", EmailAddress, _of_account(EmailAddress)),
    Source("accounts", EmailConfirmation, _of_account(EmailConfirmation, "email_address__user")),
    Source("accounts", Authenticator, _of_account(Authenticator)),
    Source("accounts", CalendarFeed, _of_account(CalendarFeed)),
    Source("sessions", UserSession, _of_account(UserSession)),
    Source("sessions", Session, _sessions),
    Source("members", Member, lambda person: person.members),
    Source("organisations", Member, lambda person: person.organisations),
    Source("members", Membership, _of_members(Membership)),
    Source("members", Departure, _of_members(Departure)),
    Source("members", StatusOverride, _of_members(StatusOverride)),
    Source("members", Note, _of_members(Note)),
    Source("directory", DirectoryEntry, _of_members(DirectoryEntry)),
    Source("consents", Consent, _of_members(Consent)),
    Source("imports", ImportRow, _of_members(ImportRow)),
    Source("merges", Merge, _of_members(Merge, "kept")),
    Source("invitations", Invitation, lambda person: Invitation.objects.filter(person.owns(user=""))),
    Source("applications", Application, lambda person: person.applications),
    Source("mandates", Mandate, lambda person: person.mandates),
    Source("bookings", Booking, lambda person: person.bookings),
    Source("bookings", Registration, lambda person: person.places),
    Source("bookings", Answer, _answers),
    Source("access-needs", AccessNeed, _of_places(AccessNeed, "registration")),
    Source("feedback", Feedback, _of_places(Feedback, "place")),
    Source("accounting", Charge, lambda person: person.charges),
    Source("accounting", ChargeLine, _of_charges(ChargeLine)),
    Source("accounting", Billing, _of_charges(Billing)),
    Source("accounting", Adjustment, _of_charges(Adjustment)),
    Source("accounting", Document, lambda person: _documents(person).exclude(kind=Document.Kind.RECEIPT)),
    Source("tax-receipts", Document, lambda person: _documents(person).filter(kind=Document.Kind.RECEIPT)),
    Source(
        "tax-receipts",
        Cancellation,
        lambda person: Cancellation.objects.filter(document__in=_documents(person).values("pk")),
    ),
    Source("accounting", Payment, _of_charges(Payment)),
    Source("accounting", Refund, _of_charges(Refund)),
    Source("accounting", Checkout, _of_charges(Checkout)),
    Source("accounting", SandboxOrder, _orders),
    Source("accounting", SandboxPayment, _sandbox_payments),
    Source(
        "accounting",
        SandboxRefund,
        lambda person: SandboxRefund.objects.filter(payment__in=_sandbox_payments(person)),
    ),
    Source("statements", StatementLine, _lines),
    Source("statements", Aside, lambda person: Aside.objects.filter(line__in=_lines(person).values("pk"))),
    Source("payer-aliases", PayerAlias, lambda person: PayerAlias.objects.filter(person.owns(user=""))),
    Source("mails", Email, lambda person: Email.objects.filter(to__in=person.emails, is_secret=False)),
    Source("opt-outs", OptOut, _opt_outs),
    Source("exports", Export, _of_account(Export, "asked_by")),
    Source("journal", Entry, lambda person: _about(Entry, person, number=int)),
    Source("staff-journal", Entry, _of_account(Entry, "actor")),
    Source("admin-log", LogEntry, lambda person: _about(LogEntry, person, number=str)),
    Source("staff-log", LogEntry, _of_account(LogEntry)),
]
WITHOUT_SUBJECT = {Entry, LogEntry, Session, SandboxOrder, SandboxPayment}


def subjects(person: Person) -> Iterator[tuple[type[Model], list[Any]]]:
    """What the journals may have been told about: the rows of this person, by model."""
    for source in SOURCES:
        if source.model not in WITHOUT_SUBJECT and (
            pks := list(source.rows(person).values_list("pk", flat=True))
        ):
            yield source.model, pks
    absorbed = Merge.objects.standing().filter(kept__in=person.members.values("pk"))
    yield Member, list(absorbed.values_list("removed_pk", flat=True))
