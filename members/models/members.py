from collections.abc import Collection
from datetime import date, timedelta
from decimal import Decimal
from secrets import choice
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models, transaction
from django.db.models import Exists, Max, OuterRef, Q, Subquery
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import ERASED_NAME
from journal import trail
from members import standing
from members.models import consents
from members.models.decisions import Departure, StatusOverride
from members.models.identity import Identity, Kind, normalise_email
from members.models.mandates import Mandate
from members.models.memberships import Membership, PeriodOverlap, grace_after
from members.models.plans import College, Plan
from members.models.seated import Seated
from payments.models import Charge, ChargeQuerySet

if TYPE_CHECKING:
    from accounts.models import User

ERASED_REASON = "–"  # a decision keeps that there was a reason
CONTACT = ["first_name", "last_name", "phone", "birth_year"]  # of an organisation: who answers for it
NAMES = {"first_name", "last_name"}
CARD_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # none that is read for another
CARD_LENGTH = 16  # 78 bits: nobody finds one by trying


class AlreadyGone(Exception):
    """The member has left, and has not joined again since."""


def new_card_code() -> str:
    return "".join(choice(CARD_LETTERS) for _number in range(CARD_LENGTH))


class MemberQuerySet(models.QuerySet["Member"]):
    def current(self, *, on: date) -> "MemberQuerySet":
        """Up to date that day, also a past one. `Member.standing` is the same rule for one row."""

        def mine(rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
            return rows.filter(member=OuterRef("pk"))

        decided = mine(StatusOverride.objects.in_force(on=on)).order_by("-pk").values("status")[:1]
        has_rights = Exists(mine(Membership.objects.giving_rights(on=on)))
        has_left = Exists(mine(Departure.objects.in_force(on=on)))
        return self.alias(decided=Subquery(decided)).filter(
            Q(decided__in=StatusOverride.UP_TO_DATE) | Q(has_rights, decided=None), ~has_left
        )

    def departed(self, *, on: date) -> "MemberQuerySet":
        return self.filter(Exists(Departure.objects.in_force(on=on).filter(member=OuterRef("pk"))))

    def in_status(self, status: str, *, on: date) -> "MemberQuerySet":
        """Those whose `standing` that day is this one of a member, in force or over: not who has never been one."""

        def mine(rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
            return rows.filter(member=OuterRef("pk"))

        departures, decisions = (
            mine(Departure.objects.in_force(on=on)),
            mine(StatusOverride.objects.in_force(on=on)),
        )
        if status in Departure.Kind.values:
            return self.alias(left_as=Subquery(departures.values("kind")[:1])).filter(left_as=status)
        begun = mine(Membership.objects.effective().filter(starts_on__lte=on))
        by_periods = {
            "active": Exists(mine(Membership.objects.covering(on=on))),
            "grace": Exists(mine(Membership.objects.in_grace(on=on)))
            & ~Exists(mine(Membership.objects.covering(on=on))),
            "lapsed": Exists(begun) & ~Exists(mine(Membership.objects.giving_rights(on=on))),
        }
        decided = Q(decided=status)
        if status in by_periods:
            decided |= Q(by_periods[status], decided=None)
        latest = Subquery(decisions.order_by("-pk").values("status")[:1])
        return self.alias(decided=latest).filter(decided, ~Exists(departures))

    def never_joined(self) -> "MemberQuerySet":
        return self.filter(~Exists(Membership.objects.effective().filter(member=OuterRef("pk"))))

    def visible_to(self, user: "User") -> "MemberQuerySet":
        """Their own record, and those of the organisations they act for.

        The address of an organisation lets act for it, but not who has, or had, a seat there: that seat says what they may.
        """
        seats = Mandate.objects.of(user)
        represented = seats.live(on=timezone.localdate()).representing()
        is_seated = Exists(seats.filter(organisation=OuterRef("pk")))
        return self.filter(
            Q(user=user)
            | Q(email__in=user.verified_emails) & (Q(kind=Kind.PERSON) | ~is_seated)
            | Q(pk__in=represented.values("organisation"), kind=Kind.ORGANISATION)
        )

    def benefiting(self, user: "User") -> "MemberQuerySet":
        """Those whose membership gives this person rights: as `visible_to`, with the organisations they have a seat in."""
        seats = Mandate.objects.live(on=timezone.localdate()).of(user)
        seated = self.filter(pk__in=seats.values("organisation"), kind=Kind.ORGANISATION)
        return self.visible_to(user) | seated

    @transaction.atomic
    def follow_address(self, user: "User", *, old: str, new: str) -> None:
        """Somebody signs in with another address: their record follows, if it had the old one.

        Not where another person's record has the new one: staff merge the two.
        """
        people = self.filter(kind=Kind.PERSON)
        known = people.select_for_update(of=("self",)).filter(Q(user=user) | Q(user=None))
        member = known.filter(email__iexact=old).first()
        if member and not people.filter(email__iexact=new).exclude(pk=member.pk).exists():
            member.correct(by=user, email=normalise_email(new))

    def with_end(self) -> "MemberQuerySet":
        """Annotate the last day of the last period."""
        return self.annotate(last_day=Max("memberships__ends_on", filter=Q(memberships__cancelled_at=None)))

    def with_standing(self) -> "MemberQuerySet":
        """Prefetch what `Member.standing` reads."""
        return self.prefetch_related("memberships__plan", "departures", "overrides", "applications")


class Member(Seated, Identity):
    """A person or an organisation that has joined, once or more."""

    kind = models.CharField(_("nature"), max_length=12, choices=Kind, default=Kind.PERSON)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="member",
        verbose_name=_("compte"),
    )
    college = models.ForeignKey(College, models.PROTECT, related_name="members", verbose_name=_("collège"))
    seats = models.PositiveSmallIntegerField(
        pgettext_lazy("organisation", "places"),
        null=True,
        blank=True,
        help_text=_(
            "Combien de collègues profitent de l’adhésion de l’organisation. Vide\u00a0: sans limite."
        ),
    )
    joined_on = models.DateField(_("adhère depuis le"), default=timezone.localdate)
    card_code = models.CharField(
        _("code de la carte"), max_length=32, unique=True, default=new_card_code, editable=False
    )

    objects: ClassVar = MemberQuerySet.as_manager()

    class Meta:
        verbose_name = _("adhérent")
        verbose_name_plural = _("adhérents")
        ordering = ["last_name", "organisation", "first_name", "pk"]
        permissions = [
            ("import_member", _("Peut importer des adhérents")),
            ("export_member", _("Peut emporter la liste des adhérents")),
            ("view_voters", _("Peut voir et emporter la liste électorale")),
        ]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                "kind",
                name="member_email_unique_whatever_the_case",
                condition=~Q(email=""),
                violation_error_message=_("Cette adresse e-mail est déjà celle d’un adhérent."),
            ),
            models.CheckConstraint(
                condition=Q(kind=Kind.PERSON) & ~Q(last_name="")
                | Q(kind=Kind.ORGANISATION) & ~Q(organisation=""),
                name="member_has_the_name_of_its_kind",
                violation_error_message=_("Une personne a un nom, une organisation a une dénomination."),
            ),
        ]

    def __str__(self) -> str:
        return self.organisation if self.kind == Kind.ORGANISATION else self.person_name

    @property
    def number(self) -> str:
        return f"A-{self.pk:06d}"

    def dues_email(self, *, on: date) -> str:
        """Where one writes about the dues. An organisation's: to who follows them, else to its titular, else to itself."""
        if self.kind == Kind.ORGANISATION:
            seats = [one for one in self.mandates.all() if one.is_live(on) and one.address]
            seats.sort(key=lambda one: (not one.is_dues_contact, one.pk))
            for seat in seats:
                if seat.is_dues_contact or seat.role == Mandate.Role.TITULAR:
                    return str(seat.address)
        return self.email

    # Up to date

    def standing(self, *, on: date | None = None) -> standing.Standing:
        """Who they are to the association on that day, today unless told otherwise, and why."""
        return standing.standing(self, on=on or timezone.localdate())

    @property
    def is_current(self) -> bool:
        return self.standing().is_current

    @property
    def current_until(self) -> date | None:
        """The last day of the unbroken run that covers today, or None: see `Standing.until`."""
        found = self.standing()
        return found.until if found.is_current else None

    def last_period(self, *, on: date) -> Membership | None:
        """The period that a new one would follow. Who has left starts anew."""
        if self.departures.in_force(on=on).exists():
            return None
        last: Membership | None = self.memberships.effective().order_by("-ends_on").first()
        return last

    @property
    def charges(self) -> ChargeQuerySet:
        """What was asked for their periods and applications."""
        periods, wishes = self.memberships.values("charge"), self.applications.values("charge")
        charges: ChargeQuerySet = Charge.objects.filter(Q(pk__in=periods) | Q(pk__in=wishes))
        return charges

    # Verbs

    @transaction.atomic
    def add_membership(self, plan: Plan, *, starts_on: date | None = None) -> Membership:
        """Grant one period of `plan` without anything to pay, right after the last one, or on `starts_on`.

        Raises PeriodOverlap.
        """
        member = self.lock()
        today = timezone.localdate()
        if starts_on is None:
            last = member.last_period(on=today)
            starts_on = max(today, last.ends_on + timedelta(days=1)) if last else today
        return member.open_period(plan, starts_on=starts_on, ends_on=plan.last_day(starts_on))

    @transaction.atomic
    def open_period(
        self,
        plan: Plan,
        *,
        starts_on: date,
        ends_on: date,
        charge: Charge | None = None,
        amount: Decimal = Decimal("0.00"),
        credit_until: date | None = None,
    ) -> Membership:
        """Write a period. Who had left is back: what was left of the old period gives way. Raises PeriodOverlap."""
        member = self.lock()
        consents.end_with_a_membership(member, on=timezone.localdate())
        member._come_back(starts_on)
        if member.memberships.effective().overlapping(starts_on=starts_on, ends_on=ends_on).exists():
            raise PeriodOverlap
        return Membership.objects.create(
            member=member,
            plan=plan,
            starts_on=starts_on,
            ends_on=ends_on,
            grace_until=grace_after(plan, ends_on),
            charge=charge,
            amount=amount,
            credit_until=credit_until,
        )

    def _come_back(self, on: date) -> None:
        """Who joins again before the day of leaving has not left: nothing of what was paid is lost."""
        today = timezone.localdate()
        for departure in self.departures.filter(cancelled_at=None, rejoined_on=None, left_on__lt=on):
            if departure.left_on >= today:
                departure.cancel()
                continue
            for period in self.memberships.effective().filter(
                ends_on__gt=departure.left_on, starts_on__lt=on
            ):
                period.cut(last_day=departure.left_on)
            departure.rejoined_on = on
            departure.save(update_fields=["rejoined_on"])

    def lock(self) -> "Member":
        """The row as it is under the lock that its periods and seats are written with. Within a transaction."""
        return Member.objects.select_for_update(of=("self",)).get(pk=self.pk)

    @transaction.atomic
    def replace_card(self) -> None:
        """For one that is lost: the old code, and those of members merged into this one, are then known to nobody."""
        self.card_code = new_card_code()
        self.save(update_fields=["card_code"])
        self.merges.update(removed_card_code="")

    @transaction.atomic
    def leave(
        self,
        kind: str,
        *,
        left_on: date,
        decided_on: date | None = None,
        reason: str = "",
        by: "User | None" = None,
    ) -> Departure:
        """Note a resignation, an exclusion or a death. What is owed stays owed; what was only asked is dropped.

        Raises AlreadyGone.
        """
        for (
            application
        ) in self.applications.open():  # before the member: a payment takes its locks in this order
            application.abandon()
        member = self.lock()
        today = timezone.localdate()
        if member.departures.filter(cancelled_at=None, rejoined_on=None).exists():
            raise AlreadyGone
        departure = Departure(
            member=member,
            kind=kind,
            left_on=left_on,
            decided_on=decided_on or today,
            reason=reason,
            recorded_by=by,
        )
        departure.full_clean()
        departure.save()
        return departure

    @transaction.atomic
    def correct(self, *, by: "User", **fields: Any) -> None:
        """Write what the person says of themselves, or of their organisation, and note what it was. Raises ValidationError."""
        member = self.lock()
        before = trail.snapshot(member, list(fields))
        for name, value in fields.items():
            setattr(member, name, value)
        others = [field.name for field in member._meta.fields if field.name not in fields]
        member.full_clean(exclude=others)  # what others wrote is not theirs to correct here
        member.save(update_fields=list(fields))
        if changes := trail.diff(before, trail.snapshot(member, list(fields))):
            trail.record(member, trail.Action.CHANGED, actor=by, changes=changes)
        if member.user and not NAMES.isdisjoint(changes):
            member.user.first_name, member.user.last_name = member.first_name, member.last_name
            member.user.save(update_fields=sorted(NAMES))

    @transaction.atomic
    def erase(self) -> None:
        """Take the person out of the row, or who answers for the organisation. Periods stay for what they count."""
        member = self.lock()
        is_person = member.kind == Kind.PERSON
        blanked = member.identity_fields() if is_person else [*CONTACT, "email", "billing_email"]
        member._blank(blanked)
        member.user, member.card_code = None, new_card_code()
        if is_person:
            member.last_name = ERASED_NAME
        member.save(update_fields=[*blanked, "user", "card_code"])
        for application in member.applications.decided():
            application.erase()
        member.departures.exclude(reason="").update(reason=ERASED_REASON)
        member.overrides.update(reason=ERASED_REASON)
        member.notes.all().delete()
        self.refresh_from_db()

    @transaction.atomic
    def forget_contact(self, addresses: Collection[str]) -> None:
        """Take out of an organisation's row whoever reads these addresses, and nobody else."""
        member = self.lock()
        blanked = [*CONTACT, "email"] if member.email.lower() in addresses else []
        blanked += ["billing_email"] if member.billing_email.lower() in addresses else []
        member._blank(blanked)
        member.save(update_fields=blanked)

    def _blank(self, fields: Collection[str]) -> None:
        for name in fields:
            setattr(self, name, None if self._meta.get_field(name).null else "")

    @transaction.atomic
    def decide_status(
        self, status: str, *, reason: str, starts_on: date, until: date | None, by: "User | None" = None
    ) -> StatusOverride:
        """The board says otherwise than the periods do. Raises ValidationError."""
        override = StatusOverride(
            member=self, status=status, reason=reason, starts_on=starts_on, until=until, decided_by=by
        )
        override.full_clean()
        override.save()
        return override
