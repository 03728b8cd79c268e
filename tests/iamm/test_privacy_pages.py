"""Seeing, taking away, leaving and being forgotten, as a person does them."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from journal.models import Entry
from mailing.models import Email
from members.models import Mandate, Member
from tests import factories
from tests.iamm import somebody

pytestmark = pytest.mark.django_db
DATA, COPY, LEAVE, ERASE = (
    reverse(name) for name in ("personal_data", "personal_export_file", "leave", "erase")
)
PASSWORD = "un-mot-de-passe-long"


@pytest.fixture
def user():
    return factories.create_user("zoe@example.org", first_name="Zoé", last_name="Démo")


@pytest.fixture
def signed_in(client, user):
    """With a password that was typed just now."""
    client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return client


@pytest.mark.parametrize("path", [DATA, LEAVE, ERASE])
def test_a_stranger_is_asked_to_sign_in(client, path):
    assert client.get(path).url.startswith(reverse("account_login"))


def test_the_page_tells_each_family_its_number_and_its_duration(client):
    person = somebody.create_somebody()
    client.force_login(person)

    text = client.get(DATA).text

    for said in (
        "1 adhérent",
        "2 adresses",
        "Inscription à un événement",
        "1 an après l’événement.",
        "10 ans après",
    ):
        assert said in text
    assert "Intervenant d’un événement" not in text


def test_the_page_asks_as_much_of_the_database_for_many_rows_as_for_one(
    client, user, django_assert_num_queries
):
    client.force_login(user)
    factories.create_booking(factories.create_event(), email=user.email, user=user)
    client.get(DATA)
    with CaptureQueriesContext(connection) as few:
        client.get(DATA)
    for _ in range(8):
        factories.create_booking(factories.create_event(), email=user.email, user=user)
    with CaptureQueriesContext(connection) as many:
        client.get(DATA)

    assert len(many) == len(few)


# Leaving


def member_of(user, **fields):
    member = factories.create_member(user=user, email=user.email)
    factories.create_membership(member, **fields)
    return member


def test_a_member_resigns_today_without_anybody_s_leave(client, user, settings, run_commit_hooks, mailoutbox):
    settings.ASSOCIATION = {**settings.ASSOCIATION, "email": "contact@example.org"}
    member = member_of(user)
    client.force_login(user)
    assert "loi du 1er juillet 1901" in client.get(LEAVE).text

    with run_commit_hooks():
        response = client.post(LEAVE, {"choice": f"{member.pk}-today"}, follow=True)

    departure = member.departures.get()
    assert (departure.kind, departure.left_on) == ("resigned", timezone.localdate())
    assert (departure.recorded_by, "Votre démission est enregistrée" in response.text) == (user, True)
    assert [mail.to for mail in mailoutbox] == [["zoe@example.org"], ["contact@example.org"]]
    assert [entry.action for entry in Entry.objects.about(member)] == ["decided"]


def test_a_member_may_stay_until_what_is_paid_ends(client, user):
    member = member_of(user)
    client.force_login(user)

    client.post(LEAVE, {"choice": f"{member.pk}-end"})

    assert member.departures.get().left_on == member.memberships.get().ends_on
    assert member.is_current


def test_what_is_owed_is_shown_and_stays(client, user):
    charge = factories.create_charge(Decimal(40), email=user.email, user=user)
    member = member_of(user, charge=charge, credit_until=timezone.localdate() + timedelta(days=9))
    client.force_login(user)

    assert charge.get_absolute_url() in client.get(LEAVE).text
    client.post(LEAVE, {"choice": f"{member.pk}-today"})

    charge.refresh_from_db()
    assert charge.amount_due == 40


@pytest.mark.parametrize("choice", ["", "999999-today", "demain"])
def test_a_choice_that_is_not_one_changes_nothing(client, user, choice):
    member = member_of(user)
    other = factories.create_member()
    factories.create_membership(other)
    client.force_login(user)

    responses = [client.post(LEAVE, {"choice": choice}), client.post(LEAVE, {"choice": f"{other.pk}-today"})]

    assert [response.status_code for response in responses] == [400, 400]
    assert member.departures.count() == other.departures.count() == 0


def test_to_leave_twice_leaves_once(client, user):
    member = member_of(user)
    client.force_login(user)
    for _ in range(2):
        client.post(LEAVE, {"choice": f"{member.pk}-today"})

    assert member.departures.count() == 1


@pytest.mark.parametrize(("role", "may"), [("titular", True), ("deputy", False), ("colleague", False)])
def test_only_a_titular_takes_an_organisation_out(client, user, role, may):
    society = factories.create_organisation()
    factories.create_membership(society)
    Mandate.objects.create(organisation=society, role=role, user=user, email=user.email)
    client.force_login(user)

    client.post(LEAVE, {"choice": f"{society.pk}-today"})

    assert society.departures.exists() is may


# Being forgotten


def test_erasing_asks_for_the_password_again(client, user):
    client.force_login(user)

    assert client.get(ERASE).url.startswith(reverse("account_reauthenticate"))
    assert client.post(ERASE, {"word": "EFFACER"}).url.startswith(reverse("account_reauthenticate"))
    assert User.objects.filter(pk=user.pk).exists()


def test_an_account_without_a_password_signs_in_again_when_its_session_is_old(
    client, user, time_machine_travel
):
    user.set_unusable_password()
    user.save()
    client.force_login(user)
    assert client.get(ERASE).status_code == 200

    with time_machine_travel(minutes=16):
        response = client.get(ERASE)

    assert response.url == f"{reverse('account_request_login_code')}?next=%2Fcompte%2Fdonnees%2Feffacer%2F"
    assert "_auth_user_id" not in client.session


def test_a_person_is_erased_once_they_wrote_the_word(signed_in, user, run_commit_hooks, mailoutbox):
    page = signed_in.get(ERASE)
    assert "10 ans après la fin de l’année du paiement" in page.text.lower().replace("\u00a0", " ")
    refused = signed_in.post(ERASE, {"word": "oui"})
    assert (refused.status_code, User.objects.filter(pk=user.pk).exists()) == (400, True)
    mailoutbox.clear()

    with run_commit_hooks():
        response = signed_in.post(ERASE, {"word": " effacer "}, follow=True)

    assert response.redirect_chain == [(reverse("erased"), 302)]
    assert not User.objects.filter(pk=user.pk).exists()
    assert [(mail.to, mail.subject) for mail in mailoutbox] == [
        (["zoe@example.org"], "Vos données sont effacées")
    ]
    assert Email.objects.filter(to="zoe@example.org").count() == 0
    assert signed_in.get(DATA).status_code == 302


def test_what_is_to_be_done_first_is_said_and_nothing_is_erased(signed_in, user):
    booking = factories.register(factories.create_event(price=Decimal(20)), user.email, user=user)
    factories.pay(booking)

    page = signed_in.get(ERASE)
    posted = signed_in.post(ERASE, {"word": "EFFACER"})

    assert booking.get_absolute_url() in page.text
    assert (posted.status_code, User.objects.filter(pk=user.pk).exists()) == (409, True)


def test_staff_ask_a_colleague(client):
    staff = factories.create_user("equipe@example.org", is_staff=True)
    client.post(reverse("account_login"), {"login": staff.email, "password": PASSWORD})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})

    assert "Demandez à un ou une collègue" in client.get(ERASE).text


# By the staff


def test_staff_erase_on_request_and_the_journal_says_who(client, user):
    member = member_of(
        user,
        ends_on=timezone.localdate() - timedelta(days=5),
        starts_on=timezone.localdate() - timedelta(days=300),
    )
    staff = factories.create_staff()
    client.force_login(staff)
    url = reverse("admin:members_member_changelist")
    action = {"action": "erase_person", "_selected_action": [member.pk]}

    asked = client.post(url, action)
    assert "Effacer des personnes" in asked.text
    assert Member.objects.filter(email=user.email).exists()
    done = client.post(url, action | {"confirmed": "yes"}, follow=True)

    assert "1 personne effacée." in done.text
    assert not User.objects.filter(pk=user.pk).exists()
    entry = Entry.objects.about(member).filter(action="erased").get()
    assert entry.actor == staff


def test_staff_read_why_somebody_cannot_be_erased(client):
    staff = factories.create_staff()
    client.force_login(staff)
    url = reverse("admin:accounts_user_changelist")

    response = client.post(
        url, {"action": "erase_person", "_selected_action": [staff.pk], "confirmed": "yes"}, follow=True
    )

    assert "administre le portail" in response.text
    assert User.objects.filter(pk=staff.pk).exists()


def test_whoever_may_not_delete_accounts_does_not_see_the_act(client):
    helper = factories.create_user(is_staff=True, second_factor=True)
    helper.user_permissions.set(Permission.objects.filter(codename__in=["view_member", "change_member"]))
    client.force_login(helper)

    assert "erase_person" not in client.get(reverse("admin:members_member_changelist")).text


def test_what_others_call_a_user_session_is_told_in_plain_french(signed_in):
    text = signed_in.get(DATA).text

    assert "1 appareil connecté" in text
    assert "user session" not in text
