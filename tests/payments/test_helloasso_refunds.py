"""What HelloAsso gives back, by our asking or by its back office, and what a payer's bank takes back."""

from decimal import Decimal

import pytest

from payments import checkouts, providers
from payments.locks import held
from payments.models import Charge, NothingLeft, Refund
from payments.providers import ConfirmElsewhere, ProviderDown, ProviderRefused, helloasso_api
from tests.factories import create_charge
from tests.payments.test_helloasso import received

pytestmark = pytest.mark.django_db


def owe(charge, amount=40):
    return charge.owe_refund(Decimal(amount), reason=Refund.Reason.GESTURE)


def payment_of(charge):
    return charge.payments.get(kind="received")


def operations(helloasso, number):
    return [(one["amount"], one["status"]) for one in helloasso.payments[number]["refundOperations"]]


# Asked by us


@pytest.mark.parametrize("amount", [40, 15])
def test_what_we_owe_is_given_back_and_settled(helloasso, paid, amount):
    checkout, number = paid
    owed = owe(checkout.charge, amount)

    assert checkouts.refund(owed, payment_of(checkout.charge))

    owed.refresh_from_db()
    assert operations(helloasso, number) == [(amount * 100, "Processed")]
    assert (owed.payment.amount, owed.payment.counters) == (-amount, payment_of(checkout.charge))
    checkouts.synchronise(checkout)
    assert received(checkout.charge) == [("received", 40), ("refund", -amount)]


def test_the_whole_is_asked_without_an_amount(helloasso, paid):
    checkout, number = paid
    checkouts.refund(owe(checkout.charge), payment_of(checkout.charge))

    method, path, query, _headers = helloasso.asked[-1]
    assert (method, path) == ("POST", f"/v5/payments/{number}/refund")
    assert query == {"comment": [f"refund-{Refund.objects.get().pk}"]}


def test_a_refund_under_way_is_read_later(helloasso, paid):
    helloasso.new_refunds_are = "Processing"
    checkout, number = paid
    owed = owe(checkout.charge)

    assert not checkouts.refund(owed, payment_of(checkout.charge))
    assert not checkouts.refund(owed, payment_of(checkout.charge))  # the same one
    [operation] = helloasso.payments[number]["refundOperations"]
    helloasso.ends_refund(number, operation["id"])
    checkouts.synchronise(checkout)

    owed.refresh_from_db()
    assert owed.payment.reference == f"refund-{operation['id']}"


def test_a_refund_that_fails_can_be_asked_again(helloasso, paid):
    helloasso.new_refunds_are = "Refused"
    checkout, number = paid
    owed = owe(checkout.charge)
    with pytest.raises(ProviderRefused, match="Refused"):
        checkouts.refund(owed, payment_of(checkout.charge))

    helloasso.new_refunds_are = "Processed"
    assert checkouts.refund(owed, payment_of(checkout.charge))

    assert operations(helloasso, number) == [(4000, "Refused"), (4000, "Processed")]


def test_an_answer_that_never_came_does_not_pay_twice(helloasso, paid, monkeypatch):
    checkout, number = paid
    owed = owe(checkout.charge, 10)
    monkeypatch.setattr(helloasso_api, "TIMEOUT", (4, 0.1))
    helloasso.faults = [None, 0.3]
    with pytest.raises(ProviderDown):
        checkouts.refund(owed, payment_of(checkout.charge))

    assert checkouts.refund(owed, payment_of(checkout.charge))

    assert operations(helloasso, number) == [(1000, "Processed")]


def test_two_refunds_of_one_amount_are_both_made(helloasso, paid):
    checkout, number = paid
    first, second = owe(checkout.charge, 10), owe(checkout.charge, 10)

    for owed in (first, second):
        assert checkouts.refund(owed, payment_of(checkout.charge))

    assert operations(helloasso, number) == [(1000, "Processed")] * 2
    assert received(checkout.charge) == [("received", 40), ("refund", -10), ("refund", -10)]


