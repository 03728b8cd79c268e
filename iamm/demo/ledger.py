"""Charges and what was paid on them, collected and written in bulk. What `Charge.record_payment` would have left."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID

from django.conf import settings
from django.db.models import Model
from django.utils import timezone

from accounts.models import User
from iamm.demo.people import Person
from payments.models import Adjustment, Charge, ChargeLine, Line, Payment, Refund

METHODS = [Payment.Method.SANDBOX, Payment.Method.TRANSFER, Payment.Method.CHEQUE, Payment.Method.CASH]
WEIGHTS = [82, 9, 7, 2]


def uuid(rng: Random) -> UUID:
    return UUID(int=rng.getrandbits(128), version=4)


class Ledger:
    def __init__(self, staff: User, *, series: str) -> None:
        self.staff, self.series = staff, series
        self.references = 0
        self.rows: list[Model] = []
        self.lines: dict[UUID, list[ChargeLine]] = {}

    def charge(
        self,
        rng: Random,
        who: Person,
        lines: Sequence[Line],
        *,
        at: datetime,
        return_path: str,
        user: User | None = None,
    ) -> Charge:
        """Open a charge that nobody has paid yet."""
        charge = Charge(
            uuid=uuid(rng), name=who.name, email=who.email, user=user, return_path=return_path, created_at=at
        )
        self.rows.append(charge)
        self.lines[charge.uuid] = [ChargeLine.of(charge, line) for line in lines]
        self.rows += self.lines[charge.uuid]
        return charge

    def pay(self, rng: Random, charge: Charge, amount: Decimal) -> Payment:
        """Cover the charge a few minutes after it was opened."""
        method = rng.choices(METHODS, WEIGHTS)[0]
        charge.paid_at = charge.created_at + timedelta(minutes=rng.randrange(2, 15))
        charge.booked_on = timezone.localdate(charge.paid_at)
        return self._payment(rng, charge, amount, method=method, at=charge.paid_at)

    def cancel(self, rng: Random, charge: Charge, paid: Payment, *, at: datetime, settled: bool) -> None:
        """Owe nothing more, and owe back what was paid."""
        charge.cancelled_at = at
        self._adjust(charge, paid.amount, kind=Adjustment.Kind.CANCELLED, at=at)
        self._refund(rng, charge, paid.amount, at=at, settled=settled)

    def refund(self, rng: Random, charge: Charge, amount: Decimal, *, at: datetime, settled: bool) -> None:
        """Owe something back, no longer owed: given back already when `settled`."""
        if amount:
            self._adjust(charge, amount, kind=Adjustment.Kind.REDUCED, at=at)
            self._refund(rng, charge, amount, at=at, settled=settled)

    def _adjust(self, charge: Charge, amount: Decimal, *, kind: str, at: datetime) -> None:
        for line in self.lines[charge.uuid]:
            part = min(amount, line.amount)
            if part:
                day = timezone.localdate(at)
                self.rows.append(
                    Adjustment(
                        charge=charge,
                        line=line,
                        kind=kind,
                        amount=part,
                        account=line.account,
                        booked_on=day,
                        made_at=at,
                    )
                )
            amount -= part

    def _refund(self, rng: Random, charge: Charge, amount: Decimal, *, at: datetime, settled: bool) -> None:
        back = self._payment(rng, charge, -amount, method=Payment.Method.TRANSFER, at=at) if settled else None
        reason = Refund.Reason.CANCELLED
        self.rows.append(Refund(charge=charge, amount=amount, reason=reason, created_at=at, payment=back))

    def _payment(self, rng: Random, charge: Charge, amount: Decimal, *, method: str, at: datetime) -> Payment:
        self.references += 1
        reference = (
            str(uuid(rng)) if method == Payment.Method.SANDBOX else f"DEMO-{self.series}{self.references:06d}"
        )
        payment = Payment(
            charge=charge,
            method=method,
            kind=Payment.Kind.RECEIVED if amount > 0 else Payment.Kind.REFUND,
            amount=amount,
            reference=reference,
            valued_on=timezone.localdate(at),
            booked_on=timezone.localdate(at),
            account=settings.BOOKS["methods"][method],
            recorded_at=at,
            recorded_by=None if method == Payment.Method.SANDBOX else self.staff,
        )
        self.rows.append(payment)
        return payment

    def write(self) -> None:
        """Insert all that was collected, owners first, and forget it."""
        write(self.rows, Charge, ChargeLine, Adjustment, Payment, Refund)
        self.rows.clear()
        self.lines.clear()


def write(rows: Sequence[Model], *models: type[Model]) -> None:
    """Insert the rows of each model in turn: what they point at must come in an earlier one."""
    for model in models:
        mine = [row for row in rows if type(row) is model]
        model._default_manager.bulk_create(mine, batch_size=500)
