from datetime import date
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group

from journal import trail
from tests.factories import create_college, create_member, create_plan, create_staff
from tests.members.test_admin import apply

pytestmark = pytest.mark.django_db


def test_a_snapshot_is_plain_and_reads_without_the_rows_it_names():
    member = create_member(
        first_name="Zoé", last_name="Démo", email="zoe@example.org", joined_on=date(2026, 3, 1)
    )

    seen = trail.snapshot(member, ["first_name", "college", "user", "joined_on"])

    college = create_college()
    assert seen == {
        "first_name": "Zoé",
        "college": f"Citoyens ({college.pk})",
        "user": None,
        "joined_on": "2026-03-01",
    }


def test_a_snapshot_holds_each_column_but_no_password():
    staff = create_staff("equipe@example.org")
    staff.groups.add(Group.objects.create(name="Trésorerie"))

    seen = trail.snapshot(staff)

    assert {"id", "password"}.isdisjoint(seen)
    assert (seen["email"], seen["is_staff"]) == ("equipe@example.org", True)
    assert seen["groups"] == [f"Trésorerie ({staff.groups.get().pk})"]


def test_an_amount_is_the_same_before_and_after_it_was_stored():
    price = create_plan(price=Decimal(40)).prices.get()
    before = trail.snapshot(price)

    price.amount = Decimal(40)

    assert trail.diff(before, trail.snapshot(price)) == {}


def test_a_diff_says_what_was_and_what_is():
    application = apply(create_plan())
    before = trail.snapshot(application)
    application.first_name = "Noé"

    changes = trail.diff(before, trail.snapshot(application))

    assert changes == {"first_name": [before["first_name"], "Noé"]}


def test_all_of_a_new_row_is_new():
    assert trail.diff({}, {"name": "Zoé", "user": None}) == {"name": [None, "Zoé"]}
