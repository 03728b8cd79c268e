from datetime import date, timedelta
from typing import TYPE_CHECKING, ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mailing.outbox import current_language
from members import emails
from members.models.members import Member, Membership
from members.models.plans import Plan
from payments.models import Charge, ChargeLine, Line

if TYPE_CHECKING:
    from accounts.models import User

ABANDONED_AFTER_DAYS = 31


class PlanClosed(Exception):
    """Nobody can join with this plan now: it is closed, or has no price yet."""


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
        verbose_name = _("demande d’adhésion")
        verbose_name_plural = _("demandes d’adhésion")
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
        """Whoever else creates this address at the same time, there is one member.

        It goes with the account only where that account has proved the address: see `MemberQuerySet.visible_to`.
        """
        owner = self.user if self.user and self.email in self.user.verified_emails else None
        names = {"first_name": self.first_name, "last_name": self.last_name}
        return Member.objects.get_or_create(
            email=self.email, defaults={**names, "user": owner, "college": self.plan.college}
        )[0]

    def planned_period(self) -> tuple[date, date]:
        """The first and last day that paying today would give.

        Whoever types the address of a member, without their account, does not learn until when they are one.
        """
        own = Member.objects.visible_to(self.user) if self.user else Member.objects.none()
        member = self.known_member()
        start = member.next_start() if member and member in own else timezone.localdate()
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
        """Close an application that was never paid and erase the person from it and from its charge.

        Does nothing to one that has been paid meanwhile.
        """
        if self.charge:
            list(Charge.objects.select_for_update().filter(pk=self.charge.pk))  # as a payment does
            self.refresh_from_db()
            if self.membership:
                return
            self.charge.cancel()
            self.charge.erase_payer()
        self.abandoned_at, self.user = timezone.now(), None
        self.first_name = self.last_name = self.email = ""
        self.save(update_fields=["abandoned_at", "user", "first_name", "last_name", "email"])
