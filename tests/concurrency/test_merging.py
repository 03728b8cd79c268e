from decimal import Decimal
from functools import partial
from uuid import uuid4

from members import merging, unmerging
from members.models import Application, Member, Membership, Merge
from members.unmerging import UndoRefused
from payments.models import Refund
from tests.factories import create_member, create_membership, create_plan, create_staff


def merge(kept, removed, by):
    return partial(merging.merge, kept, removed, take=[], by=by)


def kinds(results):
    return sorted(type(result).__name__ for result in results)


def test_two_merges_of_one_pair_at_once_are_one(at_once):
    one, other, staff = create_member(), create_member(), create_staff()
    create_membership(one)

    results = at_once(merge(one, other, staff), merge(other, one, staff), merge(one, other, staff))

    assert kinds(results) == ["AlreadyMerged", "AlreadyMerged", "Merge"]
    assert (Member.objects.count(), Merge.objects.count(), Membership.objects.count()) == (1, 1, 1)


def test_a_merge_is_undone_once_by_two_at_once(at_once):
    staff = create_staff()
    row = merging.merge(create_member(), create_member(), take=[], by=staff)

    results = at_once(*[partial(unmerging.undo, row, by=staff)] * 2)

    assert sorted(type(result) for result in results if result.__class__ is UndoRefused) == [UndoRefused]
    assert Member.objects.count() == 2


def test_money_that_comes_while_its_member_is_merged_opens_the_period_of_the_kept_one(at_once):
    staff, plan = create_staff(), create_plan(price=Decimal(40))
    for index in range(8):
        kept, removed = create_member(), create_member(email=f"zoe{index}@example.org")
        person = {"first_name": "Zoé", "last_name": "Démo", "email": removed.email}
        charge = Application.submit(plan, **person, request_key=uuid4()).charge
        pay = partial(charge.record_payment, method="sandbox", amount=Decimal(40), reference=f"{index}")

        results = at_once(merge(kept, removed, staff), pay)

        assert kinds(results) == ["Merge", "Payment"]
        assert Membership.objects.get(charge=charge).member == kept
    assert (Refund.objects.count(), Member.objects.count()) == (0, 8)


def test_money_of_an_application_older_than_its_member_comes_while_it_is_merged(at_once):
    """The application names nobody yet: the member is found by its address when the money comes."""
    staff, plan = create_staff(), create_plan(price=Decimal(40))
    for index in range(8):
        person = {"first_name": "Zoé", "last_name": "Démo", "email": f"zoe{index}@example.org"}
        charge = Application.submit(plan, **person, request_key=uuid4()).charge
        kept, removed = create_member(), create_member(email=person["email"])
        pay = partial(charge.record_payment, method="sandbox", amount=Decimal(40), reference=f"{index}")

        results = at_once(merge(kept, removed, staff), pay)

        assert kinds(results) == ["Merge", "Payment"]
        assert Membership.objects.filter(charge=charge).count() == 1
