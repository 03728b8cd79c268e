"""Anything that payers, banks, staff and the clock may do to money, in any order. What must hold, holds after each step."""

from collections import Counter
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from dateutil.relativedelta import relativedelta
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from payments import books
from payments.models import (
    Charge,
    Closing,
    Line,
    LineSpent,
    MonthsBefore,
    NothingLeft,
    NotUndoable,
    Payment,
    PaymentMismatch,
    Refund,
    RefundTooLarge,
)
from tests.factories import create_line, create_staff
from tests.payments.balance import assert_books_balance

pytestmark = pytest.mark.django_db
CENT = Decimal("0.01")
NATURES = ["dues", "gift", "event", "training"]
cents = st.integers(1, 12000).map(lambda amount: amount * CENT)
which = st.integers(0, 50)


class Money(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.clock = time_machine.travel(datetime.fromisoformat("2026-11-20T10:00+01:00"), tick=False)
        self.traveller = self.clock.start()
        self.undo_all = transaction.atomic()
        self.undo_all.__enter__()
        self.told = (
            Counter()
        )  # what the payers, the banks and the providers would tell, by (method, reference)
        self.closed = {}

    def teardown(self):
        transaction.set_rollback(True)
        self.undo_all.__exit__(None, None, None)
        self.clock.stop()

    @initialize(
        baskets=st.lists(
            st.lists(st.tuples(st.sampled_from(NATURES), cents), min_size=1, max_size=3),
            min_size=2,
            max_size=3,
        )
    )
    def begin(self, baskets):
        self.staff = create_staff()
        for basket in baskets:
            self.open(basket)

    def pick(self, rows, number):
        rows = list(rows.order_by("pk"))
        return rows[number % len(rows)] if rows else None

    def tell(self, payment, amount):
        """So much came in, or left when negative, outside: whatever our row of it says."""
        self.told[payment.method, payment.reference] = amount

    def told_of(self, payment):
        return self.told[payment.method, payment.reference]

    # What may happen

    @rule(basket=st.lists(st.tuples(st.sampled_from(NATURES), cents), min_size=1, max_size=3))
    def open(self, basket):
        lines = [Line(nature, nature, amount) for nature, amount in basket]
        Charge.open(name="Camille", email="camille@example.org", lines=lines, return_path="/")

    @rule(
        number=which,
        method=st.sampled_from(["sandbox", "transfer", "cheque"]),
        share=st.integers(1, 30),
        days=st.integers(0, 40),
    )
    def pay(self, number, method, share, days):
        """From a tenth of what is asked to three times as much, valued some days ago."""
        charge = self.pick(Charge.objects.all(), number)
        amount = max((charge.amount * share / 10).quantize(CENT), CENT)
        on = timezone.localdate() - timedelta(days=days)
        reference = f"p{len(self.told)}"
        self.tell(
            charge.record_payment(method=method, amount=amount, reference=reference, valued_on=on), amount
        )

    @rule(number=which)
    def tell_again(self, number):
        payment = self.pick(Payment.objects.filter(kind="received"), number)
        if payment:
            payment.charge.record_payment(
                method=payment.method, amount=payment.amount, reference=payment.reference
            )

    @rule(number=which, other=which)
    def tell_of_another_charge(self, number, other):
        payment, charge = (
            self.pick(Payment.objects.filter(kind="received"), number),
            self.pick(Charge.objects.all(), other),
        )
        if payment and payment.charge_id != charge.pk:
            with pytest.raises(PaymentMismatch):
                charge.record_payment(
                    method=payment.method, amount=payment.amount, reference=payment.reference
                )

    @rule(number=which, share=st.integers(1, 12))
    def give_back(self, number, share):
        charge = self.pick(Charge.objects.all(), number)
        amount = max((charge.amount * share / 10).quantize(CENT), CENT)
        before = charge.amount_kept
        try:
            charge.owe_refund(amount, reason="gesture", by=self.staff)
        except RefundTooLarge:
            assert amount > before
        else:
            assert amount <= before

    @rule(number=which)
    def make_refund(self, number):
        refund = self.pick(Refund.objects.to_make(), number)
        if refund:
            reference, amount = f"r{refund.pk}", refund.amount
            for _twice in range(2):
                payment = refund.settle(method="transfer", reference=reference, recorded_by=self.staff)
            self.tell(payment, -amount)

    @rule(number=which, other=which)
    def use_credit(self, number, other):
        refund, charge = self.pick(Refund.objects.to_make(), number), self.pick(Charge.objects.all(), other)
        if refund:
            with suppress(NothingLeft):
                refund.apply_to(charge, by=self.staff)

    @rule(number=which, is_whole=st.booleans())
    def charge_back(self, number, is_whole):
        payment = self.pick(Payment.objects.filter(kind="received", method="sandbox"), number)
        if payment:
            paid = self.told_of(payment)
            amount = paid if is_whole else max((paid / 3).quantize(CENT), CENT)
            reference = f"cb{payment.pk}"
            with suppress(PaymentMismatch):  # of another amount than the first time
                back = payment.charge.take_back(
                    payment, amount=amount, reference=reference, kind="chargeback"
                )
                self.tell(back, -amount)

    @rule(number=which, share=st.integers(1, 30), is_undone=st.booleans())
    def match(self, number, share, is_undone):
        """A line of the bank pays a charge, and what is left of it is a payout."""
        charge = self.pick(Charge.objects.all(), number)
        amount = max((charge.amount * share / 10).quantize(CENT), CENT)
        line = create_line(amount + 7)
        [payment] = line.pay({charge.pk: amount}, by=self.staff, may_exceed=True)
        self.tell(payment, amount)
        aside = line.set_aside("helloasso", by=self.staff)
        assert line.locked().remainder == 0
        if is_undone:
            aside.undo(by=self.staff)
            self.tell(payment.undo(by=self.staff), -amount)
            assert line.locked().remainder == line.amount

    @rule(number=which)
    def match_what_left(self, number):
        refund = self.pick(Refund.objects.to_make(), number)
        if refund:
            line = create_line(-refund.amount)
            [payment] = line.give_back([refund], by=self.staff)
            self.tell(payment, line.amount)

    @rule(number=which, is_mistaken=st.booleans())
    def match_a_bounce(self, number, is_mistaken):
        """A line of the bank takes a payment back; noted by mistake, it is undone and noted again."""
        paid = Payment.objects.filter(kind="received", method__in=["transfer", "cheque"])
        if payment := self.pick(paid, number):
            line = create_line(-self.told_of(payment))
            with suppress(LineSpent):  # it had bounced before
                back = line.charge_back(payment, by=self.staff)
                self.tell(back, line.amount)
                if is_mistaken:
                    self.tell(back.undo(by=self.staff), -line.amount)
                    self.tell(line.charge_back(payment, by=self.staff), line.amount)

    @rule(number=which)
    def undo(self, number):
        payment = self.pick(Payment.objects.exclude(kind="mistake"), number)
        if payment:
            with suppress(NotUndoable):
                counter = payment.undo(by=self.staff)
                if payment.method != "credit":  # that one never was outside
                    self.tell(counter, -self.told_of(payment))

    @rule(number=which)
    def cancel(self, number):
        self.pick(Charge.objects.all(), number).cancel(reason="Changement d’avis", by=self.staff)

    @rule(number=which)
    def write_off(self, number):
        self.pick(Charge.objects.all(), number).write_off(reason="Jamais venu", by=self.staff)

    @rule(number=which, is_asked=st.booleans())
    def give_up_for_a_while(self, number, is_asked):
        """All of it comes after all, by itself or asked for again: then it is paid like any other."""
        charge = self.pick(Charge.objects.filter(cancelled_at=None).exclude(booked_on=None), number)
        if not charge or not charge.amount_due:
            return
        charge.write_off(reason="Jamais venu", by=self.staff)
        lost = charge.amount_lost
        if is_asked:
            charge.claim_again(reason="Retrouvé", by=self.staff)
        reference = f"p{len(self.told)}"
        self.tell(charge.record_payment(method="cheque", amount=lost, reference=reference), lost)
        assert Charge.objects.get(pk=charge.pk).paid_at is not None

    @rule(number=which, share=st.integers(1, 12))
    def ask_for_less(self, number, share):
        charge = self.pick(Charge.objects.all(), number)
        with suppress(RefundTooLarge):
            charge.reduce(
                max((charge.amount * share / 10).quantize(CENT), CENT), reason="Remise", by=self.staff
            )

    @rule(number=which)
    def issue_an_invoice(self, number):
        """What it does to the books: the document itself takes a tenth of a second, as does each credit note after it."""
        if charge := self.pick(Charge.objects.filter(cancelled_at=None), number):
            charge.book()

    @rule(days=st.integers(1, 25))
    def wait(self, days):
        self.traveller.shift(timedelta(days=days))

    @precondition(lambda self: timezone.localdate() > date(2026, 12, 1))
    @rule()
    def close(self):
        month = timezone.localdate().replace(day=1) - relativedelta(months=1)
        last = Closing.objects.first()
        start = last.month + relativedelta(months=1) if last else date(2026, 9, 1)
        while start <= month:
            with suppress(MonthsBefore):
                closing = Closing.close(start, by=self.staff)
                self.closed[closing.month] = list(books.entries(closing.month, closing.last_day))
            start += relativedelta(months=1)

    # What always holds

    @invariant()
    def debits_equal_credits(self):
        assert_books_balance()

    @invariant()
    def no_money_is_lost_or_counted_twice(self):
        written = {
            (payment.method, payment.reference): payment.amount
            for payment in Payment.objects.exclude(method="credit")
        }
        assert written == dict(self.told)

    @invariant()
    def what_is_owed_back_is_there_and_a_paid_charge_is_covered(self):
        for charge in Charge.objects.with_amounts().with_rows():
            is_lost = any(row.kind == "written_off" for row in charge.adjustments.all())
            assert charge.amount_owed >= 0 or is_lost
            assert charge.missing == charge.amount_owed - charge.amount_kept
            assert charge.amount_promised <= max(charge.amount_received, 0)
            if charge.paid_at and not charge.cancelled_at:
                assert charge.amount_missing == 0
            if charge.is_payable and charge.booked_on:
                assert charge.amount_missing > 0 or charge.amount_received == 0
            if charge.booked_on is None:
                assert not charge.payments.all()
            # nothing is kept beyond what is owed, unless it is promised back
            assert charge.amount_kept <= charge.amount_owed

    @invariant()
    def a_closed_month_does_not_change(self):
        for month, entries in self.closed.items():
            closing = Closing.objects.get(month=month)
            assert list(books.entries(month, closing.last_day)) == entries
            assert closing.is_intact


def test_money_adds_up_whatever_happens():
    run_state_machine_as_test(
        Money,
        settings=settings(
            max_examples=8,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
