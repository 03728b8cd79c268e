"""What somebody who has an account receives, address by address."""

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from mailing.models import List, OptOut
from tests.admin import told, unlabelled
from tests.factories import create_user

pytestmark = pytest.mark.django_db
URL = reverse("mailing:preferences")


@pytest.fixture
def user(client):
    user = create_user("camille@example.org")
    client.force_login(user)
    return user


def add_address(user, address, **fields):
    return EmailAddress.objects.create(user=user, email=address, **{"verified": True} | fields)


def refused():
    """Each known address with the lists it has left."""
    known = ["camille@example.org", "autre@example.org", "alex@example.org"]
    return {(one, left.value) for left in List for one in OptOut.objects.refusing(known, left)}


def save(client, address="camille@example.org", *lists, **kwargs):
    return client.post(URL, {"address": address, "lists": lists}, **kwargs)


def test_it_is_for_those_who_have_signed_in(client):
    answers = [client.get(URL), save(client)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert all(answer["Location"].startswith(reverse("account_login")) for answer in answers)
    assert OptOut.objects.count() == 0


def test_it_shows_what_each_verified_address_receives(client, user):
    add_address(user, "Autre@example.org")
    add_address(user, "pas-encore@example.org", verified=False)
    OptOut.objects.leave("autre@example.org", List.NEWS)

    page = client.get(URL)

    shown = {form.address: [str(one) for one in form.initial["lists"]] for form in page.context["forms"]}
    assert shown == {
        "camille@example.org": ["renewals", "news", "feedback"],
        "autre@example.org": ["renewals", "feedback"],
    }
    assert page.text.count("checked") == 5
    assert unlabelled(page) == []


def test_what_is_ticked_is_received_and_what_is_not_is_left(client, user):
    OptOut.objects.leave(user.email, List.NEWS)

    response = save(client, user.email, "news", "feedback", follow=True)

    assert refused() == {("camille@example.org", "renewals")}
    assert told(response) == ["C’est enregistré."]


def test_saving_one_address_leaves_the_others_as_they_are(client, user):
    add_address(user, "autre@example.org")
    OptOut.objects.leave("autre@example.org", List.NEWS)

    save(client, user.email)

    assert refused() == {("autre@example.org", "news")} | {(user.email, one.value) for one in List}


@pytest.mark.parametrize("address", ["alex@example.org", "autre@example.org", "", "Camille@example.org "])
def test_the_address_of_somebody_else_or_not_proved_yet_is_not_touched(client, user, address):
    create_user("alex@example.org")
    add_address(user, "autre@example.org", verified=False)

    response = save(client, address)

    assert response.status_code == 400
    assert told(response) == [
        "Cette adresse n’est pas à vous, ou n’est plus vérifiée\u00a0: rien n’a changé."
    ]
    assert refused() == set()


def test_a_list_that_we_have_not_is_refused_next_to_its_field(client, user):
    response = save(client, user.email, "news", "autre")

    assert response.status_code == 400
    assert "autre" in response.context["forms"][0].errors["lists"][0]
    assert refused() == set()


def test_an_account_without_a_verified_address_is_told_so(client, user):
    user.emailaddress_set.update(verified=False)

    page = client.get(URL)

    assert "Aucune adresse de ce compte n’est vérifiée." in page.text
    assert page.context["forms"] == []


def test_another_site_changes_nothing(user):
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)

    assert save(client).status_code == 403
    assert refused() == set()


def test_it_asks_the_same_queries_for_one_address_and_for_twenty(client, user):
    client.get(URL)
    with CaptureQueriesContext(connection) as one:
        client.get(URL)
    for number in range(19):
        add_address(user, f"adresse{number}@example.org")
    with CaptureQueriesContext(connection) as twenty:
        page = client.get(URL)

    assert (len(page.context["forms"]), len(twenty)) == (20, len(one))


def test_the_account_leads_to_it(client, user):
    assert f'href="{URL}"' in client.get(reverse("account")).text
