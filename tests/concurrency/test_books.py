"""Money that moves from several sides at the same moment."""

from datetime import timedelta
from decimal import Decimal

from dateutil.relativedelta import relativedelta
from django.db import connection, transaction
from django.utils import timezone

from payments import books
from payments.models import Charge, Closing, NothingLeft, NotUndoable, Payment, Refund, RefundTooLarge
from tests.factories import create_charge, create_staff


def last_month():
    return timezone.localdate().replace(day=1) - relativedelta(months=1)


def pay(charge, amount=40, reference="1", method="transfer", **fields):
    return charge.record_payment(method=method, amount=Decimal(amount), reference=reference, **fields)


def attempt(verb, *refusals):
    """Whether it was done."""

    def act():
        try:
            verb()
        except refusals:
            return False
        return True

    return act


def test_two_refunds_at_once_never_promise_more_than_what_came_in(at_once):
    charge = create_charge(40)
    pay(charge)

    done = at_once(*[attempt(lambda: charge.owe_refund(Decimal(30), reason="gesture"), RefundTooLarge)] * 4)

    assert sum(done) == 1
    assert Refund.objects.get().amount == 30


def test_a_credit_is_used_once_by_two_who_click_at_once(at_once):
    staff, first = create_staff(), create_charge(40)
    pay(first, 65)
    others = [create_charge(25), create_charge(25)]

    done = at_once(
        *[
            attempt(lambda other=other: Refund.objects.first().apply_to(other, by=staff), NothingLeft)
            for other in others
        ]
    )

    assert sum(done) == 1
    assert sum(Charge.objects.get(pk=other.pk).amount_received for other in others) == 25


def test_a_refund_made_and_used_at_once_leaves_once(at_once):
    staff, first, other = create_staff(), create_charge(40), create_charge(25)
    pay(first, 65)
    refund = Refund.objects.get()

    at_once(
        attempt(lambda: refund.apply_to(other, by=staff), NothingLeft),
        attempt(lambda: refund.settle(method="transfer", reference="R", recorded_by=staff), NothingLeft),
    )

    left = Payment.objects.filter(charge=first, amount__lt=0)
    assert [payment.amount for payment in left] == [-25]


def test_an_entry_is_countered_once_by_two_who_undo_it_at_once(at_once):
    staff, charge = create_staff(), create_charge(40)
    payment = pay(charge, method="cheque")

    done = at_once(*[attempt(lambda: payment.undo(by=staff), NotUndoable)] * 3)

    assert sum(done) == 1
    assert Charge.objects.get(pk=charge.pk).amount_received == 0


def test_a_credit_is_taken_back_once_by_two_who_undo_each_a_side_of_it(at_once):
    staff, first, other = create_staff(), create_charge(40), create_charge(25)
    pay(first, 65)
    paid = Refund.objects.get().apply_to(other, by=staff)

    done = at_once(
        *[attempt(lambda side=side: side.undo(by=staff), NotUndoable) for side in (paid, paid.other_side)]
    )

    assert sum(done) == 1
    assert Charge.objects.get(pk=other.pk).amount_received == 0
    assert Charge.objects.get(pk=first.pk).amount_promised == 25


def test_a_loss_is_asked_for_again_or_paid_and_never_both(at_once):
    staff, charge = create_staff(), create_charge(40)
    pay(charge, 15)
    charge.write_off(reason="Introuvable", by=staff)

    at_once(
        lambda: charge.claim_again(reason="Retrouvé", by=staff),
        lambda: pay(charge, 25, "2"),
        lambda: charge.claim_again(reason="Retrouvé", by=staff),
    )

    charge = Charge.objects.get(pk=charge.pk)
    assert (charge.amount_owed, charge.amount_due, charge.cancelled_at) == (40, 0, None)
    assert charge.paid_at is not None


def test_a_chargeback_told_twice_at_once_is_written_once(at_once):
    charge = create_charge(40)
    payment = pay(charge, method="sandbox")

    at_once(*[lambda: charge.take_back(payment, amount=Decimal(40), reference="cb", kind="chargeback")] * 3)

    assert Charge.objects.get(pk=charge.pk).amount_received == 0


def test_money_that_comes_while_its_month_is_closed_is_in_the_digest_or_after_it(at_once):
    """Whoever closes waits for those who write: what the closing counted is what the month holds."""
    staff, month = create_staff(), last_month()
    charges = [create_charge(40) for _ in range(6)]
    day = month + timedelta(days=3)

    at_once(
        *[lambda charge=charge: pay(charge, reference=str(charge.pk), valued_on=day) for charge in charges],
        lambda: Closing.close(month, by=staff),
    )

    closing = Closing.objects.get()
    assert closing.is_intact
    assert Payment.objects.count() == 6
    outside = Payment.objects.filter(booked_on__gt=closing.last_day).count()
    assert closing.entry_count == 2 * (6 - outside)


def test_a_month_is_not_closed_while_somebody_writes_in_it(at_once):
    staff, month, charge = create_staff(), last_month(), create_charge(40)

    def write_slowly():
        with transaction.atomic():
            pay(charge, valued_on=month)
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(0.4)")

    at_once(write_slowly, lambda: Closing.close(month, by=staff))

    closing = Closing.objects.get()
    assert closing.is_intact
    assert len(list(books.entries(month, closing.last_day))) in (0, 2)


def test_a_month_closed_twice_at_once_is_closed_once(at_once):
    staff = create_staff()

    closings = at_once(*[lambda: Closing.close(last_month(), by=staff).pk] * 4)

    assert len(set(closings)) == 1
