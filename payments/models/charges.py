"""What happens to a charge: money that comes, goes back or is taken back, and what is no longer owed.

Each verb holds the charge until the end of the transaction, and writes rows that never change.
"""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from mailing.outbox import current_language
from payments import emails
from payments.models.billing import Billing
from payments.models.closing import open_day
from payments.models.lines import ZERO, Adjustment, ChargeLine, Line, RefundTooLarge
from payments.models.owed import Owed
from payments.models.payments import Payment, Refund
from payments.signals import charge_paid

if TYPE_CHECKING:
    from accounts.models import User
    from payments.models.statement_lines import StatementLine


class PaymentMismatch(Exception):
    """The same payment reference was already recorded for another charge or another amount."""


class Charge(Owed):
    """What somebody owes, as lines. Covered by payments; its owner hears of it through `charge_paid`."""

    class Meta:
        verbose_name = _("somme due")
        verbose_name_plural = _("sommes dues")
        ordering = ["-pk"]
        indexes = [  # few rows of many: without it PostgreSQL thinks that their amounts cost too much
            models.Index(
                fields=["contested_at"], name="charge_contested", condition=Q(contested_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.number} – {self.name}"

    def get_absolute_url(self) -> str:
        return reverse("payments:charge", args=[self.uuid])

    @classmethod
    @transaction.atomic
    def open(
        cls,
        *,
        name: str,
        email: str,
        lines: Iterable[Line],
        return_path: str,
        user: "User | None" = None,
        language: str | None = None,
        payable_until: datetime | None = None,
        due_on: date | None = None,
        supplied_on: date | None = None,
        billing: dict[str, Any] | None = None,
    ) -> "Charge":
        """Write a new charge with its lines. Whatever it pays for is shown at `return_path`.

        `language` is the payer's, when somebody else acts. Past `payable_until` nobody is led to pay any more; past
        `due_on` what was given on credit is late. `billing` are the fields of whom an invoice is made out to.
        """
        payer = {
            "name": name,
            "email": email.lower(),
            "user": user,
            "language": language or current_language(),
        }
        days = {"payable_until": payable_until, "due_on": due_on, "supplied_on": supplied_on}
        charge = cls.objects.create(return_path=return_path, **days, **payer)
        ChargeLine.objects.bulk_create([ChargeLine.of(charge, line) for line in lines])
        if billing:
            Billing.objects.create(charge=charge, **billing)
            Billing.objects.invoice_soon(charge)
        return charge

    def locked(self) -> "Charge":
        """This charge read again, held until the end of the transaction."""
        charge: Charge = Charge.objects.select_for_update().get(pk=self.pk)
        return charge

    # Money

    @transaction.atomic
    def record_payment(
        self,
        *,
        method: str,
        amount: Decimal,
        reference: str,
        valued_on: date | None = None,
        recorded_by: "User | None" = None,
        provider_receipt: str = "",
        line: "StatementLine | None" = None,
    ) -> Payment:
        """The only door for money. Recording the same (method, reference) again notes its provider's receipt, if any.

        Sends `charge_paid` inside the transaction, once, when the charge becomes covered, also after it was given up.
        Money that comes on top of what was due is kept as a refund to make. Raises PaymentMismatch.
        """
        charge = self.locked()
        if known := charge._known_payment(method, reference, amount):
            known.note_receipt(provider_receipt)
            return known
        was_written_off = charge.is_written_off
        payment = charge._write_payment(
            method=method,
            amount=amount,
            reference=reference,
            valued_on=valued_on,
            recorded_by=recorded_by,
            provider_receipt=provider_receipt,
            line=line,
        )
        if charge.cancelled_at:
            Adjustment.recover(charge, amount)
        charge._settle(new=amount)
        self.refresh_from_db()
        is_on_credit = self.due_on and not self.cancelled_at
        if self.is_payable or is_on_credit or was_written_off:  # otherwise its owner tells the payer
            emails.payment_received(payment)
        return payment

    @transaction.atomic
    def take_back(
        self,
        payment: Payment,
        *,
        amount: Decimal,
        reference: str,
        kind: str,
        on: date | None = None,
        recorded_by: "User | None" = None,
        line: "StatementLine | None" = None,
    ) -> Payment:
        """Counter `amount` of a payment: what it covered is asked for again. The same reference again changes nothing.

        What a provider or a bank took back is told to staff: what the money had opened stays open until they decide.
        Raises PaymentMismatch.
        """
        charge = self.locked()
        if known := charge._known_payment(payment.method, reference, -amount):
            return known
        back = charge._write_payment(
            method=payment.method,
            amount=-amount,
            reference=reference,
            kind=kind,
            counters=payment,
            valued_on=on,
            recorded_by=recorded_by,
            line=line,
        )
        charge._settle(new=-amount)
        if kind != Payment.Kind.MISTAKE:
            charge.contested_at, charge.reminded_on = timezone.now(), None
            charge.save(update_fields=["contested_at", "reminded_on"])
            emails.taken_back(back)
        self.refresh_from_db()
        return back

    def pay_back(
        self,
        refund: Refund,
        *,
        method: str,
        reference: str,
        valued_on: date | None = None,
        recorded_by: "User | None" = None,
        counters: Payment | None = None,
        line: "StatementLine | None" = None,
    ) -> Payment:
        """Write that a refund has been made. For `Refund.settle`, which holds the charge. Raises PaymentMismatch."""
        if self._known_payment(method, reference, -refund.amount):
            raise PaymentMismatch(f"{method} {reference}: settles another refund")
        refund.payment = self._write_payment(
            method=method,
            amount=-refund.amount,
            reference=reference,
            kind=Payment.Kind.REFUND,
            counters=counters,
            valued_on=valued_on,
            recorded_by=recorded_by,
            line=line,
        )
        refund.save(update_fields=["payment"])
        return refund.payment

    def _known_payment(self, method: str, reference: str, amount: Decimal) -> Payment | None:
        known = Payment.objects.filter(method=method, reference=reference).first()
        if known is not None and (known.charge_id != self.pk or known.amount != amount):
            raise PaymentMismatch(f"{method} {reference}: {known.amount} for {known.charge_id}")
        return known

    def _write_payment(self, *, method: str, valued_on: date | None, **fields: Any) -> Payment:
        """The caller holds the lock. What money touches is in the books."""
        day = valued_on or timezone.localdate()
        booked_on = open_day(day)
        if self.booked_on is None:
            self.book(on=booked_on)
            if self.cancelled_at:  # it comes too late: in the books, and out again
                Adjustment.spread(
                    self, self.amount, kind=Adjustment.Kind.CANCELLED, reason=self.cancel_reason
                )
        written = {"valued_on": day, "booked_on": booked_on, "account": settings.BOOKS["methods"][method]}
        try:
            with transaction.atomic():
                payment: Payment = Payment.objects.create(charge=self, method=method, **written, **fields)
        except IntegrityError as error:  # at this very moment, for another charge
            raise PaymentMismatch(f"{method} {fields['reference']}") from error
        if payment.amount < ZERO:
            from payments import receipts  # noqa: PLC0415 - they read our models

            receipts.follow(self)
        return payment

    def _settle(self, *, new: Decimal) -> None:
        """Draw the consequence of `new` euros that came in (or left, or are no longer owed). The caller holds the lock."""
        if new < ZERO:
            self._withdraw()
        charge = Charge.objects.get(pk=self.pk)
        has_all_come = charge.is_written_off and not charge.amount_lost and charge.amount_owed
        if (charge.is_payable or has_all_come) and not charge.amount_missing and new > ZERO:
            self.paid_at, self.cancelled_at, self.cancel_reason = timezone.now(), None, ""
            self.save(update_fields=["paid_at", "cancelled_at", "cancel_reason"])
            charge_paid.send(sender=Charge, charge=self)
            Billing.objects.invoice_soon(self)
            charge = Charge.objects.get(pk=self.pk)
        elif charge.paid_at and not charge.cancelled_at and charge.amount_missing:
            self.paid_at = self.payable_until = None
            self.save(update_fields=["paid_at", "payable_until"])
        unpromised = charge.amount_kept - charge.amount_owed
        if unpromised > ZERO and new > ZERO:
            reason = Refund.Reason.CANCELLED if charge.cancelled_at else Refund.Reason.PAID_TWICE
            self._promise(min(unpromised, new), reason=reason)

    # What is owed back

    @transaction.atomic
    def owe_refund(
        self,
        amount: Decimal,
        *,
        reason: str,
        line: ChargeLine | None = None,
        by: "User | None" = None,
    ) -> Refund:
        """Note that we owe `amount` back, and tell the payer. Staff make it and settle it.

        What is given back of what was owed is no longer owed, of `line` if one is given. Raises RefundTooLarge.
        """
        charge = self.locked()
        if amount > charge.amount_kept:
            raise RefundTooLarge
        excess = charge.amount_kept - charge.amount_owed
        if amount > excess:
            Adjustment.spread(
                charge,
                amount - max(excess, ZERO),
                kind=Adjustment.Kind.REDUCED,
                reason=reason,
                line=line,
                by=by,
            )
        return charge._promise(amount, reason=reason)

    def _promise(self, amount: Decimal, *, reason: str) -> Refund:
        refund = Refund.objects.create(charge=self, amount=amount, reason=reason)
        emails.refund_due(refund)
        return refund

    def _withdraw(self) -> None:
        """Take back the promises that money just gone was to keep: what is no longer too much, then what is not there."""
        too_much = self.refunds.to_make().filter(reason=Refund.Reason.PAID_TWICE)
        too_much.withdraw(Charge.objects.get(pk=self.pk).amount_missing)
        charge = Charge.objects.get(pk=self.pk)
        charge.refunds.to_make().withdraw(charge.amount_promised - charge.amount_received)

    # What is no longer owed, or later

    @transaction.atomic
    def give_credit(self, *, until: date) -> None:
        """Let it be paid until that day; an organisation gets its invoice now."""
        Charge.objects.filter(pk=self.locked().pk).update(due_on=until)
        self.due_on = until
        Billing.objects.invoice_soon(self)

    @transaction.atomic
    def book(self, *, on: date | None = None) -> None:
        """Write it in the books: somebody has paid something, or has an invoice. A second call changes nothing."""
        charge = self.locked()
        if charge.booked_on is None:
            charge.booked_on = open_day(on or timezone.localdate())
            charge.save(update_fields=["booked_on"])
        self.booked_on = charge.booked_on

    @transaction.atomic
    def cancel(self, *, reason: str = "", by: "User | None" = None) -> None:
        """Nothing more is owed; whatever was paid and not yet promised back is to be refunded."""
        charge = self.locked()
        if charge.cancelled_at:
            return
        if charge.booked_on:
            Adjustment.spread(
                charge, charge.amount_owed, kind=Adjustment.Kind.CANCELLED, reason=reason, by=by
            )
        charge.cancelled_at = self.cancelled_at = timezone.now()
        charge.cancel_reason = reason
        charge.save(update_fields=["cancelled_at", "cancel_reason"])
        if charge.amount_kept > ZERO:
            charge._promise(charge.amount_kept, reason=Refund.Reason.CANCELLED)

    @transaction.atomic
    def write_off(self, *, reason: str, by: "User") -> None:
        """Give up asking for what is left: a loss, unless it comes after all. A second call changes nothing.

        What is claimed of nobody is no loss: a basket is cancelled by it.
        """
        charge = self.locked()
        if not charge.amount_missing:
            return
        if charge.due_on:
            charge.book()
        if charge.booked_on:
            Adjustment.spread(
                charge, charge.amount_missing, kind=Adjustment.Kind.WRITTEN_OFF, reason=reason, by=by
            )
        charge.cancelled_at = charge.cancelled_at or timezone.now()
        charge.cancel_reason = reason
        charge.save(update_fields=["cancelled_at", "cancel_reason"])
        self.refresh_from_db()

    @transaction.atomic
    def claim_again(self, *, reason: str, by: "User") -> None:
        """Undo a write-off: what is still lost is asked for again. A second call changes nothing."""
        charge = self.locked()
        if not charge.is_written_off or not charge.amount_lost:
            return
        Adjustment.recover(charge, charge.amount_lost, reason=reason, by=by)
        charge.cancelled_at, charge.cancel_reason, charge.payable_until = None, "", None
        charge.save(update_fields=["cancelled_at", "cancel_reason", "payable_until"])
        self.refresh_from_db()

    @transaction.atomic
    def reduce(
        self,
        amount: Decimal,
        *,
        reason: str,
        line: ChargeLine | None = None,
        by: "User | None" = None,
    ) -> None:
        """Ask for less of what is not paid yet. Covered by what came in already, it is paid. Raises RefundTooLarge."""
        charge = self.locked()
        if amount > charge.amount_due or not charge.is_payable:
            raise RefundTooLarge
        charge.book()
        Adjustment.spread(charge, amount, kind=Adjustment.Kind.REDUCED, reason=reason, line=line, by=by)
        charge._settle(new=amount)
        self.refresh_from_db()

    def erase_payer(self) -> None:
        """Forget who owed a cancelled charge that is in no book."""
        Charge.objects.filter(pk=self.pk, cancelled_at__isnull=False).erase_payers()
        self.refresh_from_db()
