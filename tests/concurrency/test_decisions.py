"""Two people of the staff, or one who clicks twice, decide about the same sum at the same moment."""

from decimal import Decimal

from django.test import Client
from django.urls import reverse

from payments import checkouts
from payments.models import NothingLeft, Refund
from tests.factories import create_charge, create_staff


def test_the_same_decision_sent_twice_at_once_is_taken_once(at_once):
    charge = create_charge(40)
    url = reverse("admin:payments_charge_reduce", args=[charge.pk])
    staff = [Client(), Client()]
    user = create_staff()
    for client in staff:
        client.force_login(user)
    seen = staff[0].get(url).context["adminform"].form["seen"].value()
    typed = {"seen": seen, "amount": "5", "line": "", "reason": "Geste"}

    answers = at_once(*[lambda client=client: client.post(url, typed).status_code for client in staff])

    assert sorted(answers) == [302, 400]
    assert charge.adjustments.count() == 1


def test_a_refund_is_cut_in_two_once(at_once):
    charge = create_charge(40)
    payment = charge.record_payment(method="stripe", amount=Decimal(25), reference="pi_1")
    charge.record_payment(method="stripe", amount=Decimal(15), reference="pi_2")
    charge.cancel(reason="Séance reportée")
    refund = charge.refunds.get()

    results = at_once(*[lambda: checkouts.part_of(refund, payment).amount] * 2)

    assert [result for result in results if isinstance(result, Decimal)] == [25]
    assert [type(result) for result in results if not isinstance(result, Decimal)] == [NothingLeft]
    assert sorted(Refund.objects.to_make().values_list("amount", flat=True)) == [15, 25]
