"""The link of a reminder: who reads that mailbox may renew, without an account."""

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse

from mailing.models import Email
from members import renewals
from members.models import Application, Mandate, Member
from tests.admin import typed
from tests.factories import create_member, create_membership, create_organisation, create_plan, create_user

pytestmark = pytest.mark.django_db
NOW = "2026-12-20T12:00:00+01:00"


@pytest.fixture(autouse=True)
def _in_december():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def membership():
    plan = create_plan(price=Decimal(40), name="Soutien")
    return create_membership(plan=plan, starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31))


def page_of(client, token):
    return client.get(reverse("members:renew", args=[token]))


def token_of(membership):
    return renewals.token_for(membership.member, membership.plan)


def test_the_link_of_the_mail_opens_the_offer_that_follows_the_period(client, membership):
    membership.created_at -= timedelta(days=300)
    membership.save(update_fields=["created_at"])
    renewals.send_reminders(on=date(2026, 12, 24))
    [path] = re.findall(r"https?://[^/\s]+(/adherer/renouveler/\S+)", Email.objects.get().text)

    response = client.get(path)

    assert response.status_code == 200
    page = response.content.decode()
    assert str(membership.member) in page
    assert "1er\u00a0janvier 2027" in page
    assert "31 décembre 2027" in page
    assert "40,00" in page
    assert re.search(rf'href="{membership.plan.get_absolute_url()}\?lien=[\w%:-]+"', page)


def test_the_page_is_not_kept_not_indexed_and_tells_no_address(client, membership):
    response = page_of(client, token_of(membership))

    assert "no-store" in response["Cache-Control"]
    assert '<meta name="robots" content="noindex">' in response.content.decode()
    assert membership.member.email not in response.content.decode()
    assert membership.member.number not in response.content.decode()


def test_it_proves_the_member_for_sixty_days(membership):
    token = token_of(membership)

    assert renewals.member_of(token) == membership.member
    assert renewals.plan_of(token) == membership.plan
    with time_machine.travel("2027-02-18T11:59:00+01:00", tick=False):
        assert renewals.member_of(token) == membership.member
    with time_machine.travel("2027-02-18T12:01:00+01:00", tick=False):
        assert renewals.member_of(token) is None


@pytest.mark.parametrize("spoil", [lambda one: one[:-1] + "xx", lambda one: "", lambda one: "a:b:c"])
def test_a_forged_link_proves_nothing_and_says_so_kindly(client, membership, spoil):
    token = spoil(token_of(membership))

    assert renewals.member_of(token) is None
    if token:
        response = page_of(client, token)
        assert response.status_code == 404
        assert "Ce lien ne sert plus" in response.content.decode()


def test_a_link_for_something_else_is_no_link_to_renew(membership):
    from django.core import signing  # noqa: PLC0415

    payload = signing.loads(token_of(membership), salt=renewals.LINK_SALT)

    assert renewals.member_of(signing.dumps(payload, salt="something.else")) is None


def test_a_mailbox_that_is_no_longer_that_of_the_member_proves_nothing(membership):
    token = token_of(membership)
    membership.member.email = "nouvelle@example.org"
    membership.member.save(update_fields=["email"])

    assert renewals.member_of(token) is None


def test_who_no_longer_follows_the_dues_of_an_organisation_may_not_renew_for_it():
    organisation = create_organisation()
    contact = Mandate.objects.create(
        organisation=organisation, email="c@example.org", is_dues_contact=True, starts_on=date(2026, 1, 1)
    )
    token = renewals.token_for(organisation, create_plan(kind="organisation"))
    assert renewals.member_of(token) == organisation

    contact.end(on=date(2026, 12, 19))

    assert renewals.member_of(token) is None


def test_when_the_plan_is_closed_the_others_of_its_kind_are_offered_with_the_link_kept(client, membership):
    membership.plan.is_open = False
    membership.plan.save(update_fields=["is_open"])
    other = create_plan()
    create_plan(kind="organisation", name="Pour une entreprise")
    token = token_of(membership)

    page = page_of(client, token).content.decode()

    assert "La formule «\u00a0Soutien\u00a0» n’est plus proposée." in page
    assert f"{other.get_absolute_url()}?lien=" in page
    assert f"{membership.plan.get_absolute_url()}?lien=" not in page
    assert "Pour une entreprise" not in page


def test_who_has_renewed_already_is_told_that_there_is_nothing_to_pay(client, membership):
    create_membership(
        membership.member, plan=membership.plan, starts_on=date(2027, 1, 1), ends_on=date(2027, 12, 31)
    )

    page = page_of(client, token_of(membership)).content.decode()

    assert "Le renouvellement ouvrira le" in page
    assert "?lien=" not in page


def test_a_member_who_was_erased_is_none():
    member = create_member()
    token = renewals.token_for(member, create_plan())
    member.delete()

    assert renewals.member_of(token) is None


def test_a_link_that_somebody_else_opens_signed_in_tells_them_no_more_than_signed_out(client, membership):
    told = {"phone": "0601020304", "birth_year": 1980}
    Member.objects.filter(pk=membership.member_id).update(**told)
    address = f"{membership.plan.get_absolute_url()}?lien={token_of(membership)}"
    signed_out = client.get(address).context["form"]
    client.force_login(create_user("autre@example.org"))

    form = client.get(address).context["form"]

    known = {"first_name", "last_name", "email"}
    assert {name for name in form.initial if form.initial[name]} == known
    assert [form.initial[name] for name in known] == [signed_out.initial[name] for name in known]
    assert "wants_directory" not in form.fields


def test_one_renews_from_the_mailbox_alone_and_no_day_is_lost(client, membership):
    page = page_of(client, token_of(membership)).content.decode()
    [path] = re.findall(r'href="(/adherer/[^"]+\?lien=[^"]+)"', page)
    form = client.get(path)

    response = client.post(path, typed(form, last_name="Démo", first_name="Camille"))

    assert response.status_code == 302
    application = Application.objects.get()
    assert application.member == membership.member
    assert (application.starts_on, application.user) == (date(2027, 1, 1), None)
