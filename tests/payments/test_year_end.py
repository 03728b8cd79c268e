"""A debit begun in one year and honoured in the next is money of the next: a receipt and the books bear that day."""

from datetime import date

import pytest
import time_machine

from payments import checkouts, tasks
from payments.models import Checkout, Payment, StatementLine
from tests.factories import create_charge

pytestmark = pytest.mark.django_db
BEGUN, HONOURED, LEARNT = "2026-12-29T10:00+01:00", "2027-01-04T10:00+01:00", "2027-01-06T10:00+01:00"


def days():
    payment = Payment.objects.get(kind="received")
    return payment.valued_on, payment.booked_on


@pytest.fixture
def debit(helloasso, begin):
    with time_machine.travel(BEGUN):
        checkout, intent = begin(create_charge())
        number = helloasso.pays_by_debit(intent)
        checkouts.synchronise(checkout)
    with time_machine.travel(HONOURED):
        helloasso.bank_honours(number)
    return checkout, number


def test_a_debit_at_helloasso_bears_the_day_it_was_honoured(debit):
    with time_machine.travel(LEARNT):
        checkouts.synchronise(debit[0])

    assert days() == (date(2027, 1, 4), date(2027, 1, 4))


def test_without_such_a_day_it_bears_the_one_on_which_we_learn_it(helloasso, debit):
    helloasso.payments[debit[1]]["meta"] = {}

    with time_machine.travel(LEARNT):
        checkouts.synchronise(debit[0])

    assert days() == (date(2027, 1, 6), date(2027, 1, 6))


def test_given_back_before_we_learnt_of_it_it_came_no_later_than_it_left(helloasso, debit):
    checkout, number = debit
    with time_machine.travel("2027-01-05T10:00+01:00"):
        helloasso.refunds(number, 1000)
    with time_machine.travel(LEARNT):
        helloasso.set_state(number, "Authorized")
        checkouts.synchronise(checkout)

    assert days() == (date(2027, 1, 5), date(2027, 1, 5))


def test_a_debit_on_its_own_form_is_shown_on_the_day_it_was_honoured(helloasso):
    with time_machine.travel(BEGUN):
        number = helloasso.pays_on_its_own_form(4000)
        helloasso.payments[number] |= {"paymentMeans": "Sepa", "state": "WaitingBankWithdraw"}
        tasks.sweep_helloasso()
        assert not StatementLine.objects.exists()
    with time_machine.travel(HONOURED):
        helloasso.set_state(number, "Authorized")
    with time_machine.travel(LEARNT):
        tasks.sweep_helloasso()

    assert StatementLine.objects.get().valued_on == date(2027, 1, 4)


def test_a_debit_at_stripe_bears_the_day_on_which_it_says_that_it_was_honoured(stripe):
    with time_machine.travel(BEGUN):
        session = stripe.start(create_charge(40))
        stripe.fake.pay(session, method="sepa_debit")
        stripe.carry("checkout.session.completed")
    with time_machine.travel(HONOURED):
        stripe.fake.honour(session)
        assert stripe.carry("checkout.session.async_payment_succeeded").status_code == 200

    assert days() == (date(2027, 1, 4), date(2027, 1, 4))


def test_a_debit_at_stripe_that_was_contested_meanwhile_came_no_later_than_it_left(stripe):
    with time_machine.travel(BEGUN):
        session = stripe.start(create_charge(40))
        intent = stripe.fake.pay(session, method="sepa_debit")
    with time_machine.travel(HONOURED):
        stripe.fake.honour(session)
        stripe.fake.dispute(intent)
    with time_machine.travel(LEARNT):
        checkouts.synchronise(Checkout.objects.get())

    assert days() == (date(2027, 1, 4), date(2027, 1, 4))
