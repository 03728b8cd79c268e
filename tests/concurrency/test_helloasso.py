"""Many processes share one pair of tokens, and one payment gives back no more than we owe."""

from decimal import Decimal

import pytest

from payments import checkouts
from payments.models import Charge, NothingLeft, Refund
from payments.providers import helloasso_api
from tests.factories import create_charge
from tests.fakes.helloasso import FakeHelloAsso

WORKERS = 8


@pytest.fixture
def helloasso(settings):
    with FakeHelloAsso().running() as fake:
        settings.PAYMENT_SANDBOX, settings.PAYMENT_PROVIDERS = False, ["helloasso"]
        settings.HELLOASSO = fake.settings
        yield fake


def ask():
    return helloasso_api.call("GET", "/organizations/ia-montpellier/payments")["data"]


def test_workers_that_all_need_a_token_ask_for_one(helloasso, at_once):
    assert at_once(*[ask] * WORKERS) == [[]] * WORKERS
    assert helloasso.ways == ["client_credentials"]

    helloasso.access.clear()  # all are told at once that theirs is over

    assert at_once(*[ask] * WORKERS) == [[]] * WORKERS
    assert helloasso.ways == ["client_credentials", "refresh_token"]


def test_two_who_make_one_refund_at_once_make_it_once(helloasso, at_once):
    charge = create_charge()
    checkouts.start(charge, "helloasso")
    checkout = charge.checkouts.get()
    number = helloasso.pays_by_card(checkout.reference)
    checkouts.synchronise(checkout)
    owed = charge.owe_refund(Decimal(10), reason=Refund.Reason.GESTURE)

    def give_back():
        return checkouts.refund(Refund.objects.get(pk=owed.pk), charge.payments.get(kind="received"))

    results = at_once(*[give_back] * 4)

    assert [one["amount"] for one in helloasso.payments[number]["refundOperations"]] == [1000]
    assert results.count(True) == 1
    assert len([one for one in results if isinstance(one, NothingLeft)]) == 3
    assert Charge.objects.get().amount_received == 30


def test_the_two_calls_of_one_payment_at_once_write_it_once(helloasso, at_once):
    charge = create_charge()
    checkouts.start(charge, "helloasso")
    checkout = charge.checkouts.get()
    helloasso.pays_by_card(checkout.reference)

    at_once(*[lambda: checkouts.synchronise(checkout)] * 4)

    assert Charge.objects.get().amount_received == 40
