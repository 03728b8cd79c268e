from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
import time_machine
from django.urls import reverse

from members.models import Application, Membership
from tests.factories import create_member, create_membership, create_plan, create_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel("2026-11-23 12:00 +01:00", tick=False):
        yield


def post(client, plan, **fields):
    form = {"first_name": "Zoé", "last_name": "Démo", "email": "zoe@example.org", "request_key": uuid4()}
    return client.post(plan.get_absolute_url(), form | fields)


def test_plans_are_compared_with_their_price_of_today(client):
    create_plan(name="Soutien", price=Decimal(100))
    create_plan(name="Fermée", is_open=False)

    page = client.get(reverse("members:plan_list"))

    assert [plan.name for plan in page.context["plans"]] == ["Soutien"]
    assert "100,00\u00a0€" in page.content.decode()


def test_without_a_plan_the_page_says_what_to_do(client):
    assert "Aucune formule" in client.get(reverse("members:plan_list")).content.decode()


def test_the_box_shows_the_exact_dates_and_total_before_paying(client):
    page = client.get(create_plan(price=Decimal(40)).get_absolute_url()).content.decode()

    assert "23 novembre 2026" in page
    assert "22 novembre 2027 inclus" in page
    assert "40,00\u00a0€" in page


def test_a_renewing_member_sees_that_no_day_is_lost(client):
    user = create_user()
    create_membership(create_member(user=user), starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31))
    client.force_login(user)

    page = client.get(create_plan().get_absolute_url()).content.decode()

    assert "1er\u00a0janvier 2027" in page
    assert "31 décembre 2027 inclus" in page


def test_joining_leads_to_the_payment(client):
    response = post(client, create_plan(price=Decimal(40)))

    application = Application.objects.get()
    assert response["Location"] == application.charge.get_absolute_url()
    assert "Il reste à payer" in client.get(application.get_absolute_url()).content.decode()


def test_a_free_plan_leads_to_the_active_membership(client):
    response = post(client, create_plan(price=Decimal(0)))

    page = client.get(response["Location"]).content.decode()
    assert "Votre adhésion est active du 23 novembre 2026 au 22 novembre 2027 inclus." in page


def test_two_clicks_are_one_application(client):
    plan, key = create_plan(), uuid4()

    first, second = post(client, plan, request_key=key), post(client, plan, request_key=key)

    assert first["Location"] == second["Location"]
    assert Application.objects.count() == 1


@pytest.mark.parametrize("fields", [{"is_open": False}, {"price": None}])
def test_a_closed_plan_is_refused_in_words(client, fields):
    response = post(client, create_plan(**fields))

    assert response.status_code == 409
    assert response.context["form"].non_field_errors() == [
        "On ne peut pas adhérer avec cette formule en ce moment."
    ]
    assert Application.objects.count() == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "x" * 300 + "@example.org"),
        ("email", ""),
        ("first_name", "Zoé\0"),
        ("last_name", "<script>"),
        ("last_name", "D" * 101),
        ("request_key", "1"),
    ],
)
def test_bad_input_is_refused_beside_its_field(client, field, value):
    response = post(client, create_plan(), **{field: value})

    assert response.status_code == 400
    assert list(response.context["form"].errors) == [field]
    assert (Application.objects.count(), Membership.objects.count()) == (0, 0)


def test_a_forgotten_application_says_that_it_is_closed(client):
    post(client, create_plan())
    application = Application.objects.get()
    application.abandon()

    assert "Cette demande est close" in client.get(application.get_absolute_url()).content.decode()


def test_an_application_is_reached_by_its_token_only(client):
    assert client.get(reverse("members:application", args=[uuid4()])).status_code == 404
