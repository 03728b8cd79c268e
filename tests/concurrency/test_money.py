import json
from decimal import Decimal
from threading import Event
from uuid import uuid4

from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from events.models import Booking
from mailing.models import Email
from members import plan_changes
from members.models import Application, Member, Membership
from payments import checkouts
from payments.models import Payment, Refund, SandboxOrder, SandboxPayment, SandboxRefund
from payments.providers import sandbox
from tests.factories import (
    create_charge,
    create_event,
    create_member,
    create_plan,
    create_staff,
    create_user,
    register,
)


def apply(plan, email="zoe@example.org", **options):
    names = {"first_name": "Zoé", "last_name": "Démo"}
    return Application.submit(plan, email=email, request_key=uuid4(), **names, **options)


def paid_order(charge):
    """A checkout at the provider, paid there, of which we know nothing yet."""
    checkouts.start(charge, "sandbox")
    order = SandboxOrder.objects.latest("pk")
    SandboxPayment.objects.create(order=order, state=SandboxPayment.State.AUTHORIZED)
    return order


def notification(order):
    url = reverse("payments:notification", args=["sandbox", settings.PAYMENT_NOTIFICATION_SECRET])
    body = json.dumps({"data": {"order": str(order.uuid)}})
    return lambda: Client().post(url, body, content_type="application/json").status_code


def test_five_notifications_of_one_payment_at_once(at_once):
    application = apply(create_plan())
    order = paid_order(application.charge)

    statuses = at_once(*[notification(order)] * 5)

    assert statuses == [200] * 5
    assert (Payment.objects.count(), Membership.objects.count(), Member.objects.count()) == (1, 1, 1)
    assert [email.to for email in Email.objects.all()] == ["zoe@example.org"]


def test_two_halves_at_once_settle_the_charge_once(at_once):
    application = apply(create_plan(price=Decimal(40)))
    charge = application.charge

    at_once(
        lambda: charge.record_payment(method="cheque", amount=Decimal(20), reference="1"),
        lambda: charge.record_payment(method="transfer", amount=Decimal(20), reference="2"),
    )

    charge.refresh_from_db()
    assert charge.paid_at is not None
    assert (Membership.objects.count(), Refund.objects.count()) == (1, 0)
    assert [key.split(".")[1] for key in Email.objects.order_by("pk").values_list("key", flat=True)] == [
        "received",
        "confirmed",
    ]


def test_the_whole_paid_twice_at_once_settles_once_and_owes_the_other_back(at_once):
    charge = create_charge(40)

    at_once(
        lambda: charge.record_payment(method="sandbox", amount=Decimal(40), reference="1"),
        lambda: charge.record_payment(method="sandbox", amount=Decimal(40), reference="2"),
    )

    assert Refund.objects.get().amount == Decimal(40)


def test_two_renewals_paid_at_once_follow_each_other(at_once):
    user = create_user()
    create_member(user=user)
    plan = create_plan()
    orders = [paid_order(apply(plan, f"adresse{n}@example.org", user=user).charge) for n in range(2)]

    at_once(*[notification(order) for order in orders])

    first, second = Membership.objects.order_by("starts_on")
    assert (second.starts_on - first.ends_on).days == 1


def test_leaving_while_a_renewal_is_paid_ends_both_ways_without_a_deadlock(at_once):
    """Whichever comes first: a period that counts until the day of leaving, or money that is owed back."""
    user = create_user()
    member = create_member(user=user, email=user.email)
    application = apply(create_plan(), user.email, user=user, member=member)
    order = paid_order(application.charge)

    results = at_once(
        notification(order), lambda: member.leave("resigned", left_on=timezone.localdate()).kind
    )

    assert results == [200, "resigned"]
    assert Payment.objects.count() == 1
    assert Membership.objects.count() + Refund.objects.count() == 1


def test_a_change_of_plan_paid_while_the_staff_add_a_period_does_not_deadlock(at_once):
    user = create_user()
    member = create_member(user=user, email=user.email)
    period = member.add_membership(create_plan(price=Decimal(10)))
    change = plan_changes.change(period, create_plan(price=Decimal(90)), request_key=uuid4(), user=user)
    order = paid_order(change.charge)

    statuses = at_once(notification(order), lambda: member.add_membership(period.plan).pk is not None)

    assert statuses == [200, True]
    assert Membership.objects.effective().filter(plan=change.plan).count() == 1


def test_the_return_and_the_notification_at_once(at_once):
    charge = create_charge(40)
    order = paid_order(charge)
    url = reverse("payments:charge_return", args=[charge.uuid])

    statuses = at_once(notification(order), lambda: Client().get(url).status_code, notification(order))

    assert statuses == [200, 302, 200]
    assert Payment.objects.count() == 1


def test_a_refund_settled_twice_at_once_goes_back_once(at_once):
    charge, staff = create_charge(40), create_staff()
    charge.record_payment(method="sandbox", amount=Decimal(40), reference="1")
    charge.cancel()
    refund = Refund.objects.get()

    at_once(
        lambda: refund.settle(method="transfer", reference="A", recorded_by=staff),
        lambda: refund.settle(method="transfer", reference="B", recorded_by=staff),
    )

    assert sum(payment.amount for payment in Payment.objects.all()) == 0


def test_cancelling_a_charge_while_it_is_paid_owes_it_back_once(at_once):
    charge = create_charge(40)
    order = paid_order(charge)

    at_once(notification(order), charge.cancel)

    assert Refund.objects.get().amount == Decimal(40)
    assert sandbox.read(str(order.uuid))[0].amount == Decimal(40)


def test_a_place_given_back_while_the_rest_is_paid_is_owed_back_whichever_comes_first(at_once):
    event = create_event(price=Decimal(20))
    bookings = [register(event, places=2) for _ in range(4)]
    for booking in bookings:
        booking.charge.record_payment(method="cheque", amount=Decimal(5), reference=str(booking.pk))

    def pay(booking):
        receive = booking.charge.record_payment
        return lambda: receive(method="transfer", amount=Decimal(35), reference=str(booking.pk)).amount

    def give_back(booking):
        place = booking.places[0]
        return lambda: booking.cancel(place)

    results = at_once(*[act(booking) for booking in bookings for act in (pay, give_back)])

    assert results == [35, None] * 4
    confirmed = event.bookings.filter(state=Booking.State.CONFIRMED)
    charges = [booking.charge for booking in confirmed]
    assert [(one.amount_owed, one.amount_kept, one.amount_promised) for one in charges] == [(20, 20, 20)] * 4


def test_a_bank_takes_money_back_at_the_moment_when_its_provider_is_asked_for_it(at_once, monkeypatch):
    """It waits until it is written that the provider was asked, and leaves that promise alone."""
    notification(paid_order(create_charge(40)))()
    payment = Payment.objects.get()
    refund = payment.charge.owe_refund(Decimal(15), reason="gesture")
    asking, taken, ask = Event(), Event(), checkouts._asked

    def slowly(owed, payment):
        asking.set()
        taken.wait(0.3)  # in vain: the charge is held
        return ask(owed, payment)

    def take_back():
        asking.wait(30)
        payment.charge.take_back(payment, amount=Decimal(40), reference="cb", kind="chargeback")
        taken.set()

    monkeypatch.setattr(checkouts, "_asked", slowly)
    results = at_once(lambda: checkouts.refund(refund, payment), take_back)

    assert results == [True, None]
    assert SandboxRefund.objects.count() == 1
    assert sorted(Payment.objects.values_list("amount", flat=True)) == [-40, -15, 40]
    assert not Refund.objects.to_make().exists()
