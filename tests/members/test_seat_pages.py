from uuid import uuid4

import pytest
from django.urls import reverse

from mailing.models import Email
from members.models import Invitation, MailDomain, Mandate
from tests.factories import create_mandate, create_organisation, create_user

pytestmark = pytest.mark.django_db
ACCOUNT = reverse("account")
Role = Mandate.Role


@pytest.fixture
def organisation():
    return create_organisation("Coopérative d’essai", seats=3)


@pytest.fixture
def titular(organisation):
    user = create_user("titulaire@demo.example", first_name="Zoé", last_name="Démo")
    return create_mandate(organisation, user, is_voting=True)


@pytest.fixture
def signed_in(client, titular):
    client.force_login(titular.user)
    return client


def page(name, *args):
    return reverse(f"organisations:{name}", args=args)


def cockpit(organisation):
    return reverse("organisation", args=[organisation.pk])


# An invitation


@pytest.fixture
def invitation(organisation, titular):
    return organisation.invite("lou@example.org", by=titular.user)


def test_an_invitation_is_read_before_one_signs_in(client, invitation):
    read = client.get(invitation.get_absolute_url())

    assert "Zoé Démo vous invite" in read.text
    assert "Coopérative d’essai" in read.text
    assert 'href="/compte/signup/?email=lou%40example.org&amp;next=%2Fcompte%2Finvitations%2F' in read.text
    assert "Prendre ma place" not in read.text
    assert read.headers["Cache-Control"].startswith("max-age=0, no-cache, no-store")


def test_who_answers_signed_out_is_asked_to_sign_in_and_comes_back(client, invitation):
    answer = client.post(invitation.get_absolute_url())

    assert answer.url == f"{reverse('account_login')}?next={invitation.get_absolute_url()}"
    assert Mandate.objects.count() == 1


def test_a_person_without_an_account_signs_up_and_takes_the_seat(client, invitation):
    signup = client.get(reverse("account_signup"), {"email": "lou@example.org"})
    assert 'value="lou@example.org"' in signup.text

    client.force_login(create_user("lou@example.org"))
    client.post(invitation.get_absolute_url())

    assert Mandate.objects.filter(email="lou@example.org").count() == 1


def test_reading_an_invitation_takes_no_seat_and_posting_does(client, invitation):
    client.force_login(create_user("lou@example.org"))

    assert "Prendre ma place" in client.get(invitation.get_absolute_url()).text
    assert Mandate.objects.count() == 1
    assert client.post(invitation.get_absolute_url(), follow=True).redirect_chain == [(ACCOUNT, 302)]
    assert Mandate.objects.count() == 2


def test_somebody_else_s_account_is_told_whose_invitation_it_is(client, invitation):
    client.force_login(create_user("autre@example.org"))

    assert "ce compte est celui de autre@example.org" in client.get(invitation.get_absolute_url()).text
    answer = client.post(invitation.get_absolute_url())

    assert answer.status_code == 409
    assert "Votre compte n’a pas d’adresse vérifiée" in answer.text


def test_an_invitation_that_is_over_says_so(client, titular, invitation, time_machine_travel):
    user = create_user("lou@example.org")
    client.force_login(user)
    with time_machine_travel(days=15):
        assert "n’est plus valable depuis le" in client.get(invitation.get_absolute_url()).text
        assert client.post(invitation.get_absolute_url()).status_code == 409
    invitation.cancel(by=titular.user)

    assert "a été annulée" in client.get(invitation.get_absolute_url()).text
    assert client.post(invitation.get_absolute_url()).status_code == 409


def test_an_unknown_invitation_is_not_found(client):
    assert client.get(page("invitation", uuid4())).status_code == 404
    assert client.get(page("join_by_domain", uuid4())).status_code == 404


# A domain


def test_a_colleague_takes_a_seat_by_the_link(client, organisation, titular):
    domain = organisation.add_domain("demo.example", by=titular.user)
    assert "confirmée" in client.get(domain.get_absolute_url()).text
    assert client.post(domain.get_absolute_url()).url.startswith(reverse("account_login"))

    client.force_login(create_user("lou@demo.example"))
    assert "Votre adresse lou@demo.example est de ce domaine" in client.get(domain.get_absolute_url()).text
    assert client.post(domain.get_absolute_url()).url == ACCOUNT

    assert organisation.mandates.filter(email="lou@demo.example").count() == 1


