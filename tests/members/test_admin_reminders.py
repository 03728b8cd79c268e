"""The reminders in the admin: written by staff, seen as they will be read, and who gets them on a day."""

from datetime import date, timedelta

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from journal.models import Entry
from mailing import rules_admin
from mailing.models import Email, List, OptOut
from members.models import ReminderRule
from tests.admin import typed, unlabelled
from tests.factories import create_membership, create_organisation, create_plan, create_staff, create_user

pytestmark = pytest.mark.django_db
LIST = reverse("admin:members_reminderrule_changelist")
ADD = reverse("admin:members_reminderrule_add")
PREVIEW = reverse("admin:members_reminderrule_preview")
END = date(2026, 12, 31)


@pytest.fixture(autouse=True)
def _rules():
    with time_machine.travel("2026-12-20T12:00:00+01:00", tick=False):
        ReminderRule.objects.all().delete()
        for days in (-30, 0):
            ReminderRule.objects.create(days=days)
        yield


@pytest.fixture
def staff(client):
    client.force_login(create_staff())
    return client


def ending(member=None, **fields):
    joined_at = timezone.now() - timedelta(days=300)
    return create_membership(
        member, starts_on=date(2026, 1, 1), **{"ends_on": END, "created_at": joined_at} | fields
    )


def test_a_rule_is_written_and_its_message_shown_with_an_example(staff):
    form = staff.get(ADD)
    plan = create_plan(name="Étudiant")
    words = {"days": "-3", "subject": "Fin le {fin}", "text": "Bonjour {nom},\r\n\r\n{formule}, {jours}."}

    response = staff.post(ADD, typed(form, plan=plan.pk, **words), follow=True)

    assert unlabelled(form) == []
    rule = ReminderRule.objects.get(plan=plan)
    assert str(rule) == "3 jours avant"
    page = staff.get(reverse("admin:members_reminderrule_change", args=[rule.pk]))
    frame = reverse("admin:members_reminderrule_frame", args=[rule.pk])
    assert response.status_code == 200
    assert f'src="{frame}"' in page.text
    message = staff.get(frame)
    assert "Bonjour Camille Exemple," in message.text
    assert "Étudiant, 3 jours." in message.text
    assert "default-src 'none'" in message["Content-Security-Policy"]
    assert Email.objects.count() == 0
    assert Entry.objects.filter(action="created").count() == 1


def test_an_unknown_placeholder_is_refused_and_nothing_typed_is_lost(staff):
    form = staff.get(ADD)

    response = staff.post(ADD, typed(form, days="3", text="Bonjour {prenom}"))

    assert "Ce repère n’existe pas\u00a0: {prenom}." in response.text
    assert "Bonjour {prenom}</textarea>" in response.text
    assert ReminderRule.objects.count() == 2


def test_a_second_rule_for_the_same_day_is_refused(staff):
    response = staff.post(ADD, typed(staff.get(ADD), days="0"))

    assert "Il y a déjà une relance ce jour-là." in response.text
    assert ReminderRule.objects.count() == 2


def test_the_page_says_who_gets_what_and_why_the_others_do_not(staff):
    first = ending().member
    refusing = ending().member
    OptOut.objects.leave(refusing.email, List.RENEWALS)

    response = staff.get(PREVIEW)

    assert unlabelled(response) == []
    assert "1 personne recevra une relance" in response.text
    assert "30 jours avant\u00a0: 1" in response.text
    assert first.email in response.text
    assert "ne veut plus de relances\u00a0: 1" in response.text
    assert refusing.email not in response.text
    assert Email.objects.count() == 0


def test_it_looks_ahead_and_a_bad_day_is_said_beside_its_field(staff):
    ending()

    assert "le dernier jour\u00a0: 1" in staff.get(PREVIEW, {"on": "2027-01-03"}).text
    assert "0 personne" in staff.get(PREVIEW, {"on": "2026-11-01"}).text
    for day in ("2026-13-45", "0001-01-01", "9999-12-31", "x", ""):
        response = staff.get(PREVIEW, {"on": day})
        assert response.status_code == 400
        assert "errorlist" in response.text


def test_it_shows_so_many_and_counts_the_rest(staff, monkeypatch):
    monkeypatch.setattr(rules_admin, "SHOWN", 2)
    for _ in range(5):
        ending()

    page = staff.get(PREVIEW).text

    assert "5 personnes recevront une relance" in page
    assert "et 3 autres" in page


def test_it_costs_the_same_for_one_and_for_many(staff):
    def add():
        ending(create_organisation())
        ending()
        OptOut.objects.leave(ending().member.email, List.RENEWALS)

    add()
    staff.get(PREVIEW)
    with CaptureQueriesContext(connection) as one:
        staff.get(PREVIEW)
    for _ in range(10):
        add()
    with CaptureQueriesContext(connection) as many:
        staff.get(PREVIEW)

    assert len(many) == len(one)


@pytest.mark.parametrize(
    ("right", "statuses"),
    [(None, [403, 403, 403]), ("view_member", [200, 403, 403]), ("view_reminderrule", [403, 200, 200])],
)
def test_each_page_asks_for_its_right(client, right, statuses):
    user = create_user(is_staff=True, second_factor=True)
    if right:
        user.user_permissions.add(Permission.objects.get(content_type__app_label="members", codename=right))
    client.force_login(user)
    rule = ReminderRule.objects.first()

    pages = [PREVIEW, LIST, reverse("admin:members_reminderrule_frame", args=[rule.pk])]

    assert [client.get(page).status_code for page in pages] == statuses
