"""A person is forgotten: at once, as they ask, or row after row, as the policy of retention says."""

from collections.abc import Iterable
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import F, Model, ProtectedError, Q, QuerySet
from django.utils import timezone

from accounts.models import ERASED_NAME, User
from documents.models import Export
from events.models import Booking, Registration
from iamm.personal import Person, subjects
from journal import trail
from journal.models import Entry
from mailing.models import Email
from members.models import (
    AlreadyGone,
    Application,
    Consent,
    Departure,
    DirectoryEntry,
    DuplicatePair,
    Invitation,
    Kind,
    Mandate,
    Member,
    Membership,
    Merge,
)
from members.models.imports import ImportBatch
from payments.models import (
    Charge,
    ChargeQuerySet,
    Checkout,
    Document,
    PayerAlias,
    SandboxOrder,
    StatementLine,
)


class ErasureRefused(Exception):
    """Something is to be done first."""


class IsStaff(ErasureRefused):
    """Somebody who administers the portal: a colleague takes their rights away before."""


class Owes(ErasureRefused):
    """Money is claimed: by law, leaving does not settle it (law of 1 July 1901, article 4)."""

    def __init__(self, charges: list[Charge]) -> None:
        self.charges = charges


class PaidAndToCome(ErasureRefused):
    """A paid booking would be lost: it is cancelled before, or lived."""

    def __init__(self, bookings: list[Booking]) -> None:
        self.bookings = bookings


class ToPlace(ErasureRefused):
    """An application is paid, and the staff must still fix its dates or give the money back."""


class LastTitular(ErasureRefused):
    """An organisation would have nobody left who speaks for it."""

    def __init__(self, organisations: list[Member]) -> None:
        self.organisations = organisations


# One person


def refusal(person: Person) -> ErasureRefused | None:
    """What must be done before this person may be erased, or None."""
    if person.user and (person.user.is_staff or person.user.is_superuser):
        return IsStaff()
    if owed := list(_owed(person).with_rows()):
        return Owes(owed)
    to_come = person.bookings.live().filter(event__ends_at__gt=timezone.now(), charge__paid_at__isnull=False)
    if paid := list(to_come.select_related("event")):
        return PaidAndToCome(paid)
    if person.applications.to_place().exists():
        return ToPlace()
    if alone := alone_for(person.mandates):
        return LastTitular(alone)
    return None


def _owed(person: Person) -> ChargeQuerySet:
    """What is claimed of them and stays due: not what was only asked, and not begun to be paid."""
    only_asked = Q(application__state__in=Application.OPEN, membership=None)
    only_held = Q(booking__state__in=Booking.LIVE, booking__invoice_to="")
    asked = Charge.objects.unbooked().filter(only_asked | only_held)
    return person.charges.unpaid().exclude(pk__in=asked.values("pk"))


def alone_for(mandates: QuerySet[Mandate]) -> list[Member]:
    """The organisations, members today, of which these hold the last live seat of a titular."""
    today = timezone.localdate()
    titular = Mandate.objects.live(on=today).filter(role=Mandate.Role.TITULAR)
    theirs = titular.filter(pk__in=mandates.values("pk")).values("organisation")
    others = titular.exclude(pk__in=mandates.values("pk")).values("organisation")
    return list(
        Member.objects.filter(pk__in=theirs, kind=Kind.ORGANISATION).exclude(pk__in=others).current(on=today)
    )


