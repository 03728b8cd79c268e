"""What a person says of a line of the bank: what it pays, what it is instead, that they were wrong."""

from datetime import date
from decimal import Decimal

import pytest
import time_machine

from mailing.models import Email
from payments import books
from payments.models import (
    Aside,
    Charge,
    Closing,
    LineDoubtful,
    LineSpent,
    MoreThanDue,
    NothingLeft,
    NotUndoable,
    Payment,
    PaymentMismatch,
    Refund,
    StatementLine,
)
from payments.statements.proposals import Desk
from tests.factories import create_charge, create_line, create_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff():
    return create_staff()


def left(line):
    """By the property and by the query, which agree."""
    counted = StatementLine.objects.with_left().get(pk=line.pk).left
    assert StatementLine.objects.get(pk=line.pk).remainder == counted
    return counted


def refund_of(amount=15, **fields):
    charge = create_charge(amount, **fields)
    charge.record_payment(method="transfer", amount=Decimal(amount), reference=f"v{charge.pk}")
    return charge.owe_refund(Decimal(amount), reason="gesture")


def accounts():
    return [(entry.journal, entry.debit, entry.credit, entry.amount) for entry in books.entries()]


# Money that came in


def test_a_line_pays_a_charge_on_the_day_the_bank_says(staff):
    line, charge = create_line(40, valued_on=date(2026, 1, 6)), create_charge(40)

    [payment] = line.pay({charge.pk: Decimal(40)}, by=staff)

    charge.refresh_from_db()
    assert charge.paid_at is not None
    assert (payment.line, payment.method, payment.reference) == (line, "transfer", f"{line.number}-1")
    assert (payment.valued_on, payment.booked_on, payment.recorded_by) == (
        line.valued_on,
        line.valued_on,
        staff,
    )
    assert left(line) == 0


def test_a_line_is_split_over_several_charges_and_what_is_left_waits(staff):
    line, charges = create_line(100), [create_charge(40), create_charge(50)]

    line.pay({charge.pk: charge.amount for charge in charges}, by=staff)

    assert left(line) == 10
    assert list(StatementLine.objects.to_match()) == [line]
    assert {charge.paid_at is not None for charge in Charge.objects.all()} == {True}


def test_a_line_in_two_times_pays_one_charge_in_two_parts(staff):
    line, charge = create_line(40), create_charge(40)

    for _half in range(2):
        line.pay({charge.pk: Decimal(20)}, by=staff)

    assert [payment.amount for payment in charge.payments.all()] == [20, 20]
    assert left(line) == 0


def test_more_than_what_was_due_is_kept_as_a_refund_to_make(staff):
    line, charge = create_line(50), create_charge(40)

    with pytest.raises(MoreThanDue):
        line.pay({charge.pk: Decimal(50)}, by=staff)
    line.pay({charge.pk: Decimal(50)}, by=staff, may_exceed=True)

    assert Refund.objects.get().amount == 10


@pytest.mark.parametrize("parts", [[41], [20, 21], [40, -1], [0], []])
def test_no_more_than_what_is_left_is_matched_and_nothing_is_half_done(staff, parts):
    line = create_line(40)

    with pytest.raises(LineSpent):
        line.pay({create_charge(90).pk: Decimal(part) for part in parts}, by=staff)

    assert not Payment.objects.exists()


def test_a_charge_that_is_no_more_stops_all_of_it(staff):
    line, charge = create_line(40), create_charge(20)

    with pytest.raises(Charge.DoesNotExist):
        line.pay({charge.pk: Decimal(20), charge.pk + 1: Decimal(20)}, by=staff)

    assert left(line) == 40


def test_a_line_already_matched_is_not_matched_twice(staff):
    line, charge = create_line(40), create_charge(40)
    line.pay({charge.pk: Decimal(40)}, by=staff)

    with pytest.raises(LineSpent):
        line.pay({create_charge(40).pk: Decimal(40)}, by=staff)
    with pytest.raises(LineSpent):
        line.set_aside("other", by=staff)


