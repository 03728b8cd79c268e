"""Verbs that hold several things, in crossed order: somebody waits, and nobody is turned away by a deadlock."""

from datetime import timedelta
from decimal import Decimal

import pytest
from dateutil.relativedelta import relativedelta
from django.utils import timezone

from payments.models import Charge, Closing, NothingLeft, Payment, Refund, StatementLine
from payments.models.statement_lines import LineSpent
from tests.factories import create_charge, create_event, create_line, create_staff, register

GESTURE = Refund.Reason.GESTURE
REFUSALS = (NothingLeft, LineSpent)


def tried(verb):
    """What a person gets: done, or refused in words. A deadlock is neither."""

    def run():
        try:
            verb()
        except REFUSALS as refusal:
            return type(refusal).__name__
        return "done"

    return run


def paid(amount, reference, **fields):
    charge = create_charge(amount, **fields)
    charge.record_payment(method="transfer", amount=Decimal(20), reference=reference)
    return charge


@pytest.mark.parametrize("turn", range(2))
def test_two_credits_used_for_each_other_s_charge(at_once, turn):
    staff = create_staff()
    one, other = paid(40, "1"), paid(40, "2")
    credits = [charge.owe_refund(Decimal(10), reason=GESTURE) for charge in (one, other)]

    results = at_once(
        tried(lambda: credits[0].apply_to(other, by=staff)),
        tried(lambda: credits[1].apply_to(one, by=staff)),
    )

    assert results == ["done", "done"]
    assert sum(payment.amount for payment in Payment.objects.filter(method="credit")) == 0


@pytest.mark.parametrize("turn", range(2))
def test_two_lines_over_two_charges_an_undo_and_a_closing(at_once, turn):
    staff, month = create_staff(), timezone.localdate() - relativedelta(months=1)
    one, other = create_charge(40), create_charge(40, email="autre@example.org")
    lines = [create_line(60, booked_on=timezone.localdate()) for _ in range(2)]
    [before] = lines[0].pay({one.pk: Decimal(10)}, by=staff)
    parts = [{one.pk: Decimal(20), other.pk: Decimal(20)}, {other.pk: Decimal(20), one.pk: Decimal(10)}]

    results = at_once(
        tried(lambda: lines[0].pay(parts[0], by=staff)),
        tried(lambda: lines[1].pay(parts[1], by=staff)),
        tried(lambda: before.undo(by=staff)),
        tried(lambda: lines[0].set_aside("other", by=staff)),
        tried(lambda: Closing.close(month, by=staff)),
    )

    assert set(results) <= {"done", "LineSpent"}, results
    for line in StatementLine.objects.all():
        assert 0 <= line.remainder <= line.amount


@pytest.mark.parametrize("turn", range(2))
def test_a_place_paid_and_cancelled_beside_a_closing_and_another_place(at_once, turn):
    staff, month = create_staff(), timezone.localdate() - relativedelta(months=1)
    event = create_event(price=Decimal(20), capacity=2, starts_in=timedelta(days=40))
    first, second = register(event), register(event)
    waiting = register(event)

    results = at_once(
        tried(lambda: first.charge.record_payment(method="cash", amount=Decimal(20), reference="1")),
        tried(first.cancel),
        tried(lambda: second.charge.record_payment(method="cash", amount=Decimal(20), reference="2")),
        tried(lambda: second.charge.cancel()),
        tried(waiting.cancel),
        tried(lambda: Closing.close(month, by=staff)),
        tried(event.cancel),
    )

    assert results == ["done"] * 7
    for charge in Charge.objects.all():
        assert charge.amount_kept == charge.amount_owed or not charge.amount_received
