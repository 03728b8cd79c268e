"""Where each payer stands: the books know an address, the members know who is behind it."""

from datetime import date
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from journal.models import Entry
from payments.models import Charge, ChargeLine, Line, Refund
from payments.treasury import Treasury
from tests.admin import unlabelled
from tests.factories import (
    create_charge,
    create_member,
    create_membership,
    create_organisation,
    create_staff,
    create_user,
)

pytestmark = pytest.mark.django_db
PAGE = reverse("admin:payments_balances")


@pytest.fixture
def staff(client):
    client.force_login(create_staff())
    return client


def paid(email, amount, *, owed=40, **fields):
    charge = create_charge(owed, email=email, **fields)
    charge.record_payment(method="cheque", amount=Decimal(amount), reference=f"C{charge.pk}")
    return charge


def rows(page):
    return [
        (row.payer.email, row.payer.owed, row.payer.received, row.payer.promised, row.payer.balance)
        for row in page.context["rows"]
    ]


@pytest.fixture
def payers():
    paid("settled@example.org", 40)
    paid("late@example.org", 10)
    paid("late@example.org", 5)
    paid("twice@example.org", 60)
    given = paid("given@example.org", 40)
    given.owe_refund(Decimal(15), reason=Refund.Reason.GESTURE).settle(method="cash", reference="R1")
    create_charge(email="basket@example.org")


def test_each_address_has_what_it_owed_paid_and_is_to_be_given_back(staff, payers):
    page = staff.get(PAGE)

    assert rows(page) == [
        ("late@example.org", 80, 15, 0, 65),
        ("given@example.org", 25, 25, 0, 0),
        ("settled@example.org", 40, 40, 0, 0),
        ("twice@example.org", 40, 60, 20, -20),
    ]
    total = page.context["total"]
    assert (total.owed, total.received, total.promised, total.balance) == (185, 140, 20, 45)
    assert total.balance == Treasury(date(2000, 1, 1), date(2100, 1, 1)).total.due
    assert unlabelled(page) == []


def test_they_are_searched_sorted_and_kept_by_what_is_due(staff, payers):
    def emails(**asked):
        return [row[0].partition("@")[0] for row in rows(staff.get(PAGE, asked))]

    assert emails(kind="due") == ["late"]
    assert emails(kind="credit") == ["twice"]
    assert emails(q="TWI") == ["twice"]
    assert emails(q="camille", order="email") == ["given", "late", "settled", "twice"]
    assert emails(order="-received") == ["twice", "settled", "given", "late"]
    assert emails(q="nobody") == []


@pytest.mark.parametrize("asked", [{"kind": "x"}, {"order": "pk"}, {"q": "x" * 201}])
def test_what_cannot_be_asked_is_said_beside_its_field(staff, payers, asked):
    page = staff.get(PAGE, asked)

    assert page.status_code == 400
    assert "errorlist" in page.text


def test_it_says_which_person_or_organisation_is_behind_an_address(staff):
    person, company = create_member(), create_organisation("Coopérative d’essai")
    create_membership(person, charge=paid("lou@example.org", 40))
    create_membership(company, charge=paid("lou@example.org", 30))
    paid("nobody@example.org", 40)

    page = staff.get(PAGE)

    assert [[str(one) for one in row.members] for row in page.context["rows"]] == [
        [str(person), "Coopérative d’essai"],
        [],
    ]
    assert reverse("admin:members_member_change", args=[company.pk]) in page.text


def test_an_address_leads_to_its_extract_and_pages_follow(staff, payers, monkeypatch):
    monkeypatch.setattr("iamm.balances_page.PAGE", 3)

    first, second = staff.get(PAGE, {"order": "email"}), staff.get(PAGE, {"order": "email", "page": "2"})

    extract = reverse("admin:payments_extract_of_payer", args=[first.context["rows"][0].known.charge])
    assert extract in first.text
    assert "given@example.org" in staff.get(extract).text
    assert [len(page.context["rows"]) for page in (first, second)] == [3, 1]
    assert "?order=email&amp;page=2" in first.text


def test_who_was_forgotten_still_counts(staff):
    charge = paid("gone@example.org", 40)
    type(charge).objects.filter(pk=charge.pk).update(name="", email="")

    page = staff.get(PAGE)

    assert "Payeurs effacés" in page.text
    assert page.context["total"].received == 40


def test_it_costs_the_same_for_one_payer_and_for_a_hundred(staff):
    create_membership(charge=paid("p0@example.org", 30))
    staff.get(PAGE)
    with CaptureQueriesContext(connection) as one:
        staff.get(PAGE)
    emails = [f"p{number}@example.org" for number in range(1, 100)]
    booked = {"name": "Lou Démo", "booked_on": date(2026, 1, 1)}
    charges = Charge.objects.bulk_create(Charge(email=email, **booked) for email in emails)
    ChargeLine.objects.bulk_create(ChargeLine.of(charge, Line("dues", "", Decimal(9))) for charge in charges)
    for charge in charges[:5]:
        create_membership(charge=charge)
    with CaptureQueriesContext(connection) as many:
        assert len(staff.get(PAGE).context["rows"]) == 100

    assert len(many) == len(one)


def test_it_asks_for_the_rights_of_the_treasurer(client):
    user = create_user(is_staff=True, second_factor=True)
    user.user_permissions.add(Permission.objects.get(codename="view_charge"))
    client.force_login(user)
    assert client.get(PAGE).status_code == 403

    user.user_permissions.add(Permission.objects.get(codename="view_payment"))
    assert client.get(PAGE).status_code == 200


# On the page of a member


def test_the_page_of_a_member_says_their_balance_and_leads_to_their_extract(staff):
    member = create_member()
    create_membership(member, charge=paid("other@example.org", 60))
    before = {"starts_on": date(2020, 1, 1), "ends_on": date(2020, 12, 31)}
    create_membership(member, charge=paid("lou@example.org", 15), **before)
    paid("other@example.org", 1)
    extract = reverse("admin:members_member_extract", args=[member.pk])

    page, account = staff.get(reverse("admin:members_member_change", args=[member.pk])), staff.get(extract)

    assert "5,00\u00a0€, dont 20,00\u00a0€ à rendre" in page.text
    assert f'href="{extract}"' in page.text
    assert account.context["extract"].closing == 5
    assert member.number in account.text
    assert Entry.objects.filter(action="opened", object_id=member.pk).count() == 1


def test_the_extract_of_a_member_asks_for_every_right(client):
    member = create_member()
    extract = reverse("admin:members_member_extract", args=[member.pk])
    user = create_user(is_staff=True, second_factor=True)
    client.force_login(user)
    for right in ("view_member", "view_charge", "view_payment"):
        assert client.get(extract).status_code == 403
        user.user_permissions.add(Permission.objects.get(codename=right))

    assert client.get(extract).status_code == 200