def test_a_provider_s_payment_keeps_its_own_reference(staff):
    line = create_line(40, method="helloasso", bank_id="P-1")
    charge, other = create_charge(30), create_charge(10)

    line.pay({charge.pk: Decimal(30)}, by=staff)
    line.pay({other.pk: Decimal(10)}, by=staff)

    assert [payment.reference for payment in line.payments.order_by("pk")] == ["P-1", "P-1-2"]
    assert charge.payments.get().account == "580"


def test_a_payment_that_was_recorded_meanwhile_for_that_charge_leaves_nothing_to_match(staff):
    line, charge = create_line(40, method="helloasso", bank_id="P-1"), create_charge(40)
    charge.record_payment(method="helloasso", amount=Decimal(40), reference="P-1")

    assert line.pay({charge.pk: Decimal(40)}, by=staff) == []

    assert (left(line), charge.payments.count()) == (0, 1)
    assert Aside.objects.get().reason == "known"
    assert accounts() == [("VE", "411", "756", 40), ("PL", "580", "411", 40)]


def test_a_payment_recorded_meanwhile_for_another_charge_pays_nothing(staff):
    line, charge = create_line(40, method="helloasso", bank_id="P-1"), create_charge(40)
    create_charge(40).record_payment(method="helloasso", amount=Decimal(40), reference="P-1")

    with pytest.raises(PaymentMismatch):
        line.pay({charge.pk: Decimal(40)}, by=staff)

    assert left(line) == 40


def test_a_line_of_a_closed_month_is_written_on_the_first_open_day(staff):
    with time_machine.travel("2026-03-10"):
        Closing.close(date(2026, 1, 1), by=staff)
        line, charge = create_line(40, booked_on=date(2026, 1, 20)), create_charge(40)
        payout = create_line(900, booked_on=date(2026, 1, 21))

        [payment] = line.pay({charge.pk: Decimal(40)}, by=staff)
        aside = payout.set_aside("helloasso", by=staff)

    assert (payment.valued_on, payment.booked_on) == (date(2026, 1, 20), date(2026, 2, 1))
    assert aside.booked_on == date(2026, 2, 1)
    assert Closing.objects.get().is_intact


# Money that left


def test_money_that_left_settles_the_refunds_that_were_to_make(staff):
    refunds = [refund_of(15), refund_of(25)]
    line = create_line(-40, valued_on=date(2026, 1, 6))

    payments = line.give_back(refunds, by=staff)

    assert [payment.amount for payment in payments] == [-15, -25]
    assert {payment.valued_on for payment in payments} == {date(2026, 1, 6)}
    assert not Refund.objects.to_make().exists()
    assert left(line) == 0


def test_refunds_that_do_not_fit_stay_to_make(staff):
    refund, line = refund_of(15), create_line(-10)

    with pytest.raises(LineSpent):
        line.give_back([refund], by=staff)
    with pytest.raises(LineSpent):
        create_line(15).give_back([refund], by=staff)

    assert Refund.objects.to_make().count() == 1


def test_a_refund_already_made_is_not_made_by_a_line(staff):
    refund, line = refund_of(15), create_line(-15)
    refund.settle(method="cash", reference="C1", recorded_by=staff)

    with pytest.raises(NothingLeft):
        line.give_back([refund], by=staff)

    assert left(line) == -15


def test_a_cheque_that_bounces_opens_its_charge_again(staff):
    charge = create_charge(40)
    payment = charge.record_payment(method="cheque", amount=Decimal(40), reference="0001")
    line = create_line(-40)

    back = line.charge_back(payment, by=staff)

    charge.refresh_from_db()
    assert (back.kind, back.amount, back.line, charge.is_contested) == ("chargeback", -40, line, True)
    assert left(line) == 0
    with pytest.raises(LineSpent):
        create_line(-40).charge_back(payment, by=staff)


