"""What goes back after a tax receipt, or is receipted elsewhere: it is cancelled, and issued again for what is left."""

from decimal import Decimal

import pytest
import time_machine

from mailing.models import Email
from payments import checkouts, providers, receipts
from payments.models import Payment
from tests import papers
from tests.factories import create_staff
from tests.papers import SOMEBODY, create_billed
from tests.payments.test_receipts import DAY, given, standing

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _who_we_are(settings):
    papers.know_ourselves(settings)
    settings.TAX_RECEIPTS = papers.RECEIPTS
    with time_machine.travel(DAY):
        yield


@pytest.mark.parametrize("kind", ["mistake", "chargeback", "refund"])
def test_money_that_is_taken_back_cancels_its_receipt_and_tells_the_donor(kind):
    payment = given()
    receipt = receipts.issue(payment)

    payment.charge.take_back(payment, amount=Decimal(50), reference="R", kind=kind)

    assert standing() == []
    assert receipt.cancellation.cancelled_by is None
    assert Email.objects.get(key__startswith="payments.receipt_cancelled").subject.endswith("est annulé")
    assert isinstance(receipts.refusal(payment), receipts.NothingGiven)


def test_the_receipt_of_a_provider_that_comes_later_cancels_ours_and_that_of_no_other_payment():
    charge = create_billed(("gift", 80), billing=SOMEBODY)
    paid = {
        "a": {"method": "helloasso", "amount": Decimal(50), "reference": "7"},
        "b": {"method": "cheque", "amount": Decimal(30), "reference": "C1"},
    }
    first, second = (charge.record_payment(**paid[name]) for name in "ab")
    ours, other = receipts.issue(first), receipts.issue(second)

    for _time in range(2):
        charge.record_payment(**paid["a"], provider_receipt="https://example.org/recu/7")

    assert standing() == [other]
    assert ours.cancellation.reason == receipts.ELSEWHERE
    assert Email.objects.get(key__startswith="payments.receipt_cancelled").to == charge.email
    assert isinstance(receipts.refusal(Payment.objects.get(pk=first.pk)), receipts.ReceiptElsewhere)
    charge.record_payment(**paid["a"], provider_receipt="https://example.org/autre")
    assert Payment.objects.get(pk=first.pk).provider_receipt == "https://example.org/recu/7"


def test_a_payment_read_before_its_provider_had_issued_a_receipt_has_none_of_ours():
    payment = given(method="helloasso")
    read_before = Payment.objects.get(pk=payment.pk)
    payment.note_receipt("https://example.org/recu/7")

    with pytest.raises(receipts.ReceiptElsewhere):
        receipts.issue(read_before)

    assert standing() == []


def test_a_refund_of_the_gift_cancels_its_receipt_and_that_of_the_rest_does_not():
    charge = create_billed(("event", 30), ("gift", 20), billing=SOMEBODY, paid=50)
    receipts.issue(charge.payments.get())

    charge.owe_refund(Decimal(30), reason="gesture", line=charge.lines.get(nature="event"))
    assert len(standing()) == 1
    charge.owe_refund(Decimal(5), reason="gesture", line=charge.lines.get(nature="gift"))

    assert standing() == []
    assert receipts.issue(charge.payments.get()).total == 15


def test_a_provider_that_gives_back_the_rest_leaves_the_receipt_of_the_gift():
    charge = create_billed(("event", 30), ("gift", 20), billing=SOMEBODY)
    payment = charge.record_payment(method="stripe", amount=Decimal(50), reference="pi_1")
    receipts.issue(payment)
    refund = charge.owe_refund(Decimal(30), reason="gesture", line=charge.lines.get(nature="event"))

    refund.settle(method="stripe", reference="re_1", counters=payment)
    assert [one.total for one in standing()] == [20]
    charge.take_back(payment, amount=Decimal(5), reference="re_2", kind="refund")

    assert standing() == []
    assert receipts.issue(payment).total == 15


def test_what_a_provider_gave_back_before_anybody_said_why_is_counted_once_it_is_said():
    charge = create_billed(("event", 30), ("gift", 20), billing=SOMEBODY)
    payment = charge.record_payment(method="stripe", amount=Decimal(50), reference="pi_1")
    charge.take_back(payment, amount=Decimal(30), reference="re_1", kind="refund")

    charge.reduce(Decimal(30), reason="Désistement", line=charge.lines.get(nature="event"))

    assert receipts.issue(payment).total == 20


def test_a_dispute_that_is_won_gives_the_gift_back_its_receipt_and_its_day():
    payment = given(method="stripe", valued_on=papers.day(11, 3))
    receipts.issue(payment)
    taken = {"amount": Decimal(50), "on": papers.day(11, 20), "is_chargeback": True}
    told = [providers.Takeback("du_1", is_undone=is_won, **taken) for is_won in (False, True)]
    for back in told:
        paid = providers.ProviderPayment(payment.reference, Decimal(50), papers.day(11, 3), takebacks=(back,))
        checkouts.record(payment.charge, "stripe", paid)
        if not back.is_undone:
            assert isinstance(receipts.refusal(payment), receipts.NothingGiven)

    again = payment.charge.payments.latest("pk")
    assert isinstance(receipts.refusal(again), receipts.NothingGiven)
    receipt = receipts.issue(payment)
    assert (receipt.total, receipt.paid_on) == (50, papers.day(11, 3))
    assert isinstance(receipts.refusal(again), receipts.NothingGiven)


def test_a_payment_by_mistake_has_no_receipt_although_another_brought_the_gift():
    charge = create_billed(("event", 50), ("gift", 50), billing=SOMEBODY)
    wrong, right = (
        charge.record_payment(method="cheque", amount=Decimal(50), reference=reference)
        for reference in ("1", "2")
    )

    wrong.undo(by=create_staff())

    assert isinstance(receipts.refusal(wrong), receipts.NothingGiven)
    assert receipts.issue(right).total == 25
