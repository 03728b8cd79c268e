"""What a treasurer expects of money that comes late, twice, goes back, is taken back, or never comes."""

from datetime import date
from decimal import Decimal

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.db import IntegrityError, transaction

from mailing.models import Email
from payments import books
from payments.models import (
    Adjustment,
    Charge,
    Line,
    NothingLeft,
    NotUndoable,
    Payment,
    PaymentMismatch,
    Refund,
    RefundTooLarge,
)
from payments.signals import charge_paid
from tests.factories import create_charge, create_staff

pytestmark = pytest.mark.django_db
DUES, GIFT, TRAINING = "dues", "gift", "training"


@pytest.fixture
def staff():
    return create_staff()


@pytest.fixture
def heard():
    """The charges that `charge_paid` spoke of."""
    charges = []

    def listen(charge, **kwargs):
        charges.append(charge.pk)

    charge_paid.connect(listen)
    yield charges
    charge_paid.disconnect(listen)


def basket():
    lines = [
        Line(DUES, "Adhésion", Decimal(40)),
        Line(GIFT, "Don", Decimal(20)),
        Line(TRAINING, "Atelier", Decimal(90)),
    ]
    return Charge.open(name="Camille Démo", email="camille@example.org", lines=lines, return_path="/")


def pay(charge, amount=40, reference="1", method="transfer", **fields):
    return charge.record_payment(method=method, amount=Decimal(amount), reference=reference, **fields)


def fresh(charge):
    return Charge.objects.get(pk=charge.pk)


def balances():
    """What each account holds: debits less credits."""
    held = {}
    for entry in books.entries():
        held[entry.debit] = held.get(entry.debit, 0) + entry.amount
        held[entry.credit] = held.get(entry.credit, 0) - entry.amount
    return {account: amount for account, amount in held.items() if amount}


# Giving back


def test_giving_back_a_part_asks_for_less_of_it(staff):
    charge = create_charge(40)
    pay(charge)

    charge.owe_refund(Decimal(10), reason="gesture", by=staff)

    charge = fresh(charge)
    assert (charge.amount_owed, charge.amount_kept, charge.amount_due) == (30, 30, 0)
    assert charge.paid_at is not None
    assert Adjustment.objects.get().made_by == staff


def test_a_gift_is_the_last_to_be_given_back():
    charge = basket()
    pay(charge, 150)

    charge.owe_refund(Decimal(100), reason="gesture")

    left = {row.line.nature: row.amount for row in Adjustment.objects.select_related("line")}
    assert left == {TRAINING: 90, DUES: 10}


def test_the_line_to_give_back_can_be_named_and_no_more_than_it():
    charge = basket()
    pay(charge, 150)
    gift = charge.lines.get(nature=GIFT)

    charge.owe_refund(Decimal(20), reason="gesture", line=gift)
    with pytest.raises(RefundTooLarge):
        charge.owe_refund(Decimal(1), reason="gesture", line=gift)

    assert Adjustment.objects.get().line == gift
    assert Refund.objects.get().amount == 20


@pytest.mark.parametrize("amount", ["40.01", "1000"])
def test_more_than_what_came_in_is_never_promised(amount):
    charge = create_charge(40)
    pay(charge)

    with pytest.raises(RefundTooLarge):
        charge.owe_refund(Decimal(amount), reason="gesture")

    assert not Refund.objects.exists()
    assert not Adjustment.objects.exists()


def test_two_promises_never_exceed_what_came_in():
    charge = create_charge(40)
    pay(charge)
    charge.owe_refund(Decimal(30), reason="gesture")

    with pytest.raises(RefundTooLarge):
        charge.owe_refund(Decimal(11), reason="gesture")


def test_a_charge_paid_in_part_and_given_back_is_not_paid():
    charge = create_charge(40)
    pay(charge, 15)

    charge.owe_refund(Decimal(15), reason="gesture")

    charge = fresh(charge)
    assert (charge.amount_owed, charge.amount_due, charge.paid_at) == (25, 25, None)


# Using a credit


def test_what_was_paid_too_much_covers_another_charge(staff, heard):
    first, second = create_charge(40), create_charge(25)
    pay(first, 65)

    Refund.objects.get().apply_to(second, by=staff)

    assert fresh(second).paid_at is not None
    assert heard == [first.pk, second.pk]
    assert not Refund.objects.to_make().exists()
    assert "4191" not in balances()


def test_what_is_left_of_a_credit_stays_to_be_given_back(staff):
    first, second = create_charge(40), create_charge(25)
    pay(first, 100)

    Refund.objects.get().apply_to(second, by=staff)

    assert [refund.amount for refund in Refund.objects.to_make()] == [35]
    assert fresh(first).amount_kept == 40