def test_an_account_from_elsewhere_is_refused_in_words(client, organisation, titular):
    domain = organisation.add_domain("demo.example", by=titular.user)
    client.force_login(create_user("lou@example.org"))

    assert "qui n’est pas de ce domaine" in client.get(domain.get_absolute_url()).text
    assert client.post(domain.get_absolute_url()).status_code == 409


def test_a_closed_link_is_not_found(client, organisation, titular):
    domain = organisation.add_domain("demo.example", by=titular.user)
    domain.close(by=titular.user)

    assert client.get(domain.get_absolute_url()).status_code == 404


# What a representative does


def test_a_representative_invites(signed_in, organisation):
    answer = signed_in.post(page("invite", organisation.pk), {"email": "Lou@example.org", "role": "deputy"})

    assert answer.url == cockpit(organisation)
    assert list(Invitation.objects.values_list("email", "role")) == [("lou@example.org", "deputy")]


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"email": "pas une adresse", "role": "colleague"}, 400, "adresse"),
        ({"email": "lou@example.org", "role": "titular"}, 400, "titular"),
        ({"email": "titulaire@demo.example", "role": "colleague"}, 409, "a déjà une place"),
    ],
)
def test_a_bad_invitation_is_said_and_what_was_typed_stays(signed_in, organisation, fields, status, words):
    answer = signed_in.post(page("invite", organisation.pk), fields)

    assert answer.status_code == status
    assert words in answer.text
    assert f'value="{fields["email"]}"' in answer.text
    assert Invitation.objects.count() == 0


def test_an_invitation_is_sent_again_and_cancelled(signed_in, organisation, invitation, time_machine_travel):
    path = (organisation.pk, invitation.pk)
    with time_machine_travel(days=1):
        signed_in.post(page("send_again", *path))
    assert Email.objects.filter(to="lou@example.org").count() == 2

    signed_in.post(page("cancel_invitation", *path))
    again = signed_in.post(page("send_again", *path), follow=True)

    assert "n’est plus valable" in again.text
    assert Email.objects.filter(to="lou@example.org").count() == 2


def test_a_domain_is_added_or_refused_in_words_then_closed(signed_in, organisation):
    refused = signed_in.post(page("add_domain", organisation.pk), {"domain": "gmail.com"})
    assert (refused.status_code, "ouverte à tout le monde" in refused.text) == (409, True)
    wrong = signed_in.post(page("add_domain", organisation.pk), {"domain": "pas un domaine"})
    assert wrong.status_code == 400

    signed_in.post(page("add_domain", organisation.pk), {"domain": "lou@demo.example"})
    domain = MailDomain.objects.get()
    assert domain.domain == "demo.example"

    signed_in.post(page("close_domain", organisation.pk, domain.pk))
    assert MailDomain.objects.open().count() == 0


def test_a_mandate_is_changed(signed_in, organisation, titular):
    seat = create_mandate(organisation, role=Role.COLLEAGUE)
    fields = {"role": "deputy", "is_voting": "on", "ends_on": "2999-12-31"}

    assert signed_in.post(page("mandate", organisation.pk, seat.pk), fields).url == cockpit(organisation)

    seat.refresh_from_db()
    titular.refresh_from_db()
    assert (seat.role, seat.is_voting, seat.ends_on.year, titular.is_voting) == ("deputy", True, 2999, False)


def test_a_day_that_is_past_is_refused(signed_in, organisation):
    seat = create_mandate(organisation, role=Role.COLLEAGUE)

    answer = signed_in.post(
        page("mandate", organisation.pk, seat.pk), {"role": "colleague", "ends_on": "2020-01-01"}
    )

    assert answer.status_code == 400
    assert "Ce jour est passé" in answer.text


def test_the_last_representative_is_told_why_they_stay(signed_in, organisation, titular):
    answer = signed_in.post(page("mandate", organisation.pk, titular.pk), {"role": "colleague"})
    assert (answer.status_code, "au moins une personne" in answer.text) == (409, True)

    left = signed_in.post(page("leave", organisation.pk), follow=True)
    assert "au moins une personne" in left.text


