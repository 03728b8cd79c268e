import re
from unittest import mock

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.test import Client
from django.urls import reverse

from accounts.models import User
from mailing.models import Email
from tests import factories

pytestmark = pytest.mark.django_db
PASSWORD = "un-mot-de-passe-long"
LOGIN, SIGNUP = reverse("account_login"), reverse("account_signup")
REQUEST_CODE, CONFIRM_CODE = reverse("account_request_login_code"), reverse("account_confirm_login_code")
RESET, CONFIRM_RESET = reverse("account_reset_password"), reverse("account_confirm_password_reset_code")


def test_signing_up_asks_for_the_code_then_opens_the_account(client, code_for, is_signed_in):
    answer = client.post(SIGNUP, {"email": "Nouvelle@Example.org", "password1": PASSWORD})

    assert answer.url == reverse("account_email_verification_sent")
    assert not is_signed_in(client)
    answer = client.post(answer.url, {"code": code_for("nouvelle@example.org")})
    assert answer.url == reverse("account")
    assert is_signed_in(client)
    assert EmailAddress.objects.get(email="nouvelle@example.org").verified


def test_an_account_whose_address_is_not_proved_does_not_open(client, is_signed_in):
    client.post(SIGNUP, {"email": "nouvelle@example.org", "password1": PASSWORD})
    stranger = Client()

    stranger.post(LOGIN, {"login": "nouvelle@example.org", "password": PASSWORD})

    assert not is_signed_in(stranger)


@pytest.mark.parametrize("password", ["court", "1234567890123", "nouvelle@example.org"])
def test_a_weak_password_is_refused(client, password):
    answer = client.post(SIGNUP, {"email": "nouvelle@example.org", "password1": password})

    assert list(answer.context["form"].errors) == ["password1"]
    assert not User.objects.exists()


def test_password_opens_the_account_whatever_the_case_of_the_address(client, is_signed_in):
    factories.create_user("alex@example.org")

    answer = client.post(LOGIN, {"login": "Alex@Example.ORG", "password": PASSWORD})

    assert answer.url == reverse("account")
    assert is_signed_in(client)


def test_signing_in_goes_on_to_the_page_that_was_asked_for_and_nowhere_else(client):
    factories.create_user("alex@example.org")
    credentials = {"login": "alex@example.org", "password": PASSWORD}

    answer = client.post(f"{LOGIN}?next=/contact/", credentials)
    assert answer.url == "/contact/"
    answer = Client().post(f"{LOGIN}?next=https://pirate.example.com/", credentials)
    assert answer.url == reverse("account")


@pytest.mark.parametrize("remember", [True, False])
def test_the_session_lasts_only_when_asked_to(client, remember):
    factories.create_user("alex@example.org")

    data = {"login": "alex@example.org", "password": PASSWORD} | ({"remember": "on"} if remember else {})
    client.post(LOGIN, data)

    assert client.session.get_expire_at_browser_close() is not remember


def test_five_wrong_passwords_close_the_door_to_the_right_one(client, is_signed_in):
    factories.create_user("alex@example.org")
    for _ in range(5):
        client.post(LOGIN, {"login": "alex@example.org", "password": "faux"})

    answer = client.post(LOGIN, {"login": "alex@example.org", "password": PASSWORD})

    assert answer.context["form"].non_field_errors() == [
        "Trop d’essais. Attendez quelques minutes, puis réessayez."
    ]
    assert not is_signed_in(client)


def test_a_code_by_mail_opens_the_account(client, code_for, is_signed_in):
    factories.create_user("alex@example.org")

    answer = client.post(REQUEST_CODE, {"email": "Alex@example.org"})
    answer = client.post(answer.url, {"code": code_for("alex@example.org").lower().replace("-", " ")})

    assert answer.url == reverse("account")
    assert is_signed_in(client)


def test_a_wrong_code_is_refused_and_the_third_ends_the_try(client, code_for, is_signed_in):
    factories.create_user("alex@example.org")
    client.post(REQUEST_CODE, {"email": "alex@example.org"})

    answers = [client.post(CONFIRM_CODE, {"code": "AAAA-BBBB"}) for _ in range(3)]
    client.post(CONFIRM_CODE, {"code": code_for("alex@example.org")})

    assert [answer.status_code for answer in answers] == [200, 200, 302]
    assert not is_signed_in(client)


def test_another_code_can_be_asked_for_and_replaces_the_first(client, code_for, is_signed_in):
    factories.create_user("alex@example.org")
    client.post(REQUEST_CODE, {"email": "alex@example.org"})
    first = code_for("alex@example.org")

    client.post(CONFIRM_CODE, {"action": "resend"})

    client.post(CONFIRM_CODE, {"code": first})
    assert not is_signed_in(client)
    client.post(CONFIRM_CODE, {"code": code_for("alex@example.org")})
    assert is_signed_in(client)


def test_an_account_made_by_staff_opens_with_a_code(client, code_for, is_signed_in):
    user = User.objects.create_user("alex@example.org")
    EmailAddress.objects.create(user=user, email=user.email, primary=True)

    client.post(REQUEST_CODE, {"email": "alex@example.org"})
    client.post(CONFIRM_CODE, {"code": code_for("alex@example.org")}, follow=True)

    assert is_signed_in(client)
    assert User.objects.get().verified_emails == ["alex@example.org"]


