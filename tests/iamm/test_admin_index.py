from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from events.models import AccessNeed, Booking, Event
from iamm import staff
from iamm.management.commands.load_roles import ROLES
from mailing.models import Email
from payments.models import Charge
from tests.factories import (
    create_booking,
    create_charge,
    create_event,
    create_plan,
    create_staff,
    create_user,
)
from tests.members.test_admin import apply

pytestmark = pytest.mark.django_db
INDEX = reverse("admin:index")
State = Booking.State


@pytest.fixture(autouse=True)
def _every_legal_mention_is_filled(settings):
    settings.ASSOCIATION = dict.fromkeys(settings.ASSOCIATION, "oui")


def member_of(group):
    call_command("load_roles", stdout=None, verbosity=0)
    user = create_user(is_staff=True, second_factor=True)
    user.groups.add(Group.objects.get(name=group))
    return user


def make_everything_wait():
    apply(create_plan())
    create_booking(create_event(), state=State.REQUESTED)
    place = create_booking(create_event()).places[0]
    AccessNeed.objects.create(registration=place, text="Une place dans l’allée")
    create_booking(create_event(), state=State.HELD)
    charge = create_charge()
    charge.record_payment(method="cash", amount=charge.amount + 1, reference="trop")
    Charge.objects.filter(pk=create_charge().pk).update(created_at=timezone.now() - timedelta(days=16))
    create_event(status=Event.Status.DRAFT)
    create_booking(create_event(capacity=1), state=State.WAITING)
    Email.objects.update(state=Email.State.SENT)
    Email.objects.create(key="late", message_id="<late>", state=Email.State.FAILED)


EVERYTHING = [
    "1 demande d’adhésion attend son paiement",
    "1 réservation à valider",
    "1 besoin d’accessibilité sans réponse",
    "1 réservation attend son paiement",
    "1 remboursement à faire",
    "1 somme due depuis plus de 15 jours",
    "1 événement en brouillon",
    "1 événement complet avec une liste d’attente",
    "1 message bloqué",
]


def test_the_index_says_what_waits(client):
    make_everything_wait()
    client.force_login(create_staff())

    response = client.get(INDEX)

    assert [row.label for row in response.context["waiting"]] == EVERYTHING


def test_each_line_leads_to_a_list_of_just_these_rows(client):
    make_everything_wait()
    client.force_login(create_staff())

    lists = [client.get(row.url).context["cl"] for row in staff.waiting_for(create_staff())]

    assert [changelist.result_count for changelist in lists] == [1] * len(EVERYTHING)
    assert all(changelist.has_active_filters for changelist in lists)


def test_nothing_waiting_is_said_in_words(client):
    client.force_login(create_staff())

    response = client.get(INDEX)

    assert response.context["waiting"] == []
    assert "Rien pour le moment" in response.text


def test_missing_legal_mentions_are_named_to_a_superuser_only(settings):
    settings.ASSOCIATION |= {"rna": "", "siret": ""}

    (row,) = staff.waiting_for(create_staff())

    assert row.label == "2 mentions légales à remplir"
    assert row.detail == "numéro RNA, SIRET"
    assert staff.waiting_for(member_of("Trésorerie")) == []


def test_every_mention_of_the_association_has_a_name_for_staff(settings):
    assert set(staff.LEGAL_NAMES) | {"name"} == set(settings.ASSOCIATION)


@pytest.mark.parametrize(
    ("group", "seen"),
    [
        ("Bénévoles – événements", [1, 3, 6, 7]),
        ("Formations", [1, 3, 6, 7]),
        ("Accessibilité", [2, 6, 7]),
        ("Trésorerie", [0, 1, 3, 4, 5, 6, 7]),
    ],
)
def test_somebody_sees_only_what_they_may_see(group, seen):
    make_everything_wait()

    rows = staff.waiting_for(member_of(group))

    assert [row.label for row in rows] == [EVERYTHING[index] for index in seen]


def test_the_index_costs_the_same_whatever_waits(client):
    client.force_login(create_staff())
    make_everything_wait()
    client.get(INDEX)
    with CaptureQueriesContext(connection) as few:
        client.get(INDEX)
    for _ in range(5):
        make_everything_wait_again()

    with CaptureQueriesContext(connection) as many:
        client.get(INDEX)

    assert len(many) == len(few)


def make_everything_wait_again():
    apply(create_plan(), email=f"{uuid4()}@example.org")
    create_event(status=Event.Status.DRAFT)
    create_booking(create_event(capacity=1), state=State.WAITING)


def test_a_stranger_is_sent_to_sign_in_and_a_member_is_refused(client):
    anonymous = client.get(INDEX, follow=True)
    client.force_login(create_user())
    member = client.get(INDEX, follow=True)

    assert anonymous.redirect_chain[-1][0].startswith(reverse("account_login"))
    assert member.status_code == 403


def test_staff_without_any_right_see_an_empty_administration(client):
    make_everything_wait()
    client.force_login(create_user(is_staff=True, second_factor=True))

    response = client.get(INDEX)

    assert (response.context["waiting"], response.context["app_list"]) == ([], [])


def test_the_header_leads_back_to_the_site_and_to_the_security_of_the_account(client):
    client.force_login(create_staff())

    page = client.get(INDEX).text

    assert f'<a href="{reverse("home")}">Retour au site</a>' in page
    assert f'<a href="{reverse("mfa_index")}">Sécurité de mon compte</a>' in page
    assert "password_change" not in page


def test_a_password_is_changed_on_the_page_of_the_site(client):
    client.force_login(create_staff())

    response = client.get(reverse("admin:password_change"))

    assert response.headers["Location"] == reverse("account_change_password")


def test_loading_the_roles_again_gives_them_their_rights_back():
    call_command("load_roles", verbosity=0)
    group = Group.objects.get(name="Trésorerie")
    before = set(group.permissions.values_list("codename", flat=True))
    group.permissions.set([Permission.objects.get(codename="delete_user")])

    call_command("load_roles", verbosity=0)

    assert set(group.permissions.values_list("codename", flat=True)) == before
    assert Group.objects.count() == len(ROLES)


def test_each_right_of_a_role_exists():
    call_command("load_roles", verbosity=0)

    for name, rights in ROLES.items():
        wanted = {f"{verb}_{label.split('.')[1]}" for label, verbs in rights.items() for verb in verbs}
        found = Group.objects.get(name=name).permissions.values_list("codename", flat=True)
        assert set(found) == wanted


def test_only_one_role_reads_what_people_need_in_order_to_come():
    readers = [name for name, rights in ROLES.items() if "events.accessneed" in rights]

    assert readers == ["Accessibilité"]
