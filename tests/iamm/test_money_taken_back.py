"""What money had opened stays open when a bank takes it back, and is not opened twice when it comes again."""

from decimal import Decimal
from uuid import uuid4

import pytest

from events.models import Booking
from mailing.models import Email
from members.models import Application, Membership
from payments.models import Charge
from tests.factories import create_booking, create_event, create_plan, create_price

pytestmark = pytest.mark.django_db


def pay(charge, reference):
    return charge.record_payment(method="sandbox", amount=charge.amount, reference=reference)


def take_back(payment):
    payment.charge.take_back(payment, amount=payment.amount, reference=f"cb-{payment.pk}", kind="chargeback")


def mails():
    return list(Email.objects.values_list("key", flat=True))


def test_a_membership_paid_taken_back_and_paid_again_is_one_period():
    application = Application.submit(
        create_plan(), email="zoe@example.org", request_key=uuid4(), first_name="Zoé", last_name="Démo"
    )
    payment = pay(application.charge, "1")
    period, written = Membership.objects.get(), mails()

    take_back(payment)
    assert Charge.objects.contested().get() == payment.charge
    assert Membership.objects.get().cancelled_at is None
    pay(application.charge, "2")

    assert Membership.objects.get() == period
    assert [key for key in mails() if not key.startswith("payments.")] == [
        key for key in written if not key.startswith("payments.")
    ]


def test_a_booking_paid_taken_back_and_paid_again_is_one_place():
    event = create_event(capacity=3)
    price = create_price(event, Decimal(20))
    booking = create_booking(event, price=price, state=Booking.State.HELD)
    booking.charge = booking.open_charge(payable_until=booking.expires_at)
    booking.save(update_fields=["charge"])
    payment = pay(booking.charge, "1")
    written = mails()

    take_back(payment)
    pay(booking.charge, "2")

    booking.refresh_from_db()
    assert booking.is_confirmed
    assert booking.registrations.live().count() == 1
    assert [key for key in mails() if not key.startswith("payments.")] == [
        key for key in written if not key.startswith("payments.")
    ]
