"""The account of whoever is signed in: their own, year by year, and nobody else's."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse

from tests.factories import create_charge, create_user
from tests.members.test_voters import text_of

pytestmark = pytest.mark.django_db


def page(year):
    return reverse("payments:extract", args=[year])


@pytest.fixture
def user(client):
    user = create_user("lou@example.org", first_name="Lou", last_name="Démo")
    for year, email in [(2024, "lou@example.org"), (2026, "lou@example.org"), (2026, "autre@example.org")]:
        with time_machine.travel(datetime(year, 3, 2, 11, tzinfo=UTC)):
            charge = create_charge(email=email)
            charge.record_payment(method="cheque", amount=Decimal(30), reference=f"{email}-{year}")
    with time_machine.travel(datetime(2026, 6, 1, 11, tzinfo=UTC)):
        client.force_login(user)
        yield user


def test_one_reads_what_was_asked_and_paid_with_the_balance_after_it(client, user):
    create_charge(email=user.email)  # a basket

    response = client.get(page(2026))

    extract = response.context["extract"]
    assert [(step.move.label, step.balance) for step in extract.steps] == [
        ("Adhésion", 50),
        ("Chèque lou@example.org-2026", 20),
    ]
    assert (extract.opening, extract.closing) == (10, 20)
    assert response.context["years"] == [2026, 2025, 2024]
    assert "autre@example.org" not in response.text
    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "same-origin"


def test_another_year_has_its_own_and_one_without_is_not_found(client, user):
    assert client.get(page(2024)).context["extract"].closing == 10
    assert [client.get(page(year)).status_code for year in (2025, 2023, 2027)] == [200, 404, 404]


def test_it_is_printed(client, user):
    response = client.get(reverse("payments:extract_pdf", args=[2026]))

    assert response["Content-Type"] == "application/pdf"
    assert "Lou Démo" in text_of(response)
    assert "no-store" in response["Cache-Control"]


def test_the_account_leads_to_it(client, user):
    assert f'href="{page(2026)}"' in client.get(reverse("account")).text


def test_who_owes_nothing_has_an_empty_one(client):
    client.force_login(create_user())
    year = datetime.now(UTC).year

    assert client.get(page(year)).context["extract"].steps == []


def test_a_stranger_signs_in_first(client):
    assert client.get(page(2026)).status_code == 302
