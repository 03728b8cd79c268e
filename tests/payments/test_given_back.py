"""Money for nothing of ours that HelloAsso or the payer's bank takes away again: no sum counts what is gone."""

from decimal import Decimal

import pytest
from django.urls import reverse

from payments import tasks
from payments.models import LineSpent, Payment, StatementLine
from tests.admin import told
from tests.factories import create_charge, create_role, create_staff
from tests.payments.test_helloasso import received

pytestmark = pytest.mark.django_db


@pytest.fixture
def elsewhere(helloasso):
    """The number of a payment of 40 € made on a form of HelloAsso, and our line of it."""
    number = helloasso.pays_on_its_own_form(4000)
    tasks.sweep_helloasso()
    return number, StatementLine.objects.get()


def sweep():
    for _time in range(2):
        tasks.sweep_helloasso()


def lefts():
    """What waits for a person, by line."""
    return [line.left for line in StatementLine.objects.with_left().order_by("pk")]


def accept(client, line, key):
    return client.post(
        reverse("admin:payments_statementline_accept", args=[line.pk]), {"proposal": key}, follow=True
    )


@pytest.fixture
def treasurer(client):
    client.force_login(create_role("Trésorerie"))
    return client


@pytest.mark.parametrize(
    ("act", "reference", "words"),
    [
        (lambda fake, number: fake.refunds(number), "refund-", "Rendu au payeur"),
        (lambda fake, number: fake.contest(number), "contested-", "Repris par la banque du payeur"),
        (lambda fake, number: fake.bank_refuses(number), "contested-", "Repris par la banque du payeur"),
    ],
)
def test_what_is_taken_away_is_a_line_of_its_own_shown_once(helloasso, elsewhere, act, reference, words):
    number, line = elsewhere
    act(helloasso, number)

    sweep()

    back = StatementLine.objects.exclude(pk=line.pk).get()
    assert (back.amount, back.counters, back.payer) == (-40, line, "Zoé Démo")
    assert back.bank_id.startswith(reference)
    assert back.label == f"{words} – {number} ({line.number}) – Adhésion 2026"
    assert sum(lefts()) == 0


@pytest.mark.parametrize("which", [0, 1])
def test_both_are_set_aside_by_one_click_on_either(helloasso, elsewhere, treasurer, which):
    helloasso.refunds(elsewhere[0])
    sweep()
    line, back = StatementLine.objects.order_by("pk")
    chosen = (line, back)[which]
    page = treasurer.get(reverse("admin:payments_statementline_change", args=[chosen.pk]))
    assert page.context["row"].proposals[0].key == "set_aside:given_back"

    answers = [accept(treasurer, chosen, "set_aside:given_back") for _twice in range(2)]

    assert told(answers[0]) == [f"Mises de côté ensemble\u00a0: {line.number}, {back.number}."]
    assert told(answers[1]) == ["C’est déjà fait, ou quelqu’un s’en est occupé entre-temps."]
    assert lefts() == [0, 0]
    sweep()
    assert (lefts(), Payment.objects.count()) == ([0, 0], 0)


def test_of_what_was_given_back_in_part_the_rest_waits(helloasso, elsewhere):
    number, line = elsewhere
    helloasso.refunds(number, 1500)
    sweep()

    line.cancel_out(by=create_staff())

    assert lefts() == [25, 0]
    helloasso.refunds(number)
    sweep()
    assert lefts() == [25, 0, -25]


def test_money_already_matched_is_taken_back_from_its_charge(helloasso, elsewhere):
    (number, line), charge = elsewhere, create_charge(40)
    line.pay({charge.pk: Decimal(40)}, by=create_staff())
    helloasso.refunds(number, 1500)
    sweep()
    assert received(charge) == [("received", 40), ("refund", -15)]
    helloasso.contest(number)
    sweep()

    assert received(charge)[2:] == [("chargeback", -25)]
    charge.refresh_from_db()
    assert (charge.amount_due, charge.is_contested, lefts()) == (40, True, [0])
    helloasso.gives_in(number)
    sweep()
    assert received(charge)[3:] == [("received", 25)]


def test_it_is_taken_back_though_the_payer_had_begun_to_pay_here_too(helloasso, elsewhere, begin):
    (number, line), charge = elsewhere, create_charge(40)
    begin(charge)
    line.pay({charge.pk: Decimal(40)}, by=create_staff())
    helloasso.refunds(number)

    sweep()

    assert received(charge) == [("received", 40), ("refund", -40)]


def test_a_refund_that_we_had_promised_is_settled_by_it(helloasso, elsewhere):
    (number, line), charge = elsewhere, create_charge(40)
    line.pay({charge.pk: Decimal(40)}, by=create_staff())
    promise = charge.owe_refund(Decimal(40), reason="gesture")
    helloasso.refunds(number)

    sweep()

    promise.refresh_from_db()
    assert promise.payment.amount == -40


def test_a_line_matched_though_it_was_given_back_is_taken_back_with_the_line_that_said_so(
    helloasso, elsewhere
):
    (number, line), charge, staff = elsewhere, create_charge(40), create_staff()
    helloasso.refunds(number)
    sweep()
    line.pay({charge.pk: Decimal(40)}, by=staff)

    sweep()

    assert (received(charge), lefts()) == ([("received", 40), ("refund", -40)], [0, 0])
    charge.payments.get(kind="refund").undo(by=staff)
    sweep()
    assert lefts() == [0, -40]  # somebody has said otherwise: it is theirs to decide


def test_of_a_payment_split_over_several_a_person_says_whose_it_was(helloasso, elsewhere, treasurer):
    (number, line), charges = elsewhere, [create_charge(30), create_charge(10)]
    line.pay({charge.pk: charge.amount for charge in charges}, by=create_staff())
    helloasso.refunds(number, 3000)
    sweep()
    back = StatementLine.objects.get(counters=line)
    page = treasurer.get(reverse("admin:payments_statementline_change", args=[back.pk]))
    paid = charges[0].payments.get()
    assert page.context["row"].proposals[0].key == f"charge_back:{paid.pk}=30.00"

    accept(treasurer, back, f"charge_back:{paid.pk}=30.00")

    sweep()
    assert (received(charges[0]), lefts()) == ([("received", 30), ("refund", -30)], [0, 0])


def test_what_the_bank_gives_back_in_the_end_waits_again(helloasso, elsewhere):
    number, line = elsewhere
    helloasso.contest(number)
    sweep()
    line.cancel_out(by=create_staff())
    helloasso.gives_in(number)

    sweep()

    assert lefts() == [0, 0, 40]
    assert StatementLine.objects.latest("pk").label.startswith("Revenu ensuite – contested-")


def test_what_counters_nothing_is_not_set_aside_so(elsewhere):
    with pytest.raises(LineSpent):
        elsewhere[1].cancel_out(by=create_staff())
