from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from members.models.plans import Plan
from payments.models import Charge

if TYPE_CHECKING:
    from accounts.models import User


class PeriodOverlap(Exception):
    """The member already has a membership on some of these days."""


class NotOnCredit(Exception):
    """It is paid, or cancelled, or was never open on credit."""


class PeriodOver(Exception):
    """The period is cancelled, or its last day has passed."""


class MembershipQuerySet(models.QuerySet["Membership"]):
    def effective(self) -> "MembershipQuerySet":
        return self.filter(cancelled_at=None)

    def covering(self, *, on: date) -> "MembershipQuerySet":
        """Those whose own days hold that day; a credit that has run out no longer does."""
        credit = Q(credit_until=None) | Q(credit_until__gte=on)
        return self.effective().filter(credit, starts_on__lte=on, ends_on__gte=on)

    def giving_rights(self, *, on: date) -> "MembershipQuerySet":
        """As `covering`, with the days of grace after the end."""
        return self.covering(on=on) | self.in_grace(on=on)

    def in_grace(self, *, on: date) -> "MembershipQuerySet":
        """Over, while rights last."""
        return self.effective().filter(
            ends_on__lt=on, grace_until__gte=on, credit_until=None, starts_on__lte=on
        )

    def overlapping(self, *, starts_on: date, ends_on: date) -> "MembershipQuerySet":
        return self.filter(starts_on__lte=ends_on, ends_on__gte=starts_on)

    def latest_of_each_member(self) -> "MembershipQuerySet":
        """Those that no later period of the same member follows."""
        later = Membership.objects.effective().filter(
            member=OuterRef("member"), ends_on__gt=OuterRef("ends_on")
        )
        return self.effective().filter(~Exists(later))

    def on_credit(self) -> "MembershipQuerySet":
        """Open before they are paid, by leave of the staff."""
        return self.effective().exclude(credit_until=None)

    def visible_to(self, user: "User") -> "MembershipQuerySet":
        from members.models.members import Member  # noqa: PLC0415 - members know their periods

        return self.filter(member__in=Member.objects.visible_to(user))


class Membership(models.Model):
    """One paid, or granted, period. Both dates are inclusive and are days in Paris. Periods never overlap.

    On PostgreSQL an exclusion constraint says so too (see the migrations). A period that was cut short keeps the last
    day it was sold until.
    """

    member = models.ForeignKey(
        "members.Member", models.PROTECT, related_name="memberships", verbose_name=_("adhérent")
    )
    plan = models.ForeignKey(Plan, models.PROTECT, related_name="memberships", verbose_name=_("formule"))
    starts_on = models.DateField(_("premier jour"))
    ends_on = models.DateField(_("dernier jour"))
    sold_until = models.DateField(
        _("vendue jusqu’au"), null=True, editable=False, help_text=_("Si la période a été raccourcie.")
    )
    grace_until = models.DateField(_("délai de grâce jusqu’au"), null=True, blank=True, editable=False)
    credit_until = models.DateField(
        _("à crédit jusqu’au"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("Ouverte avant d’être payée\u00a0: sans paiement, elle ne compte plus après ce jour."),
    )
    amount = models.DecimalField(
        _("cotisation"), max_digits=10, decimal_places=2, default=Decimal("0.00"), editable=False
    )
    charge = models.OneToOneField(
        Charge, models.PROTECT, null=True, blank=True, related_name="membership", verbose_name=_("somme due")
    )
    imported_by = models.ForeignKey(
        "members.ImportBatch",
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="memberships",
        verbose_name=_("import"),
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
            ),
            models.CheckConstraint(
                condition=Q(sold_until=None) | Q(sold_until__gt=F("ends_on")),
                name="membership_is_cut_before_its_end",
            ),
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

    @property
    def last_grace_day(self) -> date:
        """The last day that still gives rights: that of the period itself where the plan has no grace."""
        return self.grace_until or self.ends_on

    def has_credit(self, day: date) -> bool:
        """Whether it is paid, was granted, or may still be paid later."""
        return self.credit_until is None or day <= self.credit_until

    def covers(self, day: date) -> bool:
        return self.cancelled_at is None and self.starts_on <= day <= self.ends_on and self.has_credit(day)

    def is_in_grace(self, day: date) -> bool:
        """After the end, while rights last. A period that was never paid has no grace."""
        return (
            self.cancelled_at is None
            and self.credit_until is None
            and self.ends_on < day <= self.last_grace_day
        )

    # Verbs

    @transaction.atomic
    def cancel(self) -> bool:
        """Close the period as if it had not been; money is given back apart. False where it was closed before."""
        done = Membership.objects.filter(pk=self.pk, cancelled_at=None).update(cancelled_at=timezone.now())
        self.refresh_from_db()
        return bool(done)

    @transaction.atomic
    def cut(self, *, last_day: date) -> None:
        """End the period on that day, without any grace; one that would keep no day is cancelled instead."""
        period = Membership.objects.select_for_update(of=("self",)).get(pk=self.pk)
        if last_day < period.starts_on:
            period.cancel()
        elif last_day < period.ends_on:
            period.sold_until = period.sold_until or period.ends_on
            period.ends_on, period.grace_until = last_day, None
            period.save(update_fields=["sold_until", "ends_on", "grace_until"])
        self.refresh_from_db()

    @transaction.atomic
    def refund_and_stop(self) -> None:
        """Today is its last day, nothing more is asked for it, and all that was paid for it is owed back, once.

        Raises PeriodOver.
        """
        if self.charge is not None:
            Charge.objects.select_for_update().get(pk=self.charge.pk)  # before the member, as a payment does
        self.member.lock()
        period = Membership.objects.select_related("charge").get(pk=self.pk)
        today = timezone.localdate()
        is_settled = period.charge is None or period.charge.cancelled_at is not None
        if period.cancelled_at or period.ends_on < today or period.ends_on == today and is_settled:
            raise PeriodOver
        period.cut(last_day=today)
        if period.charge is not None:
            period.charge.cancel()
        self.refresh_from_db()

    def prolong_credit(self, *, until: date) -> None:
        """It may be paid until that day. Raises NotOnCredit."""
        self._limit_credit(until)
        if self.charge is not None:
            self.charge.give_credit(until=until)

    def withdraw_credit(self) -> None:
        """It gives no right from today on, until it is paid. Raises NotOnCredit."""
        self._limit_credit(timezone.localdate() - timedelta(days=1))

    @transaction.atomic
    def _limit_credit(self, until: date) -> None:
        """A payment that comes at the same time wins, whichever is first."""
        if not Membership.objects.on_credit().filter(pk=self.pk).update(credit_until=until):
            raise NotOnCredit
        self.refresh_from_db(fields=["credit_until"])

    @transaction.atomic
    def settle_credit(self) -> None:
        """It has been paid: nothing limits it any more."""
        Membership.objects.filter(pk=self.pk).update(credit_until=None)
        self.refresh_from_db(fields=["credit_until"])


def grace_after(plan: Plan, last_day: date) -> date | None:
    return last_day + timedelta(days=plan.grace_days) if plan.grace_days else None