def test_a_bounce_noted_by_mistake_and_undone_is_noted_again(staff):
    charge = create_charge(40)
    payment = charge.record_payment(method="cheque", amount=Decimal(40), reference="0001")
    line = create_line(-40)
    line.charge_back(payment, by=staff).undo(by=staff)
    charge.refresh_from_db()
    assert (charge.paid_at is not None, left(line)) == (True, -40)
    assert [one.kind for one in Desk([line]).propose(line)] == ["charge_back"]

    again = line.charge_back(payment, by=staff)

    charge.refresh_from_db()
    assert (again.amount, charge.amount_due, left(line)) == (-40, 40, 0)
    assert not payment.is_undoable
    again.undo(by=staff)
    payment.undo(by=staff)
    assert Charge.objects.get(pk=charge.pk).amount_received == 0


# A line that may repeat another


def test_a_doubtful_line_pays_nothing_before_somebody_has_decided(staff):
    line, charge = create_line(40, twin=create_line(40)), create_charge(40)
    assert list(StatementLine.objects.doubtful()) == [line]

    for act in (
        lambda: line.pay({charge.pk: Decimal(40)}, by=staff),
        lambda: line.set_aside("fees", by=staff),
    ):
        with pytest.raises(LineDoubtful):
            act()

    line.tell_apart(by=staff)
    line.pay({charge.pk: Decimal(40)}, by=staff)
    assert left(line) == 0


def test_a_double_is_set_aside_and_counts_nowhere(staff):
    line = create_line(40, twin=create_line(40))

    line.set_aside("double", by=staff)

    assert (left(line), accounts()) == (0, [])


# They were wrong


def test_a_match_undone_asks_for_the_money_again_and_gives_the_line_back(staff):
    line, charge = create_line(50), create_charge(40)
    [payment] = line.pay({charge.pk: Decimal(50)}, by=staff, may_exceed=True)

    counter = payment.undo(by=staff)

    charge.refresh_from_db()
    assert (counter.amount, counter.counters, counter.line) == (-50, payment, line)
    assert (charge.is_payable, charge.amount_due, left(line)) == (True, 40, 50)
    assert not Refund.objects.to_make().exists()
    line.pay({create_charge(50).pk: Decimal(50)}, by=staff)
    with pytest.raises(NotUndoable):
        payment.undo(by=staff)


def test_a_provider_s_payment_that_a_person_matched_is_undone_too(staff):
    line, charge, other = (
        create_line(40, method="stripe", bank_id="pi_1"),
        create_charge(40),
        create_charge(40),
    )
    [payment] = line.pay({charge.pk: Decimal(40)}, by=staff)

    payment.undo(by=staff)
    [again] = line.pay({other.pk: Decimal(40)}, by=staff)

    assert again.reference == "pi_1-3"
    assert (
        StatementLine.arrived(method="stripe", reference="pi_1", amount=Decimal(40), on=line.booked_on)
        is None
    )


def test_a_refund_undone_is_to_make_again(staff):
    refund, line = refund_of(15), create_line(-15)
    [payment] = line.give_back([refund], by=staff)
    mails = Email.objects.count()

    payment.undo(by=staff)

    again = Refund.objects.to_make().get()
    assert (again.amount, again.reason, again.charge) == (15, "gesture", refund.charge)
    assert (left(line), Email.objects.count()) == (-15, mails)
    line.give_back([again], by=staff)
    assert again.charge.amount_received == 0


def test_a_bounce_undone_covers_the_charge_again(staff):
    charge = create_charge(40)
    payment = charge.record_payment(method="cheque", amount=Decimal(40), reference="0001")
    line = create_line(-40)

    line.charge_back(payment, by=staff).undo(by=staff)

    charge.refresh_from_db()
    assert charge.paid_at is not None
    assert (charge.amount_received, left(line)) == (40, -40)


def test_what_was_set_aside_comes_back_and_the_books_say_both(staff):
    line = create_line(900)
    aside = line.set_aside("helloasso", by=staff)

    aside.undo(by=staff)

    assert accounts() == [("BQ", "512", "580", 900), ("BQ", "580", "512", 900)]
    assert list(StatementLine.objects.to_match()) == [line]
    for one in Aside.objects.all():
        with pytest.raises(NotUndoable):
            one.undo(by=staff)
