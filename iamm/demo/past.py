"""Charges and money of days gone by, row by row: what the verbs of `Charge` would have written on those days."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from iamm.demo import people
from iamm.demo.dates import moment
from iamm.demo.ledger import METHODS, WEIGHTS, uuid
from iamm.demo.people import Person
from payments.models import Adjustment, Billing, Charge, ChargeLine, Line, Payment, Refund

FIRST_PERSON = 90_000  # no member and nobody who comes to an event has such an index


class Past:
    """Days are counted backwards from today. Nothing here writes to anybody."""

    def __init__(self, seed: int, today: date, staff: User) -> None:
        self.seed, self.today, self.staff = seed, today, staff
        self.rng = Random(f"{seed}/money")  # noqa: S311 - demo data must come out the same again
        self.met = 0

    def day(self, days: int) -> date:
        return self.today - timedelta(days=days)

    def moment(self, days: int) -> datetime:
        return moment(self.rng, self.day(days))

    def somebody(self) -> Person:
        self.met += 1
        return people.person(self.seed, FIRST_PERSON + self.met)

    def company(self) -> Person:
        self.met += 1
        number = FIRST_PERSON + self.met
        name = f"Société {self.rng.choice(people.ORGANISATION_NAMES)} (démo {number})"
        return Person("", name, f"contact.{number}@{people.DOMAIN}")

    def charge(
        self,
        who: Person,
        *lines: Line,
        days: int,
        billing: dict[str, Any] | None = None,
        **fields: Any,
    ) -> Charge:
        """What was asked for `days` ago, and nobody has paid yet."""
        charge: Charge = Charge.objects.create(
            uuid=uuid(self.rng),
            name=who.name,
            email=who.email,
            return_path=reverse("account"),
            created_at=self.moment(days),
            **fields,
        )
        ChargeLine.objects.bulk_create([ChargeLine.of(charge, line) for line in lines])
        if billing:
            Billing.objects.create(charge=charge, **{"name": who.name, **billing})
        return charge

    def pay(self, charge: Charge, amount: Decimal | int, *, days: int, method: str = "") -> Payment:
        """What is too much is owed back."""
        method, at = method or self.rng.choices(METHODS, WEIGHTS)[0], self.moment(days)
        charge.booked_on = charge.booked_on or self.day(days)
        payment = self._payment(charge, Decimal(amount), method=method, at=at)
        if not charge.amount_missing:
            charge.paid_at = at
        charge.save()
        if (excess := charge.amount_kept - charge.amount_owed) > 0:
            self.owe_back(charge, excess, days=days, reason=Refund.Reason.PAID_TWICE)
        return payment

    def take_back(self, payment: Payment, *, days: int) -> Payment:
        """The bank of the payer has."""
        charge, at = payment.charge, self.moment(days)
        back = self._payment(
            charge,
            -payment.amount,
            method=payment.method,
            at=at,
            kind=Payment.Kind.CHARGEBACK,
            counters=payment,
        )
        charge.paid_at, charge.contested_at = None, at
        charge.save()
        return back

    def cancel(self, charge: Charge, *, days: int, reason: str) -> Refund:
        """Of what was paid: nothing is owed any more, and all of it is owed back."""
        at, kept = self.moment(days), charge.amount_kept
        for line in charge.lines.all():
            Adjustment.objects.create(
                charge=charge,
                line=line,
                kind=Adjustment.Kind.CANCELLED,
                amount=line.amount,
                reason=reason,
                account=line.account,
                booked_on=self.day(days),
                made_at=at,
                made_by=self.staff,
            )
        charge.cancelled_at, charge.cancel_reason = at, reason
        charge.save()
        return self.owe_back(charge, kept, days=days, reason=Refund.Reason.CANCELLED)

    def owe_back(self, charge: Charge, amount: Decimal, *, days: int, reason: str) -> Refund:
        refund: Refund = Refund.objects.create(
            charge=charge, amount=amount, reason=reason, created_at=self.moment(days)
        )
        return refund

    def give_back(self, refund: Refund, *, days: int) -> None:
        kind, at = Payment.Kind.REFUND, self.moment(days)
        refund.payment = self._payment(
            refund.charge, -refund.amount, method=Payment.Method.TRANSFER, at=at, kind=kind
        )
        refund.save()

    def _payment(
        self, charge: Charge, amount: Decimal, *, method: str, at: datetime, **fields: Any
    ) -> Payment:
        number, day = (
            Payment.objects.filter(reference__startswith="DEMO-T").count() + 1,
            timezone.localdate(at),
        )
        is_online = method == Payment.Method.SANDBOX
        payment: Payment = Payment.objects.create(
            charge=charge,
            method=method,
            amount=amount,
            reference=str(uuid(self.rng)) if is_online else f"DEMO-T{number:06d}",
            valued_on=day,
            booked_on=day,
            account=settings.BOOKS["methods"][method],
            recorded_at=at,
            recorded_by=None if is_online else self.staff,
            **fields,
        )
        return payment
