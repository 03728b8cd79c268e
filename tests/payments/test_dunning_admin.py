"""The reminders of unpaid sums in the admin: written by staff, seen as they will be read, and who gets them on a day."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from journal.models import Entry
from mailing import rules_admin
from mailing.models import Email
from payments.models import DunningRule
from tests.admin import typed, unlabelled
from tests.factories import create_charge, create_staff, create_user

pytestmark = pytest.mark.django_db
LIST = reverse("admin:payments_dunningrule_changelist")
ADD = reverse("admin:payments_dunningrule_add")
PREVIEW = reverse("admin:payments_dunningrule_preview")


@pytest.fixture(autouse=True)
def _day():
    with time_machine.travel(datetime(2026, 3, 1, 11, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def staff(client):
    client.force_login(create_staff())
    return client


def late(**fields):
    charge = create_charge(**fields)
    charge.book(on=date(2026, 2, 20))
    return charge


def test_three_rules_come_with_the_portal(staff):
    page = staff.get(LIST)

    assert [str(rule) for rule in page.context["cl"].result_list] == [
        "Premier rappel",
        "Deuxième rappel",
        "Dernier rappel",
    ]
    assert "15 jours après" in page.text


def test_a_rule_is_written_and_its_message_shown_with_an_example(staff):
    form = staff.get(ADD)
    words = {
        "name": "Avant",
        "days": "-3",
        "subject": "{montant}",
        "text": "Bonjour {nom}, {objet} le {echeance}.",
    }

    response = staff.post(ADD, typed(form, **words), follow=True)

    assert unlabelled(form) == []
    assert response.status_code == 200
    rule = DunningRule.objects.get(days=-3)
    frame = reverse("admin:payments_dunningrule_frame", args=[rule.pk])
    assert f'src="{frame}"' in staff.get(reverse("admin:payments_dunningrule_change", args=[rule.pk])).text
    message = staff.get(frame)
    assert "Bonjour Camille Exemple, Adhésion le 4 mars 2026." in message.text
    assert "default-src 'none'" in message["Content-Security-Policy"]
    assert Email.objects.count() == 0
    assert Entry.objects.filter(action="created").count() == 1


def test_a_bad_rule_is_refused_beside_its_fields_and_nothing_typed_is_lost(staff):
    words = {"name": "Encore", "days": "15", "text": "Bonjour {prenom}"}

    response = staff.post(ADD, typed(staff.get(ADD), **words))

    assert "Ce repère n’existe pas\u00a0: {prenom}." in response.text
    assert "Il y a déjà une relance ce jour-là." in response.text
    assert "Bonjour {prenom}</textarea>" in response.text
    assert DunningRule.objects.count() == 3


def test_the_page_says_which_sums_and_why_the_others_are_not(staff):
    first, contested = late(), late()
    type(contested).objects.filter(pk=contested.pk).update(contested_at=datetime(2026, 2, 25, tzinfo=UTC))
    create_charge()  # a basket

    page = staff.get(PREVIEW)

    assert unlabelled(page) == []
    assert "1 somme sera relancée" in page.text
    assert "Premier rappel (3 jours après)\u00a0: 1" in page.text
    assert "1 somme due vers ce jour ne le sera pas" in page.text
    assert "Contestée ou reprise\u00a0: à vous de décider\u00a0: 1" in page.text
    assert [str(one.charge) for one in page.context["found"].due] == [str(first)]
    assert page.text.count("<td>40,00\u00a0€</td>") == 2
    assert Email.objects.count() == 0


def test_it_looks_ahead_shows_so_many_and_counts_the_rest(staff, monkeypatch):
    monkeypatch.setattr(rules_admin, "SHOWN", 2)
    monkeypatch.setattr("payments.admin.dunning.SHOWN", 2)
    for _ in range(5):
        late()

    page = staff.get(PREVIEW, {"on": "2026-03-10"}).text

    assert "5 sommes seront relancées" in page
    assert "Deuxième rappel (15 jours après)\u00a0: 5" in page
    assert "et 3 autres" in page
    assert staff.get(PREVIEW, {"on": "hier"}).status_code == 400


def test_it_costs_the_same_for_one_and_for_many(staff):
    late()
    staff.get(PREVIEW)
    with CaptureQueriesContext(connection) as one:
        staff.get(PREVIEW)
    for _ in range(10):
        late()
    with CaptureQueriesContext(connection) as many:
        staff.get(PREVIEW)

    assert len(many) == len(one)


@pytest.mark.parametrize(
    ("right", "statuses"),
    [(None, [403, 403, 403]), ("view_charge", [200, 403, 403]), ("view_dunningrule", [403, 200, 200])],
)
def test_each_page_asks_for_its_right(client, right, statuses):
    user = create_user(is_staff=True, second_factor=True)
    if right:
        user.user_permissions.add(Permission.objects.get(content_type__app_label="payments", codename=right))
    client.force_login(user)
    pages = [
        PREVIEW,
        LIST,
        reverse("admin:payments_dunningrule_frame", args=[DunningRule.objects.first().pk]),
    ]

    assert [client.get(page).status_code for page in pages] == statuses
