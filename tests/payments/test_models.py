from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from mailing.models import Email
from payments.models import Charge, Payment, PaymentMismatch, Refund
from payments.signals import charge_paid
from tests.factories import create_charge, create_staff, create_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def heard():
    """The charges that `charge_paid` spoke of."""
    charges = []

    def listen(charge, **kwargs):
        charges.append(charge.pk)

    charge_paid.connect(listen)
    yield charges
    charge_paid.disconnect(listen)


def pay(charge, amount=40, reference="1", method="sandbox"):
    return charge.record_payment(method=method, amount=Decimal(amount), reference=reference)


def test_a_covered_charge_is_paid_and_its_owner_hears_of_it_once(heard):
    charge = create_charge(40)

    pay(charge)

    assert charge.paid_at is not None
    assert charge.amount_due == 0
    assert heard == [charge.pk]


def test_half_a_payment_does_not_cover(heard):
    charge = create_charge(40)

    pay(charge, 20)

    assert charge.paid_at is None
    assert charge.amount_due == Decimal(20)
    assert heard == []


def test_two_halves_cover_once(heard):
    charge = create_charge(40)

    pay(charge, 20, "1")
    pay(charge, 20, "2")

    assert heard == [charge.pk]
    assert Refund.objects.count() == 0


def test_the_same_payment_told_again_changes_nothing(heard):
    charge = create_charge(40)

    first, second = pay(charge), pay(charge)

    assert first == second
    assert charge.payments.count() == 1
    assert heard == [charge.pk]


def test_a_reference_of_another_charge_is_refused():
    pay(create_charge(40))
    other = create_charge(40)

    with pytest.raises(PaymentMismatch):
        pay(other)

    assert other.payments.count() == 0


def test_a_reference_of_another_amount_is_refused():
    charge = create_charge(40)
    pay(charge, 40)

    with pytest.raises(PaymentMismatch):
        pay(charge, 41)


def test_what_is_paid_twice_is_owed_back_and_told(heard):
    charge = create_charge(40, email="payeur@example.org")

    pay(charge, 40, "1")
    pay(charge, 40, "2")

    refund = Refund.objects.get()
    assert (refund.amount, refund.reason) == (Decimal(40), Refund.Reason.PAID_TWICE)
    assert heard == [charge.pk]
    assert [email.to for email in Email.objects.all()] == ["payeur@example.org"]


def test_only_the_excess_is_owed_back():
    charge = create_charge(40)

    pay(charge, 30, "1")
    pay(charge, 30, "2")

    assert Refund.objects.get().amount == Decimal(20)


def test_money_for_a_cancelled_charge_is_owed_back(heard):
    charge = create_charge(40)
    charge.cancel()

    pay(charge)

    assert Refund.objects.get().amount == Decimal(40)
    assert heard == []


def test_cancelling_a_paid_charge_owes_it_back_once():
    charge = create_charge(40)
    pay(charge)

    charge.cancel()
    charge.cancel()

    assert Refund.objects.get().amount == Decimal(40)


def test_cancelling_owes_only_what_is_not_promised_yet():
    charge = create_charge(40)
    pay(charge, 40, "1")
    pay(charge, 40, "2")

    charge.cancel()

    assert sorted(refund.amount for refund in Refund.objects.all()) == [Decimal(40), Decimal(40)]


def test_a_refund_is_settled_by_a_counter_entry_once():
    charge = create_charge(40)
    pay(charge)
    charge.cancel()
    staff = create_staff()

    entry = Refund.objects.get().settle(method="transfer", reference="RBT-1", recorded_by=staff)
    again = Refund.objects.get().settle(method="transfer", reference="RBT-2", recorded_by=staff)

    assert entry == again
    assert [payment.amount for payment in charge.payments.order_by("pk")] == [Decimal(40), Decimal(-40)]
    assert list(Refund.objects.to_make()) == []


def test_a_receiver_that_fails_undoes_the_record():
    charge = create_charge(40)

    def fail(**kwargs):
        raise RuntimeError

    charge_paid.connect(fail)
    try:
        with pytest.raises(RuntimeError):
            pay(charge)
    finally:
        charge_paid.disconnect(fail)

    assert Payment.objects.count() == 0
    assert Charge.objects.get().paid_at is None


def test_a_payment_is_never_edited_nor_deleted():
    payment = pay(create_charge(40))
    payment.amount = Decimal(1)

    with pytest.raises(TypeError, match="counter-entry"):
        payment.save()
    with pytest.raises(TypeError, match="counter-entry"):
        payment.delete()

    assert Payment.objects.get().amount == Decimal(40)


@pytest.mark.parametrize(("method", "amount", "reference"), [("sandbox", 1, "1"), ("sandbox", 0, "2")])
def test_the_database_itself_refuses_a_doubled_reference_and_a_zero(method, amount, reference):
    charge = create_charge(40)
    pay(charge)

    with pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.create(
            charge=charge, method=method, amount=amount, reference=reference, valued_on="2026-11-23"
        )


def test_amounts_in_lists_are_those_of_the_rows():
    charge, empty = create_charge(40), create_charge(15)
    pay(charge, 10, "1")
    pay(charge, 5, "2")

    rows = {row.pk: (row.owed, row.received) for row in Charge.objects.with_amounts()}

    assert rows == {charge.pk: (Decimal(40), Decimal(15)), empty.pk: (Decimal(15), Decimal(0))}


def test_a_charge_is_seen_by_its_account_and_its_verified_address_only():
    owner, reader, stranger = create_user(), create_user("lit@example.org"), create_user()
    by_account = create_charge(user=owner)
    by_address = create_charge(email="LIT@example.org")

    assert list(Charge.objects.visible_to(owner)) == [by_account]
    assert list(Charge.objects.visible_to(reader)) == [by_address]
    assert list(Charge.objects.visible_to(stranger)) == []


def test_an_unverified_address_opens_nothing():
    user = create_user("lit@example.org")
    user.emailaddress_set.update(verified=False)
    create_charge(email="lit@example.org")

    assert list(Charge.objects.visible_to(user)) == []


def test_money_received_in_part_on_a_charge_that_lapsed_is_a_list_of_its_own():
    late = timezone.now() - timedelta(minutes=1)
    in_part, unpaid, in_time = (create_charge(40, payable_until=until) for until in (late, late, None))
    for charge in (in_part, in_time):
        charge.record_payment(method="transfer", amount=Decimal(10), reference=f"V-{charge.pk}")

    assert list(Charge.objects.stranded()) == [in_part]
    assert unpaid not in Charge.objects.unpaid()