def test_a_refund_that_is_made_is_not_made_again(helloasso, paid):
    checkout, number = paid
    owed, payment = owe(checkout.charge, 10), payment_of(checkout.charge)
    stale = Refund.objects.get(pk=owed.pk)
    checkouts.refund(owed, payment)

    with pytest.raises(NothingLeft):
        checkouts.refund(stale, payment)
    assert operations(helloasso, number) == [(1000, "Processed")]


def test_a_refund_waits_for_another_of_the_same_payment(helloasso, paid, monkeypatch):
    checkout, number = paid
    payment = payment_of(checkout.charge)
    monkeypatch.setattr(checkouts, "PATIENCE", 0)

    with held(f"refund.{payment.pk}", seconds=30, wait=0), pytest.raises(ProviderDown):
        checkouts.refund(owe(checkout.charge), payment)

    assert operations(helloasso, number) == []


def test_more_than_was_paid_is_refused_by_helloasso_too(helloasso, paid):
    _checkout, number = paid

    with pytest.raises(ProviderRefused, match="dépasse"):
        providers.get("helloasso").refund(str(number), amount=Decimal(50), key="refund-1")


@pytest.mark.parametrize("cause", ["mfa", "privilege"])
def test_what_the_key_may_not_do_alone_is_done_in_the_back_office_and_read_back(
    helloasso,
    paid,
    cause,
):
    checkout, number = paid
    owed = owe(checkout.charge)
    if cause == "mfa":
        helloasso.demands_mfa = True
    else:
        helloasso.privileges.remove("RefundManagement")

    with pytest.raises(ConfirmElsewhere) as elsewhere:
        checkouts.refund(owed, payment_of(checkout.charge))
    assert elsewhere.value.url == "https://www.helloasso.com"
    owed.refresh_from_db()
    assert owed.is_to_make

    helloasso.refunds(number)  # a person, in the back office
    checkouts.synchronise(checkout)
    owed.refresh_from_db()
    assert owed.payment.amount == -40
    assert not Charge.objects.get().is_payable


@pytest.mark.parametrize("number", ["999999", "abc", "1/../2"])
def test_a_payment_that_is_not_theirs_gives_nothing_back(helloasso, number):
    with pytest.raises(ProviderRefused):
        providers.get("helloasso").refund(number, amount=Decimal(1), key="refund-1")


def test_an_answer_that_cannot_be_read_is_left_for_later(helloasso, paid):
    checkout, number = paid
    helloasso.faults = [b'{"refundOperations": ["x"]}']

    with pytest.raises(ProviderDown):
        checkouts.refund(owe(checkout.charge), payment_of(checkout.charge))


def test_a_notification_that_comes_first_settles_the_promise_that_was_asked_for(helloasso, paid, monkeypatch):
    """Of two of one amount, of which the first is asked for later."""
    checkout, number = paid
    first, second = owe(checkout.charge, 10), owe(checkout.charge, 10)
    asked = providers.get("helloasso").refund

    def then_notified(*args, **kwargs):
        given = asked(*args, **kwargs)
        checkouts.synchronise(checkout)
        return given

    monkeypatch.setattr(providers.get("helloasso"), "refund", then_notified)
    assert checkouts.refund(second, payment_of(checkout.charge))
    monkeypatch.undo()

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.is_to_make, second.is_to_make) == (True, False)
    assert checkouts.refund(first, payment_of(checkout.charge))
    assert operations(helloasso, number) == [(1000, "Processed")] * 2


