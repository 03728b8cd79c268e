"""The page of a plan: all its rules, and prices that stay as they were sold."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from members.models import Plan
from tests.admin import typed, unlabelled
from tests.factories import create_college, create_plan, create_staff
from tests.members.applying import submit

pytestmark = pytest.mark.django_db
REFUSED = "Un prix qui a déjà servi ne se modifie ni ne se retire\u00a0: ajoutez-en un autre, à partir d’un autre jour."


@pytest.fixture
def staff(client):
    client.force_login(create_staff())
    return client


def page_of(plan):
    return reverse("admin:members_plan_change", args=[plan.pk])


def amounts(plan):
    return list(plan.prices.order_by("since").values_list("amount", flat=True))


def test_every_rule_of_a_plan_is_on_its_page_with_a_label(staff):
    page = staff.get(page_of(create_plan()))

    rules = {field.name for field in Plan._meta.concrete_fields} - {"id"}
    assert rules <= set(page.context["adminform"].form.fields)
    assert unlabelled(page) == []


def test_a_plan_is_written_with_its_prices_by_size(staff):
    form = staff.get(reverse("admin:members_plan_add"))
    words = {"name": "Entreprise", "slug": "entreprise", "summary": "Pour tous", "benefits": "Une voix"}
    prices = {"prices-TOTAL_FORMS": 2, "prices-0-since": "2026-01-01", "prices-0-from_headcount": 0}
    prices |= {"prices-0-amount": "100", "prices-1-since": "2026-01-01", "prices-1-from_headcount": 50}
    more = {"kind": "organisation", "college": create_college().pk, "prices-1-amount": "300"}

    response = staff.post(reverse("admin:members_plan_add"), typed(form, **words, **prices, **more))

    plan = Plan.objects.get()
    assert response.status_code == 302
    assert plan.price_on(date(2026, 6, 1), headcount=60).amount == Decimal(300)


@pytest.mark.parametrize("change", [{"prices-0-amount": "50"}, {"prices-0-DELETE": "on"}])
def test_a_price_that_has_served_is_neither_changed_nor_removed(staff, change):
    plan = create_plan(price=Decimal(40))
    submit(plan)

    response = staff.post(page_of(plan), typed(staff.get(page_of(plan)), **change))

    assert response.status_code == 200
    assert REFUSED in response.context["errors"][-1] or [REFUSED] in list(response.context["errors"])
    assert amounts(plan) == [Decimal(40)]


def test_another_amount_is_a_new_version_and_the_rest_of_the_plan_is_free_to_change(staff):
    plan = create_plan(price=Decimal(40))
    submit(plan)
    new = {"prices-TOTAL_FORMS": 2, "prices-1-plan": plan.pk, "prices-1-amount": "50"}
    new |= {
        "prices-1-since": (timezone.localdate() + timedelta(days=30)).isoformat(),
        "prices-1-from_headcount": 0,
    }

    response = staff.post(page_of(plan), typed(staff.get(page_of(plan)), summary="Autrement", **new))

    plan.refresh_from_db()
    assert response.status_code == 302
    assert (plan.summary, amounts(plan)) == ("Autrement", [Decimal(40), Decimal(50)])


def test_a_price_that_nobody_was_shown_is_corrected(staff):
    plan = create_plan(price=Decimal(40))

    staff.post(page_of(plan), typed(staff.get(page_of(plan)), **{"prices-0-amount": "45"}))

    assert amounts(plan) == [Decimal(45)]


def test_rules_that_contradict_each_other_are_refused_in_words(staff):
    plan = create_plan()

    response = staff.post(page_of(plan), typed(staff.get(page_of(plan)), proof="always", proof_label=""))

    assert list(response.context["errors"]) == [["Dites quel justificatif est demandé."]]
