"""Changing plan in the middle of a period: seen before, paid or given back once."""

from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
import time_machine
from django.urls import reverse

from members import offers, plan_changes
from members.models import Application, Kind, Mandate
from payments.models import Refund
from tests.factories import create_member, create_organisation, create_plan, create_user
from tests.members.applying import pay, submit

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    """182 days of 365 are left."""
    with time_machine.travel("2026-01-01 12:00 +01:00", tick=False) as traveller:
        yield traveller


@pytest.fixture
def period(clock):
    user = create_user("zoe@example.org")
    member = create_member(user=user, email=user.email)
    found = pay(submit(create_plan(name="Simple", price=Decimal(40)), user=user, member=member))
    clock.move_to("2026-07-03 12:00 +02:00", tick=False)
    return found


@pytest.fixture
def member(client, period):
    client.force_login(period.member.user)
    return client


def page_of(period):
    return reverse("members:change", args=[period.pk])


def confirm(client, period, plan, **changes):
    page = client.get(page_of(period), {"formule": plan.slug})
    sent = {
        "formule": plan.slug,
        "difference": page.context["chosen"].difference,
        "request_key": page.context["key"],
    }
    return client.post(page_of(period), sent | changes)


def periods_of(member):
    return [
        (one.plan.name, one.starts_on, one.ends_on)
        for one in member.memberships.effective().order_by("starts_on")
    ]


def test_each_other_plan_says_what_it_costs_or_gives_back(member, period):
    create_plan(name="Soutien", price=Decimal(100))
    create_plan(name="Réduite", price=Decimal(10))
    create_plan(name="Pareille", price=Decimal(40))
    create_plan(name="Fermée", is_open=False)
    create_plan(name="Organisation", kind=Kind.ORGANISATION)

    page = member.get(page_of(period))

    choices = {one.plan.name: one.difference for one in page.context["choices"]}
    assert choices == {
        "Soutien": Decimal("29.92"),
        "Réduite": Decimal("-14.96"),
        "Pareille": Decimal("0.00"),
    }
    assert "29,92\u00a0€ à payer" in page.text
    assert "14,96\u00a0€ vous sont rendus" in page.text


def test_a_dearer_plan_is_paid_then_taken(member, period):
    plan = create_plan(name="Soutien", price=Decimal(100))

    response = confirm(member, period, plan)

    application = Application.objects.get(replaces=period)
    before = periods_of(period.member)
    assert response["Location"] == application.charge.get_absolute_url()
    assert application.charge.amount == Decimal("29.92")
    pay(application)
    assert before == [("Simple", date(2026, 1, 1), date(2026, 12, 31))]
    assert periods_of(period.member) == [
        ("Simple", date(2026, 1, 1), date(2026, 7, 2)),
        ("Soutien", date(2026, 7, 3), date(2026, 12, 31)),
    ]


def test_a_cheaper_plan_is_taken_at_once_and_the_rest_is_owed_back(member, period):
    plan = create_plan(name="Réduite", price=Decimal(10))

    response = confirm(member, period, plan)

    application = Application.objects.get(replaces=period)
    assert response["Location"] == application.get_absolute_url()
    assert [(one.amount, one.charge) for one in Refund.objects.all()] == [(Decimal("14.96"), period.charge)]
    assert periods_of(period.member)[-1] == ("Réduite", date(2026, 7, 3), date(2026, 12, 31))


def difference(period, plan, on=date(2026, 7, 3)):
    return offers.difference(period, plan, on=on)


def change(period, plan):
    """As asked and, where it costs something, paid."""
    application = plan_changes.change(period, plan, request_key=uuid4(), user=period.member.user)
    return pay(application) if application.charge else application.membership


def test_who_goes_back_on_the_same_day_has_paid_nothing(period):
    dearer, cheaper = create_plan(price=Decimal(100)), create_plan(price=Decimal(10))

    up = change(period, dearer)
    back_from_up = difference(up, period.plan)
    again = change(up, period.plan)
    down = change(again, cheaper)

    assert back_from_up == -up.amount == Decimal("-29.92")
    assert difference(down, period.plan) == Decimal("14.96")
    assert {one.charge_id: one.amount for one in Refund.objects.all()} == {
        up.charge_id: Decimal("29.92"),
        period.charge_id: Decimal("14.96"),
    }


def test_what_two_changes_give_back_comes_from_what_was_paid_at_first(period):
    down = change(period, create_plan(price=Decimal(20)))

    change(down, create_plan(price=Decimal(10)))

    refunds = [(one.charge, one.amount) for one in Refund.objects.order_by("pk")]
    assert refunds == [(period.charge, Decimal("9.97")), (period.charge, Decimal("4.99"))]


