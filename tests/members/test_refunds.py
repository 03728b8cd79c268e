"""« Rembourser et arrêter »: a period ends today, and what was paid for it goes back, once."""

from decimal import Decimal

import pytest
from django.urls import reverse

from journal.models import Entry
from members.models import PeriodOver
from payments.models import Refund
from tests.admin import told
from tests.factories import create_charge, create_membership, create_staff, create_user
from tests.members.states import day

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client):
    client.force_login(create_staff())
    return client


def paid(amount=40, **fields):
    charge = create_charge()
    if amount:
        charge.record_payment(method="sandbox", amount=Decimal(amount), reference=f"p{charge.pk}")
    return create_membership(charge=charge, **fields)


def owed():
    return list(Refund.objects.values_list("amount", "reason"))


def page_of(membership):
    return reverse("admin:members_membership_refund", args=[membership.pk])


def test_a_period_is_stopped_today_and_owed_back_in_full(staff):
    membership = paid()
    last = membership.ends_on
    change_page = staff.get(reverse("admin:members_membership_change", args=[membership.pk]))

    response = staff.post(page_of(membership), {"reason": "Erreur de formule"}, follow=True)

    membership.refresh_from_db()
    assert page_of(membership) in change_page.text
    assert (membership.ends_on, membership.sold_until) == (day(0), last)
    assert owed() == [(Decimal("40.00"), "cancelled")]
    assert told(response) == [
        f"Adhésion arrêtée et remboursée\u00a0: {membership}. À rembourser\u00a0: 40,00\u00a0€."
    ]
    assert [entry.note for entry in Entry.objects.about(membership.member)] == [
        f"Adhésion arrêtée et remboursée\u00a0: {membership}. Erreur de formule"
    ]


def test_a_second_time_is_refused_in_words_and_owes_nothing_more(staff):
    membership = paid()
    staff.post(page_of(membership), {"reason": "Une fois"})

    again = staff.post(page_of(membership), {"reason": "Deux fois"})

    assert again.status_code == 400
    assert again.context["errors"] == {"__all__": ["Cette adhésion est annulée, arrêtée ou terminée."]}
    assert owed() == [(Decimal("40.00"), "cancelled")]


def test_what_was_promised_or_given_back_before_is_not_owed_twice():
    membership = paid()
    membership.charge.owe_refund(Decimal(15), reason="plan_change")

    membership.refund_and_stop()

    assert sorted(owed()) == [(Decimal("15.00"), "plan_change"), (Decimal("25.00"), "cancelled")]


def test_what_is_not_paid_is_no_longer_asked():
    membership = paid(0, credit_until=day(10))

    membership.refund_and_stop()

    membership.charge.refresh_from_db()
    assert owed() == []
    assert membership.charge.cancelled_at is not None


def test_a_period_to_come_is_cancelled_rather_than_cut():
    membership = paid(starts_on=day(5), ends_on=day(300))

    membership.refund_and_stop()

    assert membership.cancelled_at is not None
    assert owed() == [(Decimal("40.00"), "cancelled")]


@pytest.mark.parametrize("fields", [{"starts_on": day(-300), "ends_on": day(-1)}, {"ends_on": day(0)}])
def test_a_period_that_is_over_or_was_free_until_today_is_left_alone(fields):
    membership = create_membership(**fields)

    with pytest.raises(PeriodOver):
        membership.refund_and_stop()


def test_a_reason_is_asked(staff):
    membership = paid()

    assert staff.post(page_of(membership), {"reason": ""}).status_code == 400
    assert owed() == []


def test_giving_back_asks_for_the_right_to(client):
    membership = paid()
    client.force_login(create_user(is_staff=True, second_factor=True))

    assert client.post(page_of(membership), {"reason": "Non"}).status_code == 403