def test_a_credit_covers_a_part(staff):
    first, second = create_charge(40), create_charge(100)
    pay(first, 65)

    Refund.objects.get().apply_to(second, by=staff)

    assert fresh(second).amount_due == 75


@pytest.mark.parametrize("refuse", ["paid", "same", "used"])
def test_a_credit_is_used_once_and_where_something_is_due(staff, refuse):
    first, second = create_charge(40), create_charge(25)
    pay(first, 65)
    refund = Refund.objects.get()
    if refuse == "paid":
        pay(second, 25, "2")
    if refuse == "used":
        refund.apply_to(create_charge(25), by=staff)

    with pytest.raises(NothingLeft):
        refund.apply_to(first if refuse == "same" else second, by=staff)

    assert Payment.objects.filter(method="credit", amount__gt=0).count() == (refuse == "used")


# Taken back


def test_a_chargeback_asks_again_and_tells_the_treasurers(staff):
    staff.user_permissions.add(
        Permission.objects.get(codename="add_payment", content_type__app_label="payments")
    )
    charge = create_charge(40)
    paid = pay(charge, method="sandbox")

    charge.take_back(paid, amount=Decimal(40), reference="cb", kind="chargeback")

    charge = fresh(charge)
    assert (charge.amount_due, charge.is_payable, charge.is_contested) == (40, True, True)
    assert list(Charge.objects.contested()) == [charge]
    assert [email.to for email in Email.objects.all()] == [staff.email]


def test_the_same_chargeback_told_again_changes_nothing():
    charge = create_charge(40)
    paid = pay(charge, method="sandbox")

    for _ in range(2):
        charge.take_back(paid, amount=Decimal(40), reference="cb", kind="chargeback")

    assert fresh(charge).amount_received == 0
    assert charge.payments.count() == 2


def test_a_charge_paid_again_after_a_chargeback_is_no_longer_contested(heard):
    charge = create_charge(40)
    charge.take_back(pay(charge, method="sandbox"), amount=Decimal(40), reference="cb", kind="chargeback")

    pay(charge, reference="again")

    assert fresh(charge).paid_at is not None
    assert not Charge.objects.contested().exists()
    assert heard == [charge.pk, charge.pk]


def test_a_chargeback_withdraws_the_refund_that_it_makes_impossible():
    charge = create_charge(40)
    paid = pay(charge, method="sandbox")
    charge.cancel()

    charge.take_back(paid, amount=Decimal(30), reference="cb", kind="chargeback")

    assert [refund.amount for refund in Refund.objects.to_make()] == [10]


def test_given_back_and_taken_back_by_the_bank_is_still_missing(staff):
    charge = create_charge(40)
    paid = pay(charge, method="sandbox")
    charge.cancel()
    Refund.objects.get().settle(method="transfer", reference="rendu", recorded_by=staff)

    charge.take_back(paid, amount=Decimal(40), reference="cb", kind="chargeback")

    assert fresh(charge).amount_missing == 40
    assert list(Charge.objects.contested()) == [charge]


# Undoing what was typed


def test_an_entry_made_by_mistake_is_countered_once(staff):
    charge = create_charge(40)
    payment = pay(charge, method="cheque")

    payment.undo(by=staff)
    with pytest.raises(NotUndoable):
        payment.undo(by=staff)

    charge = fresh(charge)
    assert (charge.amount_received, charge.paid_at, charge.contested_at) == (0, None, None)
    assert balances() == {"411": 40, "756": -40}


def test_undoing_a_payment_withdraws_the_refund_of_what_was_too_much(staff):
    charge = create_charge(40)
    pay(charge, 40, "1")
    second = pay(charge, 40, "2")

    second.undo(by=staff)

    assert not Refund.objects.to_make().exists()
    assert fresh(charge).paid_at is not None


def test_what_a_provider_brought_is_not_undone(staff):
    payment = pay(create_charge(40), method="sandbox")

    with pytest.raises(NotUndoable):
        payment.undo(by=staff)


# What never comes


def test_a_loss_keeps_what_came_in(staff):
    charge = create_charge(40)
    pay(charge, 15)

    charge.write_off(reason="Entreprise liquidée", by=staff)

    charge = fresh(charge)
    assert (charge.amount_due, charge.amount_owed, charge.is_payable) == (0, 15, False)
    assert not Refund.objects.exists()
    assert balances() == {"512": 15, "654": 25, "756": -40}


def test_money_that_comes_after_the_loss_is_no_loss_and_is_not_given_back(staff):
    charge = create_charge(40)
    pay(charge, 15)
    charge.write_off(reason="Entreprise liquidée", by=staff)

    pay(charge, 10, "2")

    assert not Refund.objects.exists()
    assert balances() == {"512": 25, "654": 15, "756": -40}


