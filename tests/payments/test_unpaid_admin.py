"""What is not paid, in the list of charges: since when, reminded when, and a reminder that staff send now."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.urls import reverse

from mailing.models import Email
from payments import dunning
from payments.models import Charge, Line
from tests.admin import act, assert_same_queries, search, told
from tests.factories import create_charge, create_staff, create_user

pytestmark = pytest.mark.django_db
CHARGES = reverse("admin:payments_charge_changelist")
TODAY = date(2026, 6, 15)


@pytest.fixture(autouse=True)
def _day():
    with time_machine.travel(datetime(2026, 6, 15, 11, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def staff(client):
    client.force_login(create_staff())
    return client


def owing(due_on, **fields):
    charge = create_charge(due_on=due_on, **fields)
    charge.book(on=date(2026, 1, 5))
    return charge


def reminded():
    return sorted(Email.objects.filter(key__startswith="payments.reminder.").values_list("to", flat=True))


def test_charges_are_kept_by_how_long_they_have_been_due(staff):
    days = [
        date(2026, 6, 16),
        TODAY,
        date(2026, 5, 16),
        date(2026, 5, 15),
        date(2026, 4, 16),
        date(2026, 3, 17),
    ]
    coming, now, month, older, sixty, ninety = [owing(day) for day in days]
    oldest, booked = owing(date(2026, 3, 16)), owing(None)
    paid, cancelled = owing(date(2026, 3, 1)), owing(date(2026, 3, 1))
    paid.record_payment(method="cash", amount=Decimal(40), reference="C1")
    cancelled.cancel()

    found = {name: search(staff, CHARGES, age=name) for name in ("coming", "30", "60", "90", "older", "x")}

    assert found == {
        "coming": [coming],
        "30": [month, now],
        "60": [sixty, older],
        "90": [ninety],
        "older": [booked, oldest],
        "x": search(staff, CHARGES),
    }


def test_charges_are_kept_by_what_they_hold(staff):
    dues = create_charge()
    lines = [
        Line("gift", "Don", Decimal(5)),
        Line("gift", "Don encore", Decimal(5)),
        Line("dues", "Adhésion", Decimal(5)),
    ]
    mixed = Charge.open(name="Lou", email="lou@example.org", lines=lines, return_path="/")

    assert search(staff, CHARGES, nature="gift") == [mixed]
    assert search(staff, CHARGES, nature="dues") == [mixed, dues]
    assert search(staff, CHARGES, nature="training") == []


def test_the_list_says_since_when_and_the_last_reminder(staff):
    late, coming = owing(date(2026, 6, 3)), owing(date(2026, 7, 1))
    dunning.remind_now(late, on=date(2026, 6, 14))

    page = staff.get(CHARGES).text

    assert '<td class="field-due">03/06/2026, 12 jours</td>' in page
    assert '<td class="field-due">01/07/2026</td>' in page
    assert '<td class="field-reminded_on nowrap">14 juin 2026</td>' in page
    assert search(staff, CHARGES, o="6") == [late, coming]


def test_the_list_costs_the_same_for_one_and_for_many(staff):
    assert_same_queries(staff, CHARGES, lambda: owing(TODAY))


def test_staff_remind_now_after_a_question_and_each_refusal_is_said(staff):
    late, paid = owing(date(2026, 5, 1)), owing(date(2026, 5, 1))
    paid.record_payment(method="cash", amount=Decimal(40), reference="C1")

    asked = act(staff, CHARGES, "remind", late, paid)
    assert reminded() == []
    done = act(staff, CHARGES, "remind", late, paid, confirmed="yes")
    again = act(staff, CHARGES, "remind", late, confirmed="yes")

    assert "Envoyer ces relances" in asked.text
    assert reminded() == ["payeur@example.org"]
    assert told(done) == [f"{paid}\u00a0: plus rien n’est demandé.", "1 relance part."]
    assert told(again) == [f"{late}\u00a0: déjà relancée aujourd’hui."]


def test_the_page_of_a_charge_says_what_left_and_offers_a_reminder(staff):
    late = owing(date(2026, 5, 1))
    page = reverse("admin:payments_charge_change", args=[late.pk])
    assert "Relances parties" not in staff.get(page).text

    dunning.remind_now(late, on=TODAY)

    text = staff.get(page).text
    assert "15 juin 2026\u00a0: relance de l’équipe, en attente" in text
    assert 'value="Relancer maintenant"' in text
    assert reverse("admin:payments_extract_of_payer", args=[late.pk]) in text


def test_looking_at_charges_gives_no_right_to_remind(client):
    late = owing(date(2026, 5, 1))
    user = create_user(is_staff=True, second_factor=True)
    user.user_permissions.add(Permission.objects.get(codename="view_charge"))
    client.force_login(user)

    page = client.get(reverse("admin:payments_charge_change", args=[late.pk])).text
    act(client, CHARGES, "remind", late, confirmed="yes")

    assert "Relancer maintenant" not in page
    assert reminded() == []