def test_what_was_written_otherwise_while_it_was_asked_stays_to_be_decided(helloasso, paid, monkeypatch):
    """Somebody else has taken the same operation off the charge: it settles nothing, and is not written twice."""
    charge = paid[0].charge
    owed, payment, asked = owe(charge, 10), payment_of(charge), providers.get("helloasso").refund

    def then_written(*args, **kwargs):
        given = asked(*args, **kwargs)
        charge.take_back(payment, amount=Decimal(10), reference=given.reference, kind="refund")
        return given

    monkeypatch.setattr(providers.get("helloasso"), "refund", then_written)

    assert checkouts.refund(owed, payment) is False
    assert received(charge) == [("received", 40), ("refund", -10)]
    assert list(Refund.objects.to_make()) == [owed]


# Done elsewhere


def test_what_the_back_office_gives_back_unasked_is_taken_off_once_and_told(helloasso, paid):
    checkout, number = paid
    helloasso.refunds(number, 1500)

    for _time in range(2):
        checkouts.synchronise(checkout)

    charge = Charge.objects.get()
    assert received(charge) == [("received", 40), ("refund", -15)]
    assert charge.amount_due == 15


def test_a_refund_that_is_not_done_yet_is_not_written(helloasso, paid):
    checkout, number = paid
    helloasso.refunds(number, state="Processing")

    checkouts.synchronise(checkout)

    assert received(checkout.charge) == [("received", 40)]


def test_a_payment_first_heard_of_when_it_is_refunded_is_written_both_ways(helloasso, begin):
    checkout, intent = begin(create_charge())
    helloasso.refunds(helloasso.pays_by_card(intent))

    checkouts.synchronise(checkout)

    assert received(checkout.charge) == [("received", 40), ("refund", -40)]


def test_a_contested_payment_is_asked_for_again_and_kept_if_the_bank_gives_in(helloasso, paid):
    checkout, number = paid
    helloasso.contest(number)
    for _time in range(2):
        checkouts.synchronise(checkout)
    charge = Charge.objects.get()
    assert received(charge) == [("received", 40), ("chargeback", -40)]
    assert charge.is_contested

    helloasso.gives_in(number)
    for _time in range(2):
        checkouts.synchronise(checkout)

    assert received(charge) == [("received", 40), ("chargeback", -40), ("received", 40)]
    assert Charge.objects.get().paid_at

    helloasso.refunds(number, 1000)
    for _time in range(2):
        checkouts.synchronise(checkout)
    assert received(charge)[3:] == [("refund", -10)]


def test_what_the_bank_contests_again_after_it_gave_in_is_asked_for_again(helloasso, paid):
    checkout, number = paid
    for _time in range(2):
        helloasso.contest(number)
        for _reading in range(2):
            checkouts.synchronise(checkout)
        assert Charge.objects.get().is_contested
        helloasso.gives_in(number)
        for _reading in range(2):
            checkouts.synchronise(checkout)
        assert Charge.objects.get().paid_at

    assert [amount for _kind, amount in received(checkout.charge)] == [40, -40, 40, -40, 40]


def test_a_payment_told_refunded_without_a_word_how_is_given_back_whole(helloasso, paid):
    checkout, number = paid
    helloasso.set_state(number, "Refunded")

    for _time in range(2):
        checkouts.synchronise(checkout)

    assert received(checkout.charge) == [("received", 40), ("refund", -40)]


def test_after_a_refund_in_part_the_bank_takes_back_the_rest(helloasso, paid):
    checkout, number = paid
    checkouts.refund(owe(checkout.charge, 15), payment_of(checkout.charge))
    helloasso.contest(number)

    checkouts.synchronise(checkout)

    assert received(checkout.charge) == [("received", 40), ("refund", -15), ("chargeback", -25)]


def test_money_taken_back_is_not_taken_twice_when_it_is_told_under_another_name(
    helloasso,
    paid,
    caplog,
):
    checkout, number = paid
    helloasso.contest(number)
    checkouts.synchronise(checkout)
    helloasso.refunds(number)

    checkouts.synchronise(checkout)

    assert received(checkout.charge) == [("received", 40), ("chargeback", -40)]
    assert "takeback_beyond_payment" in caplog.text