def test_a_colleague_is_removed_after_a_confirmation(signed_in, organisation):
    seat = create_mandate(organisation, role=Role.COLLEAGUE)
    path = page("remove", organisation.pk, seat.pk)
    assert "Retirer la place de Lou Démo" in signed_in.get(path).text
    seat.refresh_from_db()
    assert seat.ends_on is None

    assert signed_in.post(path).url == cockpit(organisation)

    seat.refresh_from_db()
    assert seat.withdrawn_at
    assert signed_in.get(path).status_code == 404


def test_who_gives_up_representing_goes_back_to_their_account(signed_in, organisation, titular):
    create_mandate(organisation)

    answer = signed_in.post(page("mandate", organisation.pk, titular.pk), {"role": "colleague"})

    assert answer.url == ACCOUNT


def test_billing_data_is_checked_and_kept(signed_in, organisation):
    path = page("billing", organisation.pk)
    wrong = signed_in.post(path, {"siret": "12345678901234", "city": "Montpellier"})
    assert wrong.status_code == 400
    assert "un chiffre est faux" in wrong.text
    assert 'value="Montpellier"' in wrong.text

    signed_in.post(path, {"siret": "732 829 320 00074", "city": "Sète", "purchase_order": "BC-12"})

    organisation.refresh_from_db()
    assert (organisation.siret, organisation.city, organisation.purchase_order) == (
        "73282932000074",
        "Sète",
        "BC-12",
    )


def test_the_number_of_another_organisation_is_refused(signed_in, organisation):
    create_organisation("Autre", siret="73282932000074")

    answer = signed_in.post(page("billing", organisation.pk), {"siret": "73282932000074"})

    assert answer.status_code == 400
    assert "déjà celui d’une autre organisation" in answer.text


# Who may not


def addresses(organisation, titular):
    domain = organisation.add_domain("demo.example", by=titular.user)
    invitation = organisation.invite("lou@example.org", by=titular.user)
    return [
        *[page(name, organisation.pk) for name in ("invite", "add_domain", "billing")],
        *[page(name, organisation.pk, titular.pk) for name in ("mandate", "remove")],
        *[page(name, organisation.pk, invitation.pk) for name in ("send_again", "cancel_invitation")],
        page("close_domain", organisation.pk, domain.pk),
    ]


@pytest.mark.parametrize("role", [None, Role.COLLEAGUE])
def test_nobody_else_acts_for_the_organisation(client, organisation, titular, role):
    user = create_user()
    if role:
        create_mandate(organisation, user, role=role)
    client.force_login(user)

    assert {client.post(path).status_code for path in addresses(organisation, titular)} == {404}
    assert client.get(cockpit(organisation)).status_code == 404


def test_a_representative_does_not_reach_into_another_organisation(signed_in, organisation, titular):
    other = create_mandate(create_organisation("Autre", seats=3), create_user("autre@example.org"))
    theirs = other.organisation.invite("lou@example.org", by=other.user)

    paths = [
        page("mandate", organisation.pk, other.pk),
        page("remove", organisation.pk, other.pk),
        page("cancel_invitation", organisation.pk, theirs.pk),
        page("leave", other.organisation.pk),
    ]
    assert {signed_in.post(path).status_code for path in paths} == {404}
    other.refresh_from_db()
    assert other.withdrawn_at is None


def test_a_colleague_leaves_from_the_account(client, organisation, titular):
    user = create_user()
    seat = create_mandate(organisation, user, role=Role.COLLEAGUE)
    client.force_login(user)
    account = client.get(ACCOUNT).text
    assert page("leave", organisation.pk) in account
    assert f'href="{cockpit(organisation)}"' not in account

    assert "Rendre ma place" in client.get(page("leave", organisation.pk)).text
    client.post(page("leave", organisation.pk))

    seat.refresh_from_db()
    assert seat.withdrawn_at
    assert page("leave", organisation.pk) not in client.get(ACCOUNT).text
    assert client.get(page("leave", organisation.pk)).status_code == 404
