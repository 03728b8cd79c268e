from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from journal.models import Entry
from members import emails
from members.models.deciding import Deciding
from members.models.identity import Identity, Kind, normalise_email
from members.models.members import Member
from members.models.memberships import Membership
from members.models.plans import Plan
from members.offers import PlanClosed
from payments.models import Charge

if TYPE_CHECKING:
    from accounts.models import User

ABANDONED_AFTER_DAYS = 31


class ApplicationOpen(Exception):
    """This address has an application under way: there is one at a time."""

    def __init__(self, application: "Application") -> None:
        self.application = application


class ApplicationQuerySet(models.QuerySet["Application"]):
    def open(self) -> "ApplicationQuerySet":
        """Under way, and not paid."""
        return self.filter(state__in=Application.OPEN)

    def under_way(self) -> "ApplicationQuerySet":
        """Not over yet: open, or paid and waiting for its dates."""
        return self.open() | self.to_place()

    def to_decide(self) -> "ApplicationQuerySet":
        return self.filter(state=Application.State.SUBMITTED)

    def to_pay(self) -> "ApplicationQuerySet":
        return self.filter(state=Application.State.ACCEPTED)

    def to_place(self) -> "ApplicationQuerySet":
        """Paid, and whose period could not be opened by itself."""
        return self.filter(state=Application.State.PAID)

    def decided(self) -> "ApplicationQuerySet":
        """Of which nothing more is expected."""
        return self.exclude(state__in=[*Application.OPEN, Application.State.PAID])

    def visible_to(self, user: "User") -> "ApplicationQuerySet":
        return self.filter(Q(user=user) | Q(email__in=user.verified_emails))

    def purge_abandoned(self) -> int:
        """Forget who has not paid, or completed, within `ABANDONED_AFTER_DAYS` of being asked to. Returns how many."""
        limit = timezone.now() - timedelta(days=ABANDONED_AFTER_DAYS)
        asked = [Application.State.ACCEPTED, Application.State.TO_COMPLETE]
        late = list(self.filter(state__in=asked, state_since__lt=limit))
        for application in late:
            application.abandon()
        return len(late)


class Application(Deciding):
    """A wish to join, to renew or to change plan, before it is decided and paid.

    The member and the period come with the money; only what was granted on credit comes before it.
    """

    objects: ClassVar = ApplicationQuerySet.as_manager()

    class Meta:
        verbose_name = _("demande d’adhésion")
        verbose_name_plural = _("demandes d’adhésion")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                "organisation",
                name="one_open_application_an_address",
                condition=Q(state__in=["submitted", "to_complete", "accepted"]) & ~Q(email=""),
            ),
            models.CheckConstraint(
                condition=Q(state="done", membership__isnull=False)
                | ~Q(state="done") & Q(membership__isnull=True),
                name="application_is_done_with_its_period",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.display_name} – {self.plan}"

    # Applying

    @classmethod
    @transaction.atomic
    def submit(
        cls,
        plan: Plan,
        *,
        email: str,
        request_key: str,
        user: "User | None" = None,
        member: Member | None = None,
        **fields: Any,
    ) -> "Application":
        """Record the wish and what it costs today. A free one that nobody must accept becomes a membership at once.

        `member` is whom the applicant has proved to act for. The same `request_key` (two clicks) gives the same
        application. Raises PlanClosed or another OfferRefused, and ApplicationOpen.
        """
        known = cls.objects.filter(request_key=request_key).first()
        if known is not None:
            return known
        if not plan.is_open:
            raise PlanClosed
        application = cls(
            plan=plan, email=normalise_email(email), request_key=request_key, user=user, **fields
        )
        application.member = member or application.known_member()
        application.is_proven = member is not None  # who only types an address learns nothing
        application._quote()
        application.state = cls.State.SUBMITTED if application._must_be_decided() else cls.State.ACCEPTED
        return application._begin()

    def _begin(self) -> "Application":
        written = self._insert()
        if written is self and self.state == self.State.ACCEPTED:
            self._ask_to_pay()
        elif written is self:
            emails.application_received(self)
        return written

    @classmethod
    def submit_change(
        cls,
        period: Membership,
        plan: Plan,
        *,
        amount: Decimal,
        request_key: str,
        user: "User | None",
        **fields: Any,
    ) -> "Application":
        """See `plan_changes.change`, which knows what it costs."""
        known = cls.objects.filter(request_key=request_key).first()
        if known is not None:
            return known
        application = cls(
            plan=plan,
            member=period.member,
            is_proven=True,
            replaces=period,
            request_key=request_key,
            user=user,
            **{**period.member.identity(), **fields},
        )
        application.starts_on, application.ends_on = timezone.localdate(), period.ends_on
        application.amount = amount
        if plan.asks_approval(after=period, on=application.starts_on):
            application.state = cls.State.SUBMITTED
        return application._begin()

    def _insert(self) -> "Application":
        """Whoever else submits the same at the same time, one is written: this one, or its twin of the same key.

        Raises ApplicationOpen.
        """
        try:
            with transaction.atomic():
                self.save()
        except IntegrityError:
            if self.proof:  # its file was written before the row
                self.proof.delete(save=False)
            rows = Application.objects.all()
            if twin := rows.filter(request_key=self.request_key).first():
                return twin
            mine = rows.open().filter(email__iexact=self.email, organisation=self.organisation)
            if other := mine.first():
                raise ApplicationOpen(other) from None
            raise
        return self

    def _quote(self) -> None:
        offer = self.offer(on=timezone.localdate())
        self.starts_on, self.ends_on, self.amount = offer.starts_on, offer.ends_on, offer.total

    def _must_be_decided(self) -> bool:
        """The board also looks at who was excluded, and at a stranger who renews for an organisation.

        Who only types the address of a member is treated as a newcomer, as the page they see says.
        """
        today = timezone.localdate()
        known = self.member
        if known and known.departures.in_force(on=today).filter(kind="excluded").exists():
            return True
        if known and known.kind == Kind.ORGANISATION and not self.is_proven:
            return True
        after = known.last_period(on=today) if known and self.is_proven else None
        return self.plan.asks_approval(after=after, on=today)

    # Ending

    @transaction.atomic
    def abandon(self) -> None:
        """Close an application that was never paid and erase the person from it and from its charge.

        Does nothing to one that has been paid meanwhile.
        """
        if self.charge_id:
            list(Charge.objects.select_for_update().filter(pk=self.charge_id))  # as a payment does
        list(Application.objects.select_for_update(of=("self",)).filter(pk=self.pk))
        self.refresh_from_db()
        if not self.is_open:
            return
        if self.charge:
            self.charge.cancel()
            self.charge.erase_payer()
        self.state, self.state_since = self.State.ABANDONED, timezone.now()
        self.erase()

    def erase(self) -> None:
        """Take the person out of the row, which stays for what it counts, and out of what the journal says of it."""
        self.forget_proof()
        for field in Identity._meta.concrete_fields:
            setattr(self, field.name, None if field.null else "")
        self.user, self.message, self.answer = None, "", ""
        if self.membership_id is None:
            self.member = None
        erased = [*self.identity_fields(), "user", "message", "answer", "member", "proof"]
        self.save(update_fields=[*erased, "state", "state_since"])
        Entry.objects.redact(self)