def test_what_is_in_no_book_is_no_loss(staff):
    charge = create_charge(40)

    charge.write_off(reason="Jamais venu", by=staff)

    assert fresh(charge).cancelled_at is not None
    assert balances() == {}


def test_asking_for_less_pays_what_was_paid_in_part(staff, heard):
    charge = create_charge(40)
    pay(charge, 30)

    charge.reduce(Decimal(10), reason="Tarif réduit", by=staff)

    assert fresh(charge).paid_at is not None
    assert heard == [charge.pk]


def test_no_more_is_taken_off_than_is_due(staff):
    charge = create_charge(40)
    pay(charge, 30)

    with pytest.raises(RefundTooLarge):
        charge.reduce(Decimal("10.01"), reason="Tarif réduit", by=staff)


def test_money_for_a_cancelled_charge_goes_in_the_books_and_is_owed_back():
    charge = create_charge(40)
    charge.cancel()

    pay(charge)

    assert Refund.objects.get().amount == 40
    assert balances() == {"411": -40, "512": 40}


# The books


def test_an_abandoned_basket_is_in_no_book():
    create_charge(40)

    assert list(books.entries()) == []


def test_a_mixed_basket_goes_to_the_account_of_each_nature():
    pay(basket(), 150)

    assert balances() == {"512": 150, "754": -20, "756": -40, "706": -90}


def test_the_account_of_a_line_is_that_of_the_day_it_was_written(settings):
    charge = create_charge(40)
    settings.BOOKS = settings.BOOKS | {"natures": settings.BOOKS["natures"] | {"dues": "7561"}}

    pay(charge)
    pay(create_charge(40), reference="2")

    assert balances() == {"512": 80, "756": -40, "7561": -40}


def test_a_payment_valued_in_december_and_recorded_in_january_is_of_december():
    with time_machine.travel("2026-12-20T12:00+01:00"):
        charge = create_charge(40)
    with time_machine.travel("2027-01-02T09:00+01:00"):
        payment = pay(charge, valued_on=date(2026, 12, 31))

    assert (payment.valued_on, payment.booked_on) == (date(2026, 12, 31), date(2026, 12, 31))
    assert [entry.on for entry in books.entries()] == [date(2026, 12, 31)] * 2


@pytest.mark.parametrize(
    ("kind", "amount"), [("received", -1), ("refund", 1), ("chargeback", 1), ("mistake", 1)]
)
def test_the_database_refuses_money_that_goes_the_wrong_way(kind, amount):
    charge = create_charge(40)
    written = {"valued_on": date(2026, 1, 1), "booked_on": date(2026, 1, 1), "account": "512"}

    with pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.create(
            charge=charge, method="cash", reference="x", kind=kind, amount=amount, **written
        )


@pytest.mark.parametrize("model", [Payment, Adjustment])
def test_rows_of_the_books_are_never_edited_nor_deleted(model):
    charge = create_charge(40)
    pay(charge)
    charge.owe_refund(Decimal(10), reason="gesture")
    row = model.objects.latest("pk")

    with pytest.raises(TypeError, match="counter-entry"):
        row.save()
    with pytest.raises(TypeError, match="counter-entry"):
        row.delete()


def test_a_reference_used_elsewhere_is_said_by_name():
    pay(create_charge(40))

    with pytest.raises(PaymentMismatch):
        pay(create_charge(40))


def test_nothing_is_missing_where_cents_add_up():
    """0,10 + 0,20 − 0,30 is nothing, also for a database that counts in binary."""
    charge = create_charge("0.30")
    paid = pay(charge, "0.10", "1", "sandbox")
    charge.take_back(paid, amount=Decimal("0.10"), reference="cb", kind="chargeback")
    pay(charge, "0.10", "2")
    pay(charge, "0.20", "3")

    assert not Charge.objects.contested().exists()
    assert Charge.objects.with_amounts().get().missing == 0


def test_money_given_back_for_a_cheque_that_never_was_can_be_given_up(staff):
    """More is lost than was ever asked for: nothing was, once it was cancelled."""
    charge = create_charge(40)
    payment = pay(charge, method="cheque")
    charge.cancel()
    Refund.objects.get().settle(method="transfer", reference="rendu", recorded_by=staff)
    payment.undo(by=staff)

    assert fresh(charge).amount_missing == 40
    charge.write_off(reason="Chèque jamais reçu", by=staff)

    assert fresh(charge).amount_missing == 0
    assert balances() == {"512": -40, "654": 40}
