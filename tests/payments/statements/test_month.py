"""Of a month as banks and payers write it, nearly all is right at the first proposal."""

from collections import Counter

import pytest

from payments.statements.proposals import Desk
from tests.payments.statements.month import generate

pytestmark = pytest.mark.django_db
RIGHT = 0.95


def first_proposals(month, size=100):
    """What the first proposal of each line says, a page at a time."""
    for start in range(0, len(month.lines), size):
        page = month.lines[start : start + size]
        desk = Desk(page)
        for line in page:
            line.left = line.amount
            found = desk.propose(line)
            yield found[0] if found else None


def said(proposal):
    if proposal is None:
        return None
    return proposal.rows[0] if proposal.kind == "set_aside" else frozenset(row.pk for row in proposal.rows)


@pytest.mark.parametrize("seed", [1, 6])
def test_nearly_all_of_a_month_is_right_at_the_first_proposal(seed, record_property):
    month = generate(seed)
    found = list(first_proposals(month))

    right = [said(one) == expected for one, expected in zip(found, month.expected, strict=True)]
    sure = [is_right for one, is_right in zip(found, right, strict=True) if one and one.is_sure]

    wrong = Counter(lot for lot, is_right in zip(month.lots, right, strict=True) if not is_right)
    share = sum(right) / len(right)
    record_property("right_at_rank_1", f"{share:.1%}")
    record_property("sure", f"{len(sure)} of {len(right)}, {sum(sure) / len(sure):.1%} of them right")
    assert (len(month.lines), len(month.charges)) == (500, 600)
    assert share >= RIGHT, wrong
    assert sum(sure) / len(sure) >= 0.99
