from decimal import Decimal

from payments.models import Aside, LineSpent, NotUndoable, Payment, StatementLine
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
