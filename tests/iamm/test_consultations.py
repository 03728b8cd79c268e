"""A member reads which of the staff opened their record or took it away."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from journal import trail
from members.models import Mandate, Member
from tests.factories import create_member, create_organisation, create_staff, create_user

pytestmark = pytest.mark.django_db
PAGE = reverse("consultation_list")


@pytest.fixture
def boss():
    return create_staff(first_name="Dominique", last_name="Bureau")


@pytest.fixture
def member(client):
    user = create_user("camille@example.org")
    client.force_login(user)
    return create_member(email="camille@example.org", user=user)


def shown(client):
    return [(entry.action, entry.object_id) for entry in client.get(PAGE).context["page"]]


def test_who_opened_the_record_and_who_took_it_away_are_named_with_their_role(client, member, boss):
    client_of_staff = client.__class__()
    client_of_staff.force_login(boss)
    client_of_staff.get(reverse("admin:members_member_change", args=[member.pk]))
    trail.record_many(
        [member.pk], trail.Action.EXPORTED, model=Member, actor=boss, note="Liste électorale au 3 mai, PDF"
    )

    page = client.get(PAGE)

    assert shown(client) == [("exported", member.pk), ("opened", member.pk)]
    assert page.text.count("Dominique Bureau, équipe de l’association") == 2
    assert "emportée dans un fichier (Liste électorale au 3 mai, PDF)" in page.text


def test_changes_and_the_records_of_others_are_not_there(client, member, boss):
    trail.record(member, trail.Action.CHANGED, actor=boss)
    trail.record(create_member(), trail.Action.OPENED, actor=boss)
    trail.record(boss, trail.Action.OPENED, actor=boss)

    assert shown(client) == []
    assert "Personne n’a ouvert votre fiche." in client.get(PAGE).text


def test_who_acts_for_an_organisation_sees_who_opened_its_record(client, member, boss):
    organisation = create_organisation("Coopérative")
    Mandate.objects.create(organisation=organisation, role="titular", user=member.user)
    colleague = create_organisation("Autre")
    Mandate.objects.create(organisation=colleague, role="colleague", user=member.user)
    for one in (organisation, colleague):
        trail.record(one, trail.Action.OPENED, actor=boss)

    assert shown(client) == [("opened", organisation.pk)]
    assert "fiche ouverte, Coopérative" in client.get(PAGE).text


def test_a_stranger_is_sent_to_sign_in(client):
    assert client.get(PAGE).headers["Location"].startswith(reverse("account_login"))


def test_the_account_leads_there(client, member):
    assert PAGE in client.get(reverse("account")).text


def test_the_page_holds_fifty_and_costs_the_same_for_one_and_for_many(client, member, boss):
    trail.record(member, trail.Action.OPENED, actor=boss)
    client.get(PAGE)
    with CaptureQueriesContext(connection) as one:
        client.get(PAGE)
    trail.record_many([member.pk] * 99, trail.Action.OPENED, model=Member, actor=boss)

    with CaptureQueriesContext(connection) as many:
        page = client.get(PAGE)

    assert len(page.context["page"]) == 50
    assert len(many) == len(one)
