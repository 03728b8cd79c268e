import calendar
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models, transaction
from django.db.models import Exists, F, Max, OuterRef, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mailing.outbox import current_language
from members import emails
from payments.models import Charge, ChargeLine, Line

if TYPE_CHECKING:
    from accounts.models import User


ABANDONED_AFTER_DAYS = 31


class PlanClosed(Exception):
    """Nobody can join with this plan now: it is closed, or has no price yet."""


class PeriodOverlap(Exception):
    """The member already has a membership on some of these days."""


class College(models.Model):
    """One of the groups that vote in the general assembly."""

    name = models.CharField(_("nom"), max_length=100, unique=True)
    slug = models.SlugField(_("identifiant"), unique=True)
    position = models.PositiveSmallIntegerField(_("ordre"), default=0)

    class Meta:
        verbose_name = _("collège")
        verbose_name_plural = _("collèges")
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name


class Kind(models.TextChoices):
    PERSON = "person", _("personne")
    ORGANISATION = "organisation", _("organisation")


class PlanQuerySet(models.QuerySet["Plan"]):
    def open(self) -> "PlanQuerySet":
        """Those one can join with today."""
        prices = PlanPrice.objects.filter(plan=OuterRef("pk"), since__lte=timezone.localdate())
        return self.filter(Exists(prices), is_open=True)

    def with_price(self, *, on: date) -> "PlanQuerySet":
        prices = PlanPrice.objects.filter(plan=OuterRef("pk"), since__lte=on).order_by("-since")
        return self.annotate(price=models.Subquery(prices.values("amount")[:1]))