@transaction.atomic
def erase(person: Person, *, by: User | None = None) -> None:
    """Forget a person everywhere; what the law keeps is what money has gone through. A second call finds nobody.

    A payment that arrives meanwhile comes before, and may refuse the erasure, or after, and is then to be refunded.
    Raises ErasureRefused.
    """
    list(person.charges.order_by("pk").select_for_update(of=("self",)).values_list("pk"))  # as a payment does
    person = person.locked()
    if refused := refusal(person):
        raise refused
    name, found = person.name, list(subjects(person))
    _leave(person)
    _give_places_back(person)
    members = list(person.members)
    charges = list(person.charges.values_list("pk", flat=True))
    for application in person.applications.open():
        application.abandon()
    person.places.erase()
    person.bookings.erase()
    for application in person.applications.decided():
        application.erase()
    for organisation in person.organisations:
        organisation.forget_contact(person.emails)
    person.mandates.erase()
    Invitation.objects.filter(person.owns(user="")).delete()
    PayerAlias.objects.filter(person.owns(user="")).delete()
    _forget_files(person, found)
    for member in members:
        _erase_member(member)
    _forget_charges(Charge.objects.filter(pk__in=charges))
    Email.objects.forget(person.emails, name)
    forget_traces(found)
    for email in person.emails:
        Entry.objects.mentioning(email).redact_all()
    if person.user:
        for export in Export.objects.filter(asked_by=person.user):
            export.purge()
        Export.objects.filter(asked_by=person.user).update(title=F("kind"))
        _close(person.user)
    for member in members:
        trail.record(member, trail.Action.ERASED, actor=by if by != person.user else None)


def _leave(person: Person) -> None:
    """Erasing is leaving: who is nobody has no vote."""
    today = timezone.localdate()
    for member in person.members:
        lasts = Membership.objects.effective().filter(member=member, ends_on__gte=today)
        if lasts.exists() or member.standing().is_current:
            try:
                member.leave(Departure.Kind.RESIGNED, left_on=today)
            except AlreadyGone:
                continue


def _give_places_back(person: Person) -> None:
    """Cancel what is to come, event by event in one order, so that two erasures wait for each other and never both."""
    to_come = Q(event__starts_at__gt=timezone.now())
    for booking in person.bookings.live().filter(to_come).order_by("event_id", "pk"):
        Booking.objects.filter(pk=booking.pk).update(
            name=ERASED_NAME
        )  # before the mails to who came with them
        booking.cancel()
    others = Registration.objects.live().filter(person.owns(user=""), cancelled_at=None)
    others = others.filter(booking__event__starts_at__gt=timezone.now()).select_related("booking")
    for place in others.order_by("booking__event_id", "pk"):
        booking = place.booking
        Registration.objects.filter(pk=place.pk).erase()  # before the mail to who booked it
        booking.cancel(place)


def _close(user: User) -> None:
    """The account of somebody who once was of the staff stays, empty: what they did is told by it."""
    Entry.objects.forget_actor(user)
    acted = LogEntry.objects.filter(user=user).exists()
    try:
        with transaction.atomic():
            user.close(keep_row=acted)
    except ProtectedError:
        user.close(keep_row=True)


def _forget_files(person: Person, found: Iterable[tuple[type[Model], list[Any]]]) -> None:
    """Tables that staff made and that still hold these rows; what imports and merges by their address could bring back."""
    for email in person.emails:
        sides = Q(before__kept__values__email__iexact=email) | Q(before__removed__values__email__iexact=email)
        Merge.objects.filter(sides).make_final()
        named = Q(rows__values__email=email) | Q(rows__values__mandate_email=email)
        for batch in ImportBatch.objects.filter(named, erased_at=None).distinct():
            batch.erase()
    tokens = set[str]()
    for model, pks in found:
        about = Entry.objects.about_all(model, [pk for pk in pks if isinstance(pk, int)])
        taken = about.filter(action=Entry.Action.EXPORTED).exclude(reference="")
        tokens.update(taken.values_list("reference", flat=True))
    for export in Export.objects.filter(token__in=tokens, state=Export.State.READY):
        export.purge()


def forget_traces(found: Iterable[tuple[type[Model], list[Any]]]) -> None:
    """Take out of both journals what they say of these rows."""
    for model, pks in found:
        numbers = [pk for pk in pks if isinstance(pk, int)]
        Entry.objects.about_all(model, numbers).redact_all()
        kind = ContentType.objects.get_for_model(model)
        entries = LogEntry.objects.filter(content_type=kind, object_id__in=[str(pk) for pk in pks])
        entries.update(object_repr="", change_message="")


def _forget_charges(charges: QuerySet[Charge]) -> None:
    pks = list(charges.values_list("pk", flat=True))
    references = Checkout.objects.filter(charge__in=pks, provider="sandbox").values_list(
        "reference", flat=True
    )
    SandboxOrder.objects.filter(uuid__in=list(references)).update(label="")
    Charge.objects.filter(pk__in=pks).erase_payers()
    Charge.objects.filter(pk__in=pks).update(user=None)


