from decimal import Decimal

from django.utils import timezone

from payments import checkouts
from payments.models import Aside, Checkout, LineSpent, NotUndoable, Payment, StatementLine
from payments.providers import Takeback
from tests.factories import create_charge, create_line, create_staff


def left(line):
    return StatementLine.objects.get(pk=line.pk).remainder


def refused(results, error):
    return [isinstance(result, error) for result in results].count(True)


def test_two_people_who_match_one_line_at_once_match_it_once(at_once):
    line, staff = create_line(40), create_staff()
    charges = [create_charge(40), create_charge(40)]

    results = at_once(*[lambda pk=one.pk: line.pay({pk: Decimal(40)}, by=staff) for one in charges])

    assert refused(results, LineSpent) == 1
    assert (Payment.objects.count(), left(line)) == (1, 0)


def test_a_line_matched_and_set_aside_at_once_is_one_or_the_other(at_once):
    line, charge, staff = create_line(40), create_charge(40), create_staff()

    results = at_once(
        lambda: line.pay({charge.pk: Decimal(40)}, by=staff), lambda: line.set_aside("other", by=staff)
    )

    assert refused(results, LineSpent) == 1
    assert (Payment.objects.count() + Aside.objects.count(), left(line)) == (1, 0)


def test_two_lines_over_the_same_charges_wait_for_each_other_and_both_count(at_once):
    lines, staff = [create_line(40), create_line(40)], create_staff()
    first, second = create_charge(40), create_charge(40)
    orders = [
        {first.pk: Decimal(20), second.pk: Decimal(20)},
        {second.pk: Decimal(20), first.pk: Decimal(20)},
    ]

    results = at_once(
        *[lambda pair=pair: len(pair[0].pay(pair[1], by=staff)) for pair in zip(lines, orders, strict=True)]
    )

    assert results == [2, 2]
    assert [charge.amount_received for charge in (first, second)] == [40, 40]
    assert [left(line) for line in lines] == [0, 0]


def test_an_act_undone_twice_at_once_is_countered_once(at_once):
    line, aside_line, charge, staff = create_line(40), create_line(900), create_charge(40), create_staff()
    [payment] = line.pay({charge.pk: Decimal(40)}, by=staff)
    aside = aside_line.set_aside("helloasso", by=staff)

    for act in (payment, aside):
        assert refused(at_once(*[lambda act=act: act.undo(by=staff)] * 3), NotUndoable) == 2

    assert (left(line), left(aside_line)) == (40, 900)


def given_back():
    """A payment of a provider without a charge, and the line that took it away again."""
    line = create_line(40, method="helloasso", bank_id="P-1")
    return line, create_line(-40, method="helloasso", bank_id="R-1", counters=line)


def test_a_payment_matched_and_set_aside_with_its_give_back_at_once_is_one_or_the_other(at_once):
    (line, back), charge, staff = given_back(), create_charge(40), create_staff()

    results = at_once(
        lambda: line.pay({charge.pk: Decimal(40)}, by=staff),
        lambda: line.cancel_out(by=staff),
        lambda: back.cancel_out(by=staff),
    )

    assert refused(results, LineSpent) == 2
    assert left(line) == 0
    assert left(back) == -40 * Payment.objects.count()


def test_two_sweeps_at_once_take_a_matched_payment_back_once(at_once):
    (line, back), charge, staff = given_back(), create_charge(40), create_staff()
    [payment] = line.pay({charge.pk: Decimal(40)}, by=staff)
    told = Takeback("R-1", Decimal(40), timezone.localdate(), is_chargeback=False)

    results = at_once(*[lambda: checkouts.record_takeback(payment, told, line=back)] * 3)

    assert results == [None] * 3
    assert (charge.amount_received, left(back), Payment.objects.count()) == (0, 0, 2)


def test_of_those_who_return_at_once_one_asks_the_provider(at_once):
    checkout = Checkout.objects.create(charge=create_charge(40), provider="sandbox", reference="x", amount=40)

    results = at_once(*[Checkout.objects.filter(pk=checkout.pk).claim_reading] * 4)

    assert sorted(results) == [0, 0, 0, 1]
