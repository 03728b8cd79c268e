from datetime import date, timedelta
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Exists, F, Max, OuterRef, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from members.models.plans import College, Kind, Plan
from payments.models import Charge

if TYPE_CHECKING:
    from accounts.models import User


class PeriodOverlap(Exception):
    """The member already has a membership on some of these days."""


class MemberQuerySet(models.QuerySet["Member"]):
    def current(self, *, on: date) -> "MemberQuerySet":
        """Up to date that day. `Member.is_current` is the same rule for one row."""
        return self.filter(Exists(Membership.objects.current(on=on).filter(member=OuterRef("pk"))))

    def visible_to(self, user: "User") -> "MemberQuerySet":
        return self.filter(Q(user=user) | Q(email__in=user.verified_emails))

    def with_end(self) -> "MemberQuerySet":
        """Annotate the last day of the last period."""
        return self.annotate(last_day=Max("memberships__ends_on", filter=Q(memberships__cancelled_at=None)))


class Member(models.Model):
    """A person or an organisation that has joined, once or more."""

    kind = models.CharField(_("nature"), max_length=12, choices=Kind, default=Kind.PERSON)
    first_name = models.CharField(_("prénom"), max_length=100, blank=True)
    last_name = models.CharField(_("nom"), max_length=100, blank=True)
    organisation = models.CharField(_("organisation"), max_length=200, blank=True)
    email = models.EmailField(_("adresse e-mail"), blank=True)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="member",
        verbose_name=_("compte"),
    )
    college = models.ForeignKey(College, models.PROTECT, related_name="members", verbose_name=_("collège"))
    joined_on = models.DateField(_("adhère depuis le"), default=timezone.localdate)

    objects: ClassVar = MemberQuerySet.as_manager()

    class Meta:
        verbose_name = _("adhérent")
        verbose_name_plural = _("adhérents")
        ordering = ["last_name", "organisation", "first_name", "pk"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
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
        return (
            self.organisation
            if self.kind == Kind.ORGANISATION
            else f"{self.first_name} {self.last_name}".strip()
        )

    def clean(self) -> None:
        self.email = self.email.lower()

    @property
    def is_current(self) -> bool:
        today = timezone.localdate()
        return any(membership.covers(today) for membership in self.memberships.all())

    @property
    def current_until(self) -> date | None:
        """The last day of the unbroken run of periods that covers today, or None."""
        end = None
        for membership in sorted(self.memberships.all(), key=lambda m: m.starts_on):
            day = end + timedelta(days=1) if end else timezone.localdate()
            if membership.covers(day):
                end = membership.ends_on
        return end

    def next_start(self) -> date:
        """The first day a new period would cover: no day still to come is lost, no gap is back-dated."""
        last = self.memberships.effective().aggregate(last=Max("ends_on"))["last"]
        return max(timezone.localdate(), last + timedelta(days=1)) if last else timezone.localdate()

    @transaction.atomic
    def add_membership(
        self, plan: Plan, *, charge: Charge | None = None, starts_on: date | None = None
    ) -> "Membership":
        """Open a period of `plan` right after the last one, or on `starts_on`. Raises PeriodOverlap."""
        member = Member.objects.select_for_update(of=("self",)).get(pk=self.pk)
        start = starts_on or member.next_start()
        period = {"starts_on": start, "ends_on": plan.last_day(start)}
        if member.memberships.effective().overlapping(**period).exists():
            raise PeriodOverlap
        return Membership.objects.create(member=member, plan=plan, charge=charge, **period)


class MembershipQuerySet(models.QuerySet["Membership"]):
    def effective(self) -> "MembershipQuerySet":
        return self.filter(cancelled_at=None)

    def current(self, *, on: date) -> "MembershipQuerySet":
        return self.effective().filter(starts_on__lte=on, ends_on__gte=on)

    def overlapping(self, *, starts_on: date, ends_on: date) -> "MembershipQuerySet":
        return self.filter(starts_on__lte=ends_on, ends_on__gte=starts_on)

    def latest_of_each_member(self) -> "MembershipQuerySet":
        """Those that no later period of the same member follows."""
        later = Membership.objects.effective().filter(
            member=OuterRef("member"), ends_on__gt=OuterRef("ends_on")
        )
        return self.effective().filter(~Exists(later))

    def visible_to(self, user: "User") -> "MembershipQuerySet":
        return self.filter(member__in=Member.objects.visible_to(user))


class Membership(models.Model):
    """One paid, or granted, period. Both dates are inclusive and are days in Paris. Periods never overlap.

    On PostgreSQL an exclusion constraint says so too (see the migrations).
    """

    member = models.ForeignKey(Member, models.PROTECT, related_name="memberships", verbose_name=_("adhérent"))
    plan = models.ForeignKey(Plan, models.PROTECT, related_name="memberships", verbose_name=_("formule"))
    starts_on = models.DateField(_("premier jour"))
    ends_on = models.DateField(_("dernier jour"))
    charge = models.OneToOneField(
        Charge, models.PROTECT, null=True, blank=True, related_name="membership", verbose_name=_("somme due")
    )
    created_at = models.DateTimeField(_("créée le"), default=timezone.now, editable=False)
    cancelled_at = models.DateTimeField(_("annulée le"), null=True, blank=True, editable=False)

    objects: ClassVar = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("adhésion")
        verbose_name_plural = _("adhésions")
        ordering = ["-starts_on"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="membership_ends_after_it_starts",
                violation_error_message=_("Le dernier jour ne peut pas précéder le premier."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.member} ({self.starts_on:%d/%m/%Y} – {self.ends_on:%d/%m/%Y})"

    def clean(self) -> None:
        if self.member_id and self.starts_on and self.ends_on:
            others = self.member.memberships.effective().exclude(pk=self.pk)
            if others.overlapping(starts_on=self.starts_on, ends_on=self.ends_on).exists():
                raise ValidationError(
                    gettext("Ces dates chevauchent une autre adhésion de la même personne.")
                )

    def covers(self, day: date) -> bool:
        return self.cancelled_at is None and self.starts_on <= day <= self.ends_on

    @transaction.atomic
    def cancel(self) -> None:
        """Close the period as if it had not been; money is given back apart."""
        Membership.objects.filter(pk=self.pk, cancelled_at=None).update(cancelled_at=timezone.now())
        self.refresh_from_db()