class Plan(models.Model):
    """What one can join as. Its prices are dated, so that an old membership keeps the one it was sold at."""

    name = models.CharField(_("nom"), max_length=100)
    slug = models.SlugField(_("adresse"), unique=True)
    kind = models.CharField(_("pour"), max_length=12, choices=Kind, default=Kind.PERSON)
    college = models.ForeignKey(College, models.PROTECT, related_name="plans", verbose_name=_("collège"))
    summary = models.CharField(_("pour qui"), max_length=200)
    benefits = models.TextField(_("ce que l'on obtient"), help_text=_("Un avantage par ligne."))
    months = models.PositiveSmallIntegerField(
        _("durée en mois"), default=12, validators=[MinValueValidator(1)]
    )
    is_open = models.BooleanField(_("ouverte aux adhésions"), default=True)
    position = models.PositiveSmallIntegerField(_("ordre"), default=0)

    objects: ClassVar = PlanQuerySet.as_manager()

    class Meta:
        verbose_name = _("formule")
        verbose_name_plural = _("formules")
        ordering = ["position", "name"]
        constraints = [models.CheckConstraint(condition=Q(months__gte=1), name="plan_lasts_a_month_at_least")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("members:join", args=[self.slug])

    @property
    def benefit_list(self) -> list[str]:
        return [line.strip() for line in self.benefits.splitlines() if line.strip()]

    def price_on(self, day: date) -> Decimal | None:
        """The price in force that day, or None before the first one."""
        return self.prices.filter(since__lte=day).order_by("-since").values_list("amount", flat=True).first()

    def last_day(self, starts_on: date) -> date:
        """The inclusive end of a period: 12 months from 31 January end on 30 January, one from 31 January on 27 or 28 February."""
        return _add_months(starts_on, self.months) - timedelta(days=1)


def _add_months(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return day.replace(year=year, month=month + 1, day=min(day.day, calendar.monthrange(year, month + 1)[1]))


class PlanPrice(models.Model):
    plan = models.ForeignKey(Plan, models.CASCADE, related_name="prices", verbose_name=_("formule"))
    amount = models.DecimalField(
        _("prix"), max_digits=8, decimal_places=2, validators=[MinValueValidator(Decimal(0))]
    )
    since = models.DateField(_("à partir du"), default=timezone.localdate)

    class Meta:
        verbose_name = _("prix")
        verbose_name_plural = _("prix")
        ordering = ["-since"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "since"], name="one_plan_price_a_day"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="plan_price_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.plan} – {self.amount} €"


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
                violation_error_message=_("Cette adresse e-mail est déjà celle d'un adhérent."),
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
        """The first day a new period would cover: tomorrow's end is not lost, a gap is not back-dated."""
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


class ApplicationQuerySet(models.QuerySet["Application"]):
    def waiting(self) -> "ApplicationQuerySet":
        return self.filter(membership=None, abandoned_at=None)

    def visible_to(self, user: "User") -> "ApplicationQuerySet":
        return self.filter(Q(user=user) | Q(email__in=user.verified_emails))

    def purge_abandoned(self) -> int:
        """Forget who has not paid within `ABANDONED_AFTER_DAYS`. Returns how many."""
        limit = timezone.now() - timedelta(days=ABANDONED_AFTER_DAYS)
        late = list(self.waiting().filter(created_at__lt=limit))
        for application in late:
            application.abandon()
        return len(late)


class Application(models.Model):
    """A wish to join or to renew, before it is paid. The member and the period come with the money."""

    token = models.UUIDField(default=uuid4, unique=True, editable=False)
    request_key = models.UUIDField(unique=True, editable=False)
    plan = models.ForeignKey(Plan, models.PROTECT, related_name="applications", verbose_name=_("formule"))
    first_name = models.CharField(_("prénom"), max_length=100)
    last_name = models.CharField(_("nom"), max_length=100)
    email = models.EmailField(_("adresse e-mail"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="applications",
        verbose_name=_("compte"),
    )
    charge = models.OneToOneField(
        Charge, models.PROTECT, null=True, blank=True, related_name="application", verbose_name=_("somme due")
    )
    membership = models.OneToOneField(
        Membership,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="application",
        verbose_name=_("adhésion"),
    )
    language = models.CharField(_("langue"), max_length=5, default=current_language, editable=False)
    created_at = models.DateTimeField(_("reçue le"), default=timezone.now, editable=False)
    abandoned_at = models.DateTimeField(_("abandonnée le"), null=True, blank=True, editable=False)

    objects: ClassVar = ApplicationQuerySet.as_manager()

    class Meta:
        verbose_name = _("demande d'adhésion")
        verbose_name_plural = _("demandes d'adhésion")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name} – {self.plan}"

    def get_absolute_url(self) -> str:
        return reverse("members:application", args=[self.token])

    @classmethod
    @transaction.atomic
    def submit(
        cls,
        plan: Plan,
        *,
        first_name: str,
        last_name: str,
        email: str,
        request_key: str,
        user: "User | None" = None,
    ) -> "Application":
        """Record the wish and what it costs today; a free one becomes a membership at once.

        The same `request_key` (two clicks) gives the same application. Raises PlanClosed.
        """
        price = plan.price_on(timezone.localdate())
        if not plan.is_open or price is None:
            raise PlanClosed
        person = {"first_name": first_name, "last_name": last_name, "email": email.lower(), "user": user}
        application, is_new = cls.objects.get_or_create(
            request_key=request_key, defaults={"plan": plan, **person}
        )
        if not is_new:
            return application
        if price:
            application.charge = Charge.open(
                name=f"{first_name} {last_name}",
                email=email,
                user=user,
                lines=[Line(ChargeLine.Nature.DUES, gettext("Adhésion – %s") % plan.name, price)],
                return_path=application.get_absolute_url(),
            )
            application.save(update_fields=["charge"])
        else:
            application.complete()
        return application

    def known_member(self) -> Member | None:
        """The member this application renews: the account's own, else the one with this address."""
        own = Member.objects.filter(user=self.user).first() if self.user else None
        return own or Member.objects.filter(email__iexact=self.email).first()

    def _new_member(self) -> Member:
        """Whoever else creates this address at the same time, there is one member."""
        names = {"first_name": self.first_name, "last_name": self.last_name}
        return Member.objects.get_or_create(
            email=self.email, defaults={**names, "user": self.user, "college": self.plan.college}
        )[0]

    def planned_period(self) -> tuple[date, date]:
        """The first and last day that paying today would give."""
        member = self.known_member()
        start = member.next_start() if member else timezone.localdate()
        return start, self.plan.last_day(start)

    @transaction.atomic
    def complete(self) -> Membership:
        """Turn a paid, or free, application into a member and a period, and confirm it. A second call changes nothing."""
        application = Application.objects.select_for_update(of=("self",)).get(pk=self.pk)
        if application.membership is None:
            member = application.known_member() or application._new_member()
            application.membership = member.add_membership(application.plan, charge=application.charge)
            application.save(update_fields=["membership"])
            emails.membership_confirmed(application)
        self.membership = application.membership
        return application.membership

    @transaction.atomic
    def abandon(self) -> None:
        """Close an application that was never paid and erase the person from it and from its charge."""
        if self.charge:
            self.charge.cancel()
            self.charge.erase_payer()
        self.abandoned_at, self.user = timezone.now(), None
        self.first_name = self.last_name = self.email = ""
        self.save(update_fields=["abandoned_at", "user", "first_name", "last_name", "email"])
