"""What Stripe gives back and what banks take back, against a Stripe of the tests that keeps the documented rules."""

import threading
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission

from mailing.models import Email
from payments import checkouts, providers
from payments.models import Charge, Payment, Refund
from payments.providers import stripe as provider
from tests.factories import create_charge, create_user

pytestmark = pytest.mark.django_db
GESTURE = Refund.Reason.GESTURE


@pytest.fixture
def paid(stripe):
    """A charge of 40 € paid with Stripe."""
    charge = create_charge(40)
    stripe.pay(charge)
    return charge


@pytest.fixture
def treasurer():
    user = create_user(is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="add_payment"))


def money(charge):
    """What came and went, oldest first."""
    return [
        (payment.kind, payment.amount)
        for payment in charge.payments.order_by("pk")
        if payment.kind != Payment.Kind.RECEIVED or payment.amount != 40
    ]


def owe(charge, amount=15):
    return charge.owe_refund(Decimal(amount), reason=GESTURE), charge.payments.earliest("pk")


# Given back from the portal


def test_a_refund_is_made_and_written_once_however_often_it_is_asked(stripe, paid, time_machine_travel):
    owed, payment = owe(paid)

    assert checkouts.refund(owed, payment) is True
    with time_machine_travel(hours=25):  # their key has been forgotten
        again = provider.refund(payment.reference, amount=Decimal(15), key=f"refund-{owed.pk}")

    owed.refresh_from_db()
    assert [refund["amount"] for refund in stripe.fake.refunds.values()] == [1500]
    assert (owed.payment.amount, owed.payment.reference) == (Decimal(-15), again.reference)
    assert owed.payment.counters == payment


def test_what_the_portal_gave_back_is_not_written_again_when_they_tell_it(stripe, paid):
    checkouts.refund(*owe(paid))

    stripe.carry("charge.refunded")

    assert money(paid) == [("refund", Decimal(-15))]
    assert list(paid.refunds.to_make()) == []


def test_an_answer_lost_on_the_way_gives_back_once(stripe, paid):
    stripe.fake.faults = [lambda answer: answer(), lambda answer: answer() and None]

    assert checkouts.refund(*owe(paid)) is True

    assert len(stripe.fake.refunds) == 1