# Rows whose time has come: see `iamm.retention`. Each takes some rows, and returns how many are forgotten


def _erase_member(member: Member) -> None:
    """With what others could read of them, and what two records of theirs were made of."""
    DirectoryEntry.objects.filter(member=member).delete()
    member.groups.clear()
    Consent.objects.filter(member=member, withdrawn_at=None).update(withdrawn_at=timezone.now())
    Merge.objects.filter(Q(kept=member) | Q(removed_pk=member.pk)).make_final()
    for batch in ImportBatch.objects.filter(rows__member=member).distinct():
        batch.erase()  # the file is of all who are in it: this import is not taken back any more
    DuplicatePair.objects.filter(Q(member_a=member) | Q(member_b=member)).delete()
    member.erase()


@transaction.atomic
def erase_members(members: QuerySet[Member]) -> int:
    """The account stays: it may book without being a member."""
    rows = list(members)
    for member in rows:
        forget_traces([(Application, list(member.applications.values_list("pk", flat=True)))])
        for model in (Membership, Departure):
            forget_traces([(model, list(model.objects.filter(member=member).values_list("pk", flat=True)))])
        absorbed = list(Merge.objects.into(member))
        _erase_member(member)
        forget_traces([(Member, [member.pk, *absorbed])])
    return len(rows)


@transaction.atomic
def erase_mandates(mandates: QuerySet[Mandate]) -> int:
    pks = list(mandates.values_list("pk", flat=True))
    forget_traces([(Mandate, pks)])
    return Mandate.objects.filter(pk__in=pks).erase()


@transaction.atomic
def erase_applications(applications: QuerySet[Application]) -> int:
    rows = list(applications)
    for application in rows:
        application.erase()
    forget_traces([(Application, [application.pk for application in rows])])
    return len(rows)


@transaction.atomic
def erase_bookings(bookings: QuerySet[Booking]) -> int:
    """With every place in them, and what was asked for them if nobody ever paid it."""
    pks = list(bookings.values_list("pk", flat=True))
    places = Registration.objects.filter(booking__in=pks)
    forget_traces([(Booking, pks), (Registration, list(places.values_list("pk", flat=True)))])
    places.erase()
    _forget_charges(Charge.objects.filter(booking__in=pks).unbooked())
    return Booking.objects.filter(pk__in=pks).erase()


@transaction.atomic
def erase_payers(charges: QuerySet[Charge]) -> int:
    pks = list(charges.values_list("pk", flat=True))
    forget_traces([(Charge, pks)])
    _forget_charges(Charge.objects.filter(pk__in=pks))
    return len(pks)


@transaction.atomic
def forget_payers(charges: QuerySet[Charge]) -> int:
    pks = list(charges.values_list("pk", flat=True))
    forget_traces([(Charge, pks)])
    return Charge.objects.filter(pk__in=pks).forget_payers()


@transaction.atomic
def forget_lines(lines: QuerySet[StatementLine]) -> int:
    pks = list(lines.values_list("pk", flat=True))
    forget_traces([(StatementLine, pks)])
    return StatementLine.objects.filter(pk__in=pks).forget()


@transaction.atomic
def forget_documents(documents: QuerySet[Document]) -> int:
    pks = list(documents.values_list("pk", flat=True))
    forget_traces([(Document, pks)])
    forgotten: int = Document.objects.filter(pk__in=pks).forget()
    return forgotten


def erase_accounts(users: QuerySet[User]) -> int:
    """Each apart: who owes something stays, and is asked again the next night."""
    done = 0
    for user in users:
        try:
            erase(Person.of_user(user))
        except ErasureRefused:
            continue
        done += 1
    return done


def forget_entries(entries: Any) -> int:
    return int(entries.forget_before(timezone.now()))


@transaction.atomic
def delete(rows: QuerySet[Any]) -> int:
    pks = list(rows.values_list("pk", flat=True))
    rows.model._default_manager.filter(pk__in=pks).delete()
    return len(pks)
