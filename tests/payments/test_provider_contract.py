"""What every provider keeps, whatever it is: the same tests for each, against its own server or its own rows."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import transaction

from payments import checkouts, providers
from payments.models import (
    Charge,
    Checkout,
    NothingLeft,
    Payment,
    Refund,
    SandboxOrder,
    SandboxPayment,
    SandboxRefund,
)
from payments.providers import BadNotification, Notification, ProviderRefused
from payments.providers import sandbox as sandbox_provider
from tests.factories import create_charge

pytestmark = pytest.mark.django_db


class HelloAsso:
    def __init__(self, fake):
        self.fake = fake

    def pay(self, reference):
        self.payment = self.fake.pays_by_card(reference)

    def refuse(self, reference):
        self.fake.card_is_refused(reference)

    def take_back(self):
        self.fake.contest(self.payment)


class Stripe:
    def __init__(self, account):
        self.fake = account.fake

    def pay(self, reference):
        self.payment = self.fake.pay(reference)

    def refuse(self, reference):
        self.fake.refuse_card(reference)

    def take_back(self):
        self.fake.dispute(self.payment)


class Sandbox:
    def pay(self, reference):
        order = SandboxOrder.objects.get(uuid=reference)
        self.payment = sandbox_provider.make_payment(order, SandboxPayment.State.AUTHORIZED)

    def refuse(self, reference):
        order = SandboxOrder.objects.get(uuid=reference)
        sandbox_provider.make_payment(order, SandboxPayment.State.REFUSED)

    def take_back(self):
        SandboxRefund.objects.create(payment=self.payment, key="repris", amount=40, is_chargeback=True)


@pytest.fixture(params=["sandbox", "helloasso", "stripe"])
def provider(request):
    """Its name, and what the payer and their bank do there."""
    drivers = {"helloasso": HelloAsso, "stripe": Stripe}
    name = request.param
    driver = Sandbox() if name == "sandbox" else drivers[name](request.getfixturevalue(name))
    return name, driver


@pytest.fixture
def open_checkout(provider):
    """Led to its page for 40 €: our row."""
    checkouts.start(create_charge(), provider[0])
    return Checkout.objects.select_related("charge").latest("pk")


@pytest.fixture
def paid_checkout(provider, open_checkout):
    provider[1].pay(open_checkout.reference)
    checkouts.synchronise(open_checkout)
    return open_checkout


def amounts():
    return [payment.amount for payment in Payment.objects.order_by("pk")]


def test_nothing_is_paid_before_the_payer_pays(open_checkout):
    assert checkouts.synchronise(open_checkout) == []
    assert Checkout.objects.get().state == "open"


def test_a_refused_card_pays_nothing(provider, open_checkout):
    provider[1].refuse(open_checkout.reference)

    assert checkouts.synchronise(open_checkout) == []
    assert amounts() == []


def test_a_payment_is_written_once_however_often_it_is_read(provider, paid_checkout):
    for _time in range(2):
        checkouts.synchronise(paid_checkout)

    payment = Payment.objects.get()
    assert (payment.method, payment.amount, payment.charge) == (provider[0], 40, paid_checkout.charge)
    assert Charge.objects.get().paid_at
    assert Checkout.objects.get().state == "paid"


def test_a_checkout_is_asked_for_what_is_left(provider, paid_checkout):
    charge = create_charge(Decimal("52.34"))
    charge.record_payment(method="cheque", amount=Decimal("12.30"), reference="1")

    checkouts.start(charge, provider[0])

    assert charge.checkouts.get().amount == Decimal("40.04")
    with pytest.raises(checkouts.NotPayable):
        checkouts.start(Charge.objects.get(pk=paid_checkout.charge_id), provider[0])


@pytest.mark.parametrize("amount", [Decimal(40), Decimal("12.34")])
def test_what_we_owe_is_given_back_once_and_read_back_as_the_same(provider, paid_checkout, amount):
    owed = paid_checkout.charge.owe_refund(amount, reason=Refund.Reason.GESTURE)

    assert checkouts.refund(owed, Payment.objects.get())
    for _time in range(2):
        checkouts.synchronise(paid_checkout)

    owed.refresh_from_db()
    assert owed.payment.amount == -amount
    assert amounts() == [40, -amount]


def test_the_same_request_again_gives_the_same_refund(provider, paid_checkout):
    """Asked again before anything is written, as after a crash."""
    ask = providers.get(provider[0]).refund
    reference = Payment.objects.get().reference

    first = ask(reference, amount=Decimal(10), key="refund-1")

    assert ask(reference, amount=Decimal(10), key="refund-1") == first


def test_more_than_was_paid_is_not_given_back(provider, paid_checkout):
    reference = Payment.objects.get().reference

    with pytest.raises(ProviderRefused):
        providers.get(provider[0]).refund(reference, amount=Decimal("40.01"), key="refund-1")


def test_a_payment_that_the_provider_does_not_know_is_not_given_back(provider):
    with pytest.raises(ProviderRefused):
        providers.get(provider[0]).refund(str(uuid4()), amount=Decimal(10), key="refund-1")

    assert not SandboxRefund.objects.exists()


def test_a_payment_gives_back_what_is_left_of_it_and_then_nothing(provider, paid_checkout):
    charge, payment = paid_checkout.charge, Payment.objects.get()
    checkouts.refund(charge.owe_refund(Decimal(30), reason="gesture"), payment)
    charge.record_payment(method="cash", amount=Decimal(25), reference="C1")
    owed = Refund.objects.to_make().get()  # 25 € paid twice, of which this payment has 10 left

    first = checkouts.part_of(owed, payment)
    assert (first.amount, checkouts.refund(first, payment)) == (10, True)

    with pytest.raises(NothingLeft):
        checkouts.part_of(Refund.objects.to_make().get(), payment)
    assert Refund.objects.to_make().get().amount == 15


def test_what_the_bank_takes_back_is_asked_for_again_once(provider, paid_checkout):
    provider[1].take_back()

    for _time in range(2):
        checkouts.synchronise(paid_checkout)

    assert amounts() == [40, -40]
    assert Charge.objects.get().is_contested


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\0", b"\xff", b'{"data": {"object": 1}}'])
def test_a_call_that_is_not_theirs_is_refused(provider, body):
    call = Notification(body, {}, "192.0.2.1")

    with pytest.raises(BadNotification):
        providers.get(provider[0]).parse_notification(call)


def test_a_request_inside_a_transaction_would_be_seen(provider, open_checkout, requests_in_transactions):
    """The guard of all these tests, on the very thing that it guards against. The sandbox is rows of ours."""
    with transaction.atomic():
        checkouts.synchronise(open_checkout)

    assert bool(requests_in_transactions) == (provider[0] != "sandbox")
    requests_in_transactions.clear()