def test_two_changes_cost_as_much_as_one_to_the_same_plan(period, clock):
    middle, dearest = create_plan(price=Decimal(100)), create_plan(price=Decimal(200))
    at_once = difference(period, dearest)

    changed = change(period, middle)

    assert changed.amount + difference(changed, dearest) == at_once
    assert difference(changed, dearest, date(2026, 10, 2)) == Decimal("24.93")  # 91 days of 365, of 100 euros


def test_each_period_that_was_paid_ahead_is_counted(clock):
    plan, dearer = create_plan(price=Decimal(40), max_terms=2), create_plan(price=Decimal(60))
    user = create_user("ana@example.org")
    member = create_member(user=user, email=user.email)
    two_years = pay(submit(plan, user=user, member=member, email=user.email, terms=2))

    assert two_years.amount == Decimal(80)
    assert difference(two_years, dearer, two_years.starts_on) == Decimal(40)


def test_who_came_late_and_paid_some_months_pays_the_difference_of_these_months(clock):
    terms = {"period": "calendar", "late_join": "by_month"}
    plan, dearer = create_plan(price=Decimal(40), **terms), create_plan(price=Decimal(60), **terms)
    clock.move_to("2026-10-01 12:00 +02:00", tick=False)
    late = pay(submit(plan, email="ana@example.org"))

    assert late.amount == Decimal(10)
    assert difference(late, dearer, date(2026, 10, 1)) == Decimal(5)


def test_sending_the_same_form_twice_changes_once(member, period):
    plan, key = create_plan(price=Decimal(10)), uuid4()

    first = confirm(member, period, plan, request_key=key)
    second = member.post(page_of(period), {"formule": plan.slug, "difference": "-14.96", "request_key": key})

    assert first["Location"] == second["Location"]
    assert Application.objects.filter(replaces=period).count() == 1
    assert Refund.objects.count() == 1


def test_a_change_that_waits_for_its_payment_is_found_again(member, period):
    first = confirm(member, period, create_plan(price=Decimal(100)))
    second = confirm(member, period, create_plan(price=Decimal(60)))

    assert first["Location"] == second["Location"]
    assert Application.objects.filter(replaces=period).count() == 1


def test_an_amount_that_has_changed_since_is_shown_again(member, period):
    plan = create_plan(price=Decimal(100))

    response = confirm(member, period, plan, difference="1.00")

    assert response.status_code == 409
    assert "Le montant a changé" in response.text
    assert not Application.objects.filter(replaces=period).exists()


@pytest.mark.parametrize(
    "forged", [{"formule": "inconnue"}, {"request_key": "x"}, {"difference": "sNaN"}, {"difference": "abc"}]
)
def test_a_forged_form_changes_nothing(member, period, forged):
    response = confirm(member, period, create_plan(price=Decimal(100)), **forged)

    assert response.status_code == 409
    assert not Application.objects.filter(replaces=period).exists()


def test_a_period_that_is_over_or_not_paid_is_not_changed(member, period, clock):
    plan = create_plan(price=Decimal(10))
    period.credit_until = date(2026, 12, 31)
    period.save(update_fields=["credit_until"])
    on_credit = member.get(page_of(period))
    period.settle_credit()
    clock.move_to("2027-01-01 12:00 +01:00", tick=False)
    member.force_login(period.member.user)
    over = member.get(page_of(period))

    assert [page.context["choices"] for page in (on_credit, over)] == [[], []]
    response = member.post(page_of(period), {"formule": plan.slug, "difference": "0", "request_key": uuid4()})
    assert response.status_code == 409


def test_a_plan_with_a_proof_is_decided_first(member, period):
    plan = create_plan(price=Decimal(10), proof="joining", proof_label="Carte")

    confirm(member, period, plan)

    assert Application.objects.get(replaces=period).state == "submitted"
    assert Refund.objects.count() == 0


def test_only_who_acts_for_the_member_sees_the_page(client, period):
    assert client.get(page_of(period)).status_code == 302
    client.force_login(create_user())
    assert client.get(page_of(period)).status_code == 404
    assert client.post(page_of(period)).status_code == 404


def test_who_represents_an_organisation_changes_its_plan(client):
    user = create_user()
    organisation = create_organisation(headcount=60)
    Mandate.objects.create(organisation=organisation, role="titular", user=user)
    plan = create_plan(kind=Kind.ORGANISATION, price=Decimal(0))
    period = organisation.add_membership(plan)
    sized = create_plan(kind=Kind.ORGANISATION, price=Decimal(100))
    sized.prices.create(amount=Decimal(300), from_headcount=50, since=date(2020, 1, 1))
    client.force_login(user)

    page = client.get(page_of(period))

    assert [one.difference for one in page.context["choices"]] == [Decimal(300)]


def test_the_account_leads_to_it(member, period):
    assert f'href="{page_of(period)}"' in member.get(reverse("account")).text
