from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from members import completion, emails
from members.models.identity import Identity, Kind, normalise_email
from members.models.members import Member
from members.models.memberships import Membership
from members.models.plans import Plan
from members.models.wish import Wish
from members.offers import Offer, OfferRefused, PlanClosed
from payments.models import Charge

if TYPE_CHECKING:
    from accounts.models import User

ABANDONED_AFTER_DAYS = 31


class ApplicationOpen(Exception):
    """This address has an application under way: there is one at a time."""

    def __init__(self, application: "Application") -> None:
        self.application = application


class Decided(Exception):
    """The application is no longer in the state that the act asks for."""


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


class Application(Wish):
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

    def get_absolute_url(self) -> str:
        return reverse("members:application", args=[self.token])

    # What it is

    @property
    def submitted_on(self) -> date:
        return timezone.localdate(self.created_at)

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    def is_open_on(self, day: date) -> bool:
        """Under way now, and already submitted that day."""
        return self.state in [*self.OPEN, self.State.PAID] and self.submitted_on <= day

    def is_proven(self) -> bool:
        """Whether the account that applied may see the member it is for: who only types an address learns nothing."""
        return bool(
            self.user and self.member and Member.objects.visible_to(self.user).filter(pk=self.member.pk)
        )

    def offer(self, *, on: date, is_due: bool = False) -> Offer:
        """What it would give that day; as to a newcomer where the member is not proven. Raises an OfferRefused."""
        known = self.member if is_due or self.is_proven() else None
        return self.plan.offer(
            on=on,
            after=known.last_period(on=on) if known else None,
            headcount=self.headcount or 0,
            seats=self.seats,
            terms=self.terms,
            amount=self.chosen_amount,
            is_due=is_due,
        )

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
        application._quote()
        application.state = (
            cls.State.SUBMITTED
            if application._must_be_decided(is_proven=member is not None)
            else cls.State.ACCEPTED
        )
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
        cls, period: Membership, plan: Plan, *, amount: Decimal, request_key: str, user: "User | None"
    ) -> "Application":
        """See `plan_changes.change`, which knows what it costs."""
        known = cls.objects.filter(request_key=request_key).first()
        if known is not None:
            return known
        application = cls(
            plan=plan,
            member=period.member,
            replaces=period,
            request_key=request_key,
            user=user,
            **period.member.identity(),
        )
        application.starts_on, application.ends_on = timezone.localdate(), period.ends_on
        application.amount = amount
        if plan.asks_approval(is_renewal=True):
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

    def _must_be_decided(self, *, is_proven: bool) -> bool:
        """The board also looks at who was excluded, and at a stranger who renews for an organisation."""
        today = timezone.localdate()
        known = self.member
        is_renewal = bool(known and (last := known.last_period(on=today)) and today <= last.last_grace_day)
        if known and known.departures.in_force(on=today).filter(kind="excluded").exists():
            return True
        if known and known.kind == Kind.ORGANISATION and not is_proven:
            return True
        return self.plan.asks_approval(is_renewal=is_renewal)

    def known_member(self) -> Member | None:
        """The member this application is for: the account's own, the organisation's number, else this address."""
        same_kind = Member.objects.filter(kind=self.plan.kind)
        if self.plan.kind == Kind.ORGANISATION:
            return same_kind.filter(siret=self.siret).first() if self.siret else None
        own = same_kind.filter(user=self.user).first() if self.user else None
        return own or same_kind.filter(email__iexact=self.email).first()

    # Deciding

    @transaction.atomic
    def accept(self, *, by: "User", credit_until: date | None = None) -> None:
        """Ask to pay, or open the period now where `credit_until` lets it be paid later. Raises Decided."""
        self._lock(self.State.SUBMITTED, self.State.TO_COMPLETE)
        self._move(self.State.ACCEPTED, by=by)
        self._ask_to_pay(credit_until=credit_until)

    @transaction.atomic
    def refuse(self, *, by: "User", reason: str) -> None:
        """Raises Decided."""
        self._lock(self.State.SUBMITTED, self.State.TO_COMPLETE)
        self._move(self.State.REFUSED, by=by, answer=reason)
        emails.application_refused(self)

    @transaction.atomic
    def ask(self, *, by: "User", question: str) -> None:
        """Send it back to the applicant, with what is missing. Raises Decided."""
        self._lock(self.State.SUBMITTED)
        self._move(self.State.TO_COMPLETE, by=by, answer=question)
        emails.application_to_complete(self)

    @transaction.atomic
    def resubmit(self, **fields: Any) -> None:
        """What the applicant changes after a question. Raises Decided."""
        self._lock(self.State.TO_COMPLETE)
        for name, value in fields.items():
            setattr(self, name, value)
        self.state, self.state_since = self.State.SUBMITTED, timezone.now()
        self.save(update_fields=[*fields, "state", "state_since"])

    def _lock(self, *states: str) -> None:
        list(Application.objects.select_for_update(of=("self",)).filter(pk=self.pk))
        self.refresh_from_db()
        if self.state not in states:
            raise Decided

    def _move(self, state: str, *, by: "User | None" = None, answer: str = "") -> None:
        self.state, self.state_since, self.decided_by, self.answer = state, timezone.now(), by, answer
        self.forget_proof()
        self.save(update_fields=["state", "state_since", "decided_by", "answer", "proof"])

    def forget_proof(self) -> None:
        """It served once the board has looked at it; the file goes with the commit. The caller saves the row."""
        if self.proof and self.state != self.State.TO_COMPLETE:
            storage, name = self.proof.storage, str(self.proof.name)
            transaction.on_commit(lambda: storage.delete(name))
            self.proof = ""

    def _ask_to_pay(self, *, credit_until: date | None = None) -> None:
        """Open the charge, at the lower of what was announced and what it costs today; or complete what is free."""
        offer = self._best_offer()
        if offer is not None:
            self.starts_on, self.ends_on, self.amount = offer.starts_on, offer.ends_on, offer.total
        if self.amount > 0:
            self.charge = Charge.open(
                name=self.display_name,
                email=self.billing_email or self.email,
                user=self.user,
                lines=completion.lines_of(self, offer),
                return_path=self.get_absolute_url(),
                language=self.language,
            )
        self.save(update_fields=["starts_on", "ends_on", "amount", "charge"])
        if self.charge is None or credit_until is not None:
            self.complete(credit_until=credit_until)
        elif self.decided_by:
            emails.application_accepted(self)

    def _best_offer(self) -> Offer | None:
        """None where what was announced stands: a change of plan, or nothing that can be sold any more."""
        if self.replaces_id:
            return None
        try:
            announced, today = self.offer(on=self.submitted_on), self.offer(on=timezone.localdate())
        except OfferRefused:
            return None
        return min(today, announced, key=lambda offer: offer.total)

    # Ending

    @transaction.atomic
    def complete(self, *, credit_until: date | None = None) -> Membership | None:
        """Turn a paid, free or credited application into a member and a period, and confirm it. Twice changes nothing.

        None where no period can be opened by itself (staff have closed it, it would add no day): the staff then fix its
        dates, or give the money back.
        """
        list(Application.objects.select_for_update(of=("self",)).filter(pk=self.pk))
        self.refresh_from_db()
        if self.state == self.State.ACCEPTED:
            completion.complete(self, credit_until=credit_until)
        return self.membership

    @transaction.atomic
    def place(self, *, by: "User", starts_on: date, ends_on: date) -> Membership:
        """The staff fix the dates of one that is paid. Raises Decided, and PeriodOverlap."""
        self._lock(self.State.PAID)
        self.decided_by = by
        self.save(update_fields=["decided_by"])
        return completion.place(self, starts_on=starts_on, ends_on=ends_on)

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
        """Take the person out of the row, which stays for what it counts."""
        self.forget_proof()
        for field in Identity._meta.concrete_fields:
            setattr(self, field.name, None if field.null else "")
        self.user, self.message, self.answer = None, "", ""
        if self.membership_id is None:
            self.member = None
        erased = [*self.identity_fields(), "user", "message", "answer", "member", "proof"]
        self.save(update_fields=[*erased, "state", "state_since"])
