from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import transaction
from django.db.models.fields.files import FieldFile
from django.utils import timezone
from django.utils.translation import gettext

from documents.days import in_words
from journal import trail
from members import completion, emails
from members.models.members import Member
from members.models.memberships import Membership
from members.models.wish import Wish
from members.offers import Offer, OfferRefused
from payments.models import Charge

if TYPE_CHECKING:
    from accounts.models import User


class Decided(Exception):
    """The application is no longer in the state that the act asks for: somebody else was faster."""


class NotTheSameKind(Exception):
    """A person does not apply as an organisation, nor the reverse."""


class Deciding(Wish):
    """What the board answers to an application, and what follows. Each answer is in the journal."""

    objects: ClassVar[Any]

    class Meta:
        abstract = True

    @transaction.atomic
    def accept(self, *, by: "User", credit_until: date | None = None) -> None:
        """Ask to pay, or open the period now where `credit_until` lets it be paid later. Raises Decided.

        What nobody had to accept, such as a renewal, and only waits for its money may be given credit too.
        """
        if credit_until is not None and self.charge_id:
            self._open_on_credit(credit_until, by=by)
            return
        self._lock(self.State.SUBMITTED, self.State.TO_COMPLETE)
        self._move(self.State.ACCEPTED, by=by)
        self._ask_to_pay(credit_until=credit_until)

    def _open_on_credit(self, until: date, *, by: "User") -> None:
        list(Charge.objects.select_for_update().filter(application=self.pk))  # first, as a payment does
        self._lock(self.State.ACCEPTED)
        self.decided_by = by
        self.save(update_fields=["decided_by"])
        note = gettext("Ouverte à crédit jusqu’au %s.") % in_words(until)
        trail.record(self, trail.Action.DECIDED, actor=by, note=note)
        self.complete(credit_until=until)
        if self.charge:
            self.charge.give_credit(until=until)

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
    def resubmit(self, *, message: str = "", proof: Any = None) -> None:
        """What the applicant answers to a question: it follows what they wrote before. Raises Decided."""
        self._lock(self.State.TO_COMPLETE)
        if message:
            self.message = f"{self.message}\n\n{message}".strip()
        if proof:
            _delete_after_commit(self.proof)
            self.proof = proof
        self.state, self.state_since = self.State.SUBMITTED, timezone.now()
        self.save(update_fields=["message", "proof", "state", "state_since"])

    @transaction.atomic
    def attach(self, member: Member, *, by: "User") -> None:
        """Say that the applicant is this member. Raises Decided, and NotTheSameKind."""
        self._lock(self.State.SUBMITTED, self.State.TO_COMPLETE)
        if member.kind != self.plan.kind:
            raise NotTheSameKind
        before, self.member, self.is_proven = self.member, member, True
        self.save(update_fields=["member", "is_proven"])
        changes = {"member": [before and str(before), str(member)]}
        trail.record(self, trail.Action.CHANGED, actor=by, changes=changes)

    @transaction.atomic
    def place(self, *, by: "User", starts_on: date, ends_on: date) -> Membership:
        """The staff fix the dates of one that is paid. Raises Decided, and PeriodOverlap."""
        self._lock(self.State.PAID)
        self.decided_by = by
        self.save(update_fields=["decided_by"])
        period = completion.place(self, starts_on=starts_on, ends_on=ends_on)
        trail.record(self, trail.Action.DECIDED, actor=by, note=str(period))
        return period

    @transaction.atomic
    def give_back(self, *, by: "User", reason: str) -> None:
        """Refuse one that is paid: the money is owed back. Raises Decided."""
        if self.charge_id:
            list(Charge.objects.select_for_update().filter(pk=self.charge_id))  # as a payment does
        self._lock(self.State.PAID)
        if self.charge:
            self.charge.cancel()
        self._move(self.State.REFUSED, by=by, answer=reason)
        emails.application_refused(self)

    @transaction.atomic
    def complete(self, *, credit_until: date | None = None) -> Membership | None:
        """Turn a paid, free or credited application into a member and a period, and confirm it. Twice changes nothing.

        None where no period can be opened by itself (staff have closed it, it would add no day): the staff then fix its
        dates, or give the money back.
        """
        list(type(self).objects.select_for_update(of=("self",)).filter(pk=self.pk))
        self.refresh_from_db()
        if self.state == self.State.ACCEPTED:
            completion.complete(self, credit_until=credit_until)
        return self.membership

    def _lock(self, *states: str) -> None:
        list(type(self).objects.select_for_update(of=("self",)).filter(pk=self.pk))
        self.refresh_from_db()
        if self.state not in states:
            raise Decided

    def _move(self, state: str, *, by: "User", answer: str = "") -> None:
        before, self.state = self.state, state
        self.state_since, self.decided_by, self.answer = timezone.now(), by, answer
        self.forget_proof()
        self.save(update_fields=["state", "state_since", "decided_by", "answer", "proof"])
        trail.record(
            self, trail.Action.DECIDED, actor=by, changes={"state": [before, str(state)]}, note=answer
        )

    def forget_proof(self) -> None:
        """It served once the board has looked at it; the file goes with the commit. The caller saves the row."""
        if self.proof and self.state != self.State.TO_COMPLETE:
            _delete_after_commit(self.proof)
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
                due_on=credit_until,
                supplied_on=self.starts_on,
                billing=completion.billing_of(self),
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


def _delete_after_commit(file: FieldFile) -> None:
    if file:
        storage, name = file.storage, str(file.name)
        transaction.on_commit(lambda: storage.delete(name))