def test_two_refunds_asked_at_once_give_back_what_there_is(stripe, paid):
    payment = paid.payments.get().reference
    results = []

    def ask(key, amount):
        try:
            results.append(provider.refund(payment, amount=Decimal(amount), key=key))
        except providers.ProviderRefused as refusal:
            results.append(str(refusal))

    threads = [
        threading.Thread(target=ask, args=arguments)
        for arguments in [("refund-1", 30), ("refund-1", 30), ("refund-2", 30)]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert len(results) == 3
    assert [refund["amount"] for refund in stripe.fake.refunds.values()] == [3000]


@pytest.mark.parametrize(
    ("before", "words"),
    [(0, "C’est plus que ce qui reste de ce paiement."), (4000, "Ce paiement a déjà été rendu en entier.")],
)
def test_more_than_what_is_left_is_refused_in_french(stripe, paid, before, words):
    payment = paid.payments.get().reference
    if before:
        stripe.fake.give_back(payment, before)

    with pytest.raises(providers.ProviderRefused) as refusal:
        provider.refund(payment, amount=Decimal(41), key="refund-1")

    assert str(refusal.value) == words


def test_a_payment_that_is_contested_or_unknown_is_not_given_back(stripe, paid):
    payment = paid.payments.get().reference
    stripe.fake.dispute(payment)

    for reference, words in [(payment, "est contesté"), ("pi_elsewhere", "ne connaît pas")]:
        with pytest.raises(providers.ProviderRefused, match=words):
            provider.refund(reference, amount=Decimal(10), key="refund-1")


def test_a_refund_that_takes_time_is_written_when_it_is_done(stripe, paid):
    stripe.fake.new_refunds_are = "pending"
    owed, payment = owe(paid)

    assert checkouts.refund(owed, payment) is False
    assert checkouts.refund(owed, payment) is False
    stripe.carry("charge.refunded")
    assert money(paid) == []

    [refund] = stripe.fake.refunds
    stripe.fake.change_refund(refund, "succeeded")
    stripe.carry("refund.updated")

    owed.refresh_from_db()
    assert (owed.payment.reference, money(paid)) == (refund, [("refund", Decimal(-15))])


def test_a_refund_that_the_bank_refuses_stays_owed_and_may_be_asked_again(stripe, paid):
    stripe.fake.new_refunds_are = "failed"
    owed, payment = owe(paid)
    with pytest.raises(providers.ProviderRefused, match="la banque l’a refusé"):
        checkouts.refund(owed, payment)
    stripe.carry("charge.refunded")
    assert (money(paid), list(paid.refunds.to_make())) == ([], [owed])

    stripe.fake.new_refunds_are = "succeeded"
    assert checkouts.refund(owed, payment) is True


def test_a_refund_that_comes_back_after_it_was_done_is_money_we_hold_and_owe_again(stripe, paid):
    checkouts.refund(*owe(paid))
    [refund] = stripe.fake.refunds
    stripe.fake.change_refund(refund, "failed")

    for _ in range(2):
        stripe.carry("refund.failed")

    assert money(paid) == [("refund", Decimal(-15)), ("received", Decimal(15))]
    assert [owed.amount for owed in paid.refunds.to_make()] == [Decimal(15)]


def test_a_refund_asked_again_stays_asked_whatever_became_of_the_first(stripe, paid):
    owed, payment = owe(paid)
    stripe.fake.new_refunds_are = "failed"
    with pytest.raises(providers.ProviderRefused):
        checkouts.refund(owed, payment)
    stripe.fake.new_refunds_are = "pending"
    checkouts.refund(owed, payment)

    stripe.carry("charge.refunded")
    stripe.fake.dispute(payment.reference)
    stripe.carry("charge.dispute.created")

    [asked] = paid.refunds.to_make()
    assert asked.is_under_way
    stripe.fake.change_refund(list(stripe.fake.refunds)[-1], "succeeded")
    stripe.carry("refund.updated")
    assert money(paid) == [("chargeback", -40), ("refund", -15)]


# Given back from their dashboard


def test_what_staff_give_back_in_the_dashboard_settles_what_we_had_promised(stripe, paid):
    owed, payment = owe(paid)
    stripe.fake.give_back(payment.reference, 1500)

    stripe.carry("charge.refunded")

    owed.refresh_from_db()
    assert owed.payment.amount == Decimal(-15)


def test_a_refund_nobody_had_promised_is_asked_for_again_and_told_to_the_treasurer(stripe, paid, treasurer):
    stripe.fake.give_back(paid.payments.get().reference, 1500)

    stripe.carry("charge.refunded")

    paid.refresh_from_db()
    assert (money(paid), paid.amount_due) == ([("refund", Decimal(-15))], Decimal(15))
    assert Email.objects.filter(key__startswith="payments.taken_back.").count() == 1


def test_more_refunds_than_one_page_of_theirs_holds_are_all_read(stripe, paid):
    for _ in range(12):
        stripe.fake.give_back(paid.payments.earliest("pk").reference, 100)

    stripe.carry("charge.refunded")

    assert money(paid) == [("refund", Decimal(-1))] * 12


# Taken back by a bank


@pytest.mark.parametrize("status", ["needs_response", "under_review", "lost"])
def test_a_contested_payment_is_owed_again_and_told_to_the_treasurer(stripe, paid, treasurer, status):
    stripe.fake.dispute(paid.payments.get().reference, status=status)

    for _ in range(2):
        stripe.carry("charge.dispute.created")

    paid.refresh_from_db()
    assert (money(paid), paid.is_contested) == ([("chargeback", Decimal(-40))], True)
    assert Email.objects.filter(key__startswith="payments.taken_back.").count() == 1


@pytest.mark.parametrize(
    ("said", "came_and_went", "missing"),
    [
        ("succeeded", [("chargeback", Decimal(-40)), ("refund", Decimal(-15))], 40),
        ("failed", [("chargeback", Decimal(-40))], 25),
    ],
)
def test_a_refund_under_way_when_the_bank_takes_the_money_is_kept_until_stripe_says_whether_it_is_made(
    stripe, paid, said, came_and_went, missing
):
    stripe.fake.new_refunds_are = "pending"
    owed, payment = owe(paid)
    checkouts.refund(owed, payment)
    stripe.fake.dispute(payment.reference)
    stripe.carry("charge.dispute.created")
    assert list(paid.refunds.to_make()) == [owed]

    [refund] = stripe.fake.refunds
    stripe.fake.change_refund(refund, said)
    stripe.carry("refund.failed" if said == "failed" else "refund.updated")

    charge = Charge.objects.get()
    assert (money(charge), charge.amount_missing) == (came_and_went, missing)
    assert not charge.refunds.to_make().exists()
    owed.refresh_from_db()
    assert (owed.payment is None) == (owed.withdrawn_at is not None) == (said == "failed")


def test_a_bank_that_takes_the_money_while_stripe_is_asked_leaves_what_was_made_in_the_books(
    stripe, paid, monkeypatch
):
    owed, payment = owe(paid)
    make = provider.refund

    def contested_meanwhile(reference, **asked):
        paid.take_back(payment, amount=Decimal(25), reference="du_1", kind=Payment.Kind.CHARGEBACK)
        paid.take_back(payment, amount=Decimal(15), reference="du_2", kind=Payment.Kind.CHARGEBACK)
        return make(reference, **asked)

    monkeypatch.setattr(provider, "refund", contested_meanwhile)
    checkouts.refund(owed, payment)

    assert money(paid) == [("chargeback", -25), ("chargeback", -15), ("refund", -15)]
    assert not paid.refunds.to_make().exists()


def test_what_stripe_was_not_asked_for_is_withdrawn_before_what_it_was(stripe, paid):
    stripe.fake.new_refunds_are = "pending"
    asked, payment = owe(paid)
    unasked, _payment = owe(paid, 10)
    checkouts.refund(asked, payment)

    stripe.fake.dispute(payment.reference, amount=3000)
    stripe.carry("charge.dispute.created")

    assert list(paid.refunds.to_make()) == [asked]


def test_a_dispute_that_we_win_covers_the_charge_again(stripe, paid):
    dispute = stripe.fake.dispute(paid.payments.get().reference, amount=1000)
    stripe.carry("charge.dispute.created")
    stripe.fake.close_dispute(dispute, "won")

    for _ in range(2):
        stripe.carry("charge.dispute.closed")

    paid.refresh_from_db()
    assert money(paid) == [("chargeback", Decimal(-10)), ("received", Decimal(10))]
    assert (paid.is_contested, paid.amount_due) == (False, 0)


def test_a_question_of_the_bank_takes_nothing_and_neither_does_a_dispute_won_before_we_heard(stripe, paid):
    payment = paid.payments.get().reference
    stripe.fake.dispute(payment, status="warning_needs_response")
    stripe.fake.dispute(payment, status="won")

    stripe.carry("charge.dispute.created")

    assert money(paid) == []