def test_a_disabled_account_stays_closed(client, is_signed_in):
    factories.create_user("alex@example.org", is_active=False)

    answer = client.post(LOGIN, {"login": "alex@example.org", "password": PASSWORD}, follow=True)

    assert answer.status_code == 200
    assert not is_signed_in(client)


def test_a_forgotten_password_is_replaced_with_a_code(client, code_for, is_signed_in):
    user = factories.create_user("alex@example.org")
    elsewhere = Client()
    elsewhere.force_login(user)

    answer = client.post(RESET, {"email": "alex@example.org"})
    answer = client.post(answer.url, {"code": code_for("alex@example.org")})
    new = {"password1": "un-autre-mot-de-passe", "password2": "un-autre-mot-de-passe"}
    client.post(answer.url, new)

    user.refresh_from_db()
    assert user.check_password("un-autre-mot-de-passe")
    assert elsewhere.get(reverse("account")).status_code == 302
    assert Email.objects.first().subject == "Votre mot de passe a changé"


def test_the_reset_form_is_closed_without_the_code(client):
    factories.create_user("alex@example.org")
    client.post(RESET, {"email": "alex@example.org"})

    answer = client.get(reverse("account_complete_password_reset"))

    assert answer.url == CONFIRM_RESET


def test_the_new_address_takes_over_once_proved_and_the_old_one_is_told(client, code_for):
    user = factories.create_user("ancienne@example.org")
    client.post(LOGIN, {"login": "ancienne@example.org", "password": PASSWORD})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})

    answer = client.post(reverse("account_email"), {"email": "nouvelle@example.org", "action_add": ""})
    user.refresh_from_db()
    assert user.email == "ancienne@example.org"
    client.post(answer.url, {"code": code_for("nouvelle@example.org")})

    user.refresh_from_db()
    assert user.email == "nouvelle@example.org"
    assert user.verified_emails == ["nouvelle@example.org"]
    assert Email.objects.filter(to="ancienne@example.org").first().subject == (
        "L’adresse e-mail de votre compte a changé"
    )


def test_signing_out_asks_first_and_ends_the_session(client, is_signed_in):
    client.force_login(factories.create_user())

    assert client.get(reverse("account_logout")).status_code == 200
    assert is_signed_in(client)
    answer = client.post(reverse("account_logout"))
    assert answer.url == "/"
    assert not is_signed_in(client)


def test_other_devices_can_be_signed_out(is_signed_in):
    factories.create_user("alex@example.org")
    here, there = Client(headers={"user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}), Client()
    for device in (here, there):
        device.post(LOGIN, {"login": "alex@example.org", "password": PASSWORD})

    page = here.get(reverse("usersessions_list"))
    assert page.context["session_count"] == 2
    assert "Firefox, Linux" in page.text
    here.post(reverse("usersessions_list"))

    assert here.get(reverse("account")).status_code == 200
    assert there.get(reverse("account")).status_code == 302


# What is answered never says whether an address has an account


def _what_a_stranger_sees(url, data, address):
    """The pages, without what changes by itself: the token of the form, the address typed."""
    answer = Client().post(url, data, follow=True)
    text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", answer.text).replace(address, "adresse")
    return answer.redirect_chain, text


@pytest.mark.parametrize("url", [REQUEST_CODE, RESET])
def test_known_and_unknown_addresses_get_the_same_pages(url):
    factories.create_user("connue@example.org")

    known = _what_a_stranger_sees(url, {"email": "connue@example.org"}, "connue@example.org")
    unknown = _what_a_stranger_sees(url, {"email": "inconnue@example.org"}, "inconnue@example.org")

    assert known == unknown
    assert Email.objects.get(to="inconnue@example.org").subject == "Aucun compte avec cette adresse"


def test_signing_up_with_a_known_address_gets_the_same_pages_and_a_mail_to_its_owner():
    factories.create_user("connue@example.org")

    seen = [
        _what_a_stranger_sees(SIGNUP, {"email": address, "password1": PASSWORD}, address)
        for address in ("connue@example.org", "inconnue@example.org")
    ]

    assert seen[0] == seen[1]
    assert Email.objects.get(to="connue@example.org").subject == "Vous avez déjà un compte"


def test_a_wrong_code_gets_the_same_page_for_a_known_and_an_unknown_address():
    factories.create_user("connue@example.org")
    seen = []
    for address in ("connue@example.org", "inconnue@example.org"):
        stranger = Client()
        stranger.post(REQUEST_CODE, {"email": address})
        answer = stranger.post(CONFIRM_CODE, {"code": "AAAA-BBBB"})
        text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", answer.text).replace(address, "adresse")
        seen.append((answer.status_code, text))

    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    ("url", "field", "expected"), [(SIGNUP, "email", 1), (LOGIN, "login", 1), (REQUEST_CODE, "email", 0)]
)
def test_known_and_unknown_addresses_cost_the_same_slow_hashes(url, field, expected):
    """A password hash takes a hundred times longer than anything else here: its count is what a clock could tell."""
    factories.create_user("connue@example.org")
    counts = []
    for address in ("connue@example.org", "inconnue@example.org"):
        password = "faux-mais-assez-long"
        with (
            mock.patch("django.contrib.auth.base_user.make_password", wraps=make_password) as made,
            mock.patch(
                "django.contrib.auth.hashers.MD5PasswordHasher.verify", return_value=False
            ) as verified,
        ):
            Client().post(url, {field: address, "password": password, "password1": password})
        counts.append(made.call_count + verified.call_count)

    assert counts == [expected, expected]
