"""Staff enter the admin with a second factor only, however they sign in."""

from uuid import UUID

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib import admin
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from mailing.models import Email
from tests import factories

pytestmark = pytest.mark.django_db
PASSWORD = "un-mot-de-passe-long"
LOGIN, ADMIN, INDEX = reverse("account_login"), reverse("admin:index"), reverse("mfa_index")
AUTHENTICATE, DOOR = reverse("mfa_authenticate"), reverse("admin:login")


def _sign_in(client, email="equipe@example.org"):
    return client.post(LOGIN, {"login": email, "password": PASSWORD})


def _admin_addresses():
    """Every address of the admin, with 1 for whatever it names."""
    resolver = next(
        r for r in get_resolver().url_patterns if isinstance(r, URLResolver) and r.app_name == "admin"
    )

    def walk(patterns):
        for pattern in patterns:
            if isinstance(pattern, URLPattern):
                if pattern.name:
                    yield pattern
            else:
                yield from walk(pattern.url_patterns)

    for pattern in walk(resolver.url_patterns):
        names = list(pattern.pattern.converters) or [
            name for name in pattern.pattern.regex.groupindex if name != "url"
        ]
        values = {"app_label": "members", "token": UUID(int=1)}
        yield reverse(f"admin:{pattern.name}", kwargs={name: values.get(name, 1) for name in names})


def test_the_whole_admin_is_closed_to_staff_without_a_second_factor(client):
    client.force_login(factories.create_user(is_staff=True, is_superuser=True))

    addresses = list(_admin_addresses())

    assert len(addresses) > len(admin.site._registry) * 4
    assert {client.get(address).get("Location") for address in addresses} == {INDEX}


def test_the_whole_admin_is_closed_to_everybody_else(client):
    member = Client()
    member.force_login(factories.create_user())

    for address in _admin_addresses():
        assert client.get(address).status_code in {302, 404}
        assert member.get(address).status_code in {302, 403, 404}
        assert INDEX not in str(client.get(address).get("Location"))
    assert member.get(ADMIN, follow=True).status_code == 403


def test_the_admin_opens_with_a_second_factor(client):
    client.force_login(factories.create_staff())

    assert client.get(ADMIN).status_code == 200


def test_a_demonstration_may_do_without_second_factor(client, settings):
    settings.STAFF_WITHOUT_SECOND_FACTOR = True
    client.force_login(factories.create_user(is_staff=True, is_superuser=True))

    assert client.get(ADMIN).status_code == 200


def test_recovery_codes_alone_are_not_a_second_factor(client):
    user = factories.create_user(is_staff=True, is_superuser=True)
    RecoveryCodes.activate(user)
    client.force_login(user)

    assert client.get(ADMIN).url == INDEX


def test_staff_are_led_from_the_admin_through_the_set_up_and_back(client, totp_code):
    factories.create_user("equipe@example.org", is_staff=True, is_superuser=True)
    _sign_in(client)

    page = client.get(ADMIN, follow=True)
    assert "L’administration demande un second facteur" in page.text
    answer = client.get(reverse("mfa_activate_totp"))
    answer = client.post(answer.url, {"password": PASSWORD})
    assert answer.url == reverse("mfa_activate_totp")
    client.get(answer.url)
    answer = client.post(answer.url, {"code": totp_code(client.session["mfa.totp.secret"])})
    codes = client.get(answer.url)

    assert len(codes.context["unused_codes"]) == 10
    assert f'href="{ADMIN}"' in codes.text
    assert client.get(ADMIN).status_code == 200


def test_a_wrong_code_does_not_activate_the_app(client):
    user = factories.create_user("equipe@example.org")
    _sign_in(client)
    client.post(reverse("mfa_reauthenticate"), {})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    client.get(reverse("mfa_activate_totp"))

    answer = client.post(reverse("mfa_activate_totp"), {"code": "000000"})

    assert list(answer.context["form"].errors) == ["code"]
    assert not Authenticator.objects.filter(user=user).exists()


def test_adding_a_second_factor_asks_for_the_password_again(client):
    factories.create_user("equipe@example.org")
    _sign_in(client)

    for name in ("mfa_activate_totp", "mfa_add_webauthn", "mfa_generate_recovery_codes"):
        assert client.get(reverse(name)).url.startswith(reverse("account_reauthenticate"))


def test_sessions_opened_without_the_second_factor_end_when_it_arrives(
    client, totp_code, django_capture_on_commit_callbacks
):
    factories.create_user("equipe@example.org", is_staff=True, is_superuser=True)
    elsewhere = Client()
    for device in (elsewhere, client):
        _sign_in(device)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    client.get(reverse("mfa_activate_totp"))

    with django_capture_on_commit_callbacks(execute=True):
        code = totp_code(client.session["mfa.totp.secret"])
        client.post(reverse("mfa_activate_totp"), {"code": code})

    assert client.get(ADMIN).status_code == 200
    assert elsewhere.get(ADMIN).url.startswith(DOOR)
    assert elsewhere.get(reverse("account")).url.startswith(LOGIN)


@pytest.fixture
def secret():
    """The TOTP secret of a member of staff, equipe@example.org."""
    user = factories.create_user("equipe@example.org", is_staff=True, is_superuser=True)
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    RecoveryCodes.activate(user)
    return secret


def test_a_password_alone_opens_nothing_then_the_code_does(client, secret, totp_code):
    assert _sign_in(client).url == AUTHENTICATE
    assert client.get(ADMIN).url.startswith(DOOR)

    client.post(AUTHENTICATE, {"code": "000000"})
    assert client.get(ADMIN).url.startswith(DOOR)
    client.post(AUTHENTICATE, {"code": totp_code(secret)})

    assert client.get(ADMIN).status_code == 200


def test_a_code_by_mail_asks_for_the_second_factor_too(client, secret, totp_code, code_for):
    client.post(reverse("account_request_login_code"), {"email": "equipe@example.org"})

    answer = client.post(reverse("account_confirm_login_code"), {"code": code_for("equipe@example.org")})

    assert answer.url == AUTHENTICATE
    assert client.get(ADMIN).url.startswith(DOOR)
    client.post(AUTHENTICATE, {"code": totp_code(secret)})
    assert client.get(ADMIN).status_code == 200


def test_a_new_password_asks_for_the_second_factor_too(client, secret, code_for):
    client.post(reverse("account_reset_password"), {"email": "equipe@example.org"})
    client.post(reverse("account_confirm_password_reset_code"), {"code": code_for("equipe@example.org")})
    new = {"password1": "un-autre-mot-de-passe", "password2": "un-autre-mot-de-passe"}
    client.post(reverse("account_complete_password_reset"), new)

    answer = client.post(LOGIN, {"login": "equipe@example.org", "password": "un-autre-mot-de-passe"})

    assert answer.url == AUTHENTICATE


def test_a_recovery_code_opens_once(client, secret):
    authenticator = Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES)
    code = authenticator.wrap().get_unused_codes()[0]
    _sign_in(client)
    client.post(AUTHENTICATE, {"code": code})
    assert client.get(ADMIN).status_code == 200

    again = Client()
    _sign_in(again)
    again.post(AUTHENTICATE, {"code": code})

    assert again.get(ADMIN).url.startswith(DOOR)


def test_the_same_code_of_the_app_does_not_open_twice(client, secret, totp_code):
    code = totp_code(secret)
    _sign_in(client)
    client.post(AUTHENTICATE, {"code": code})

    again = Client()
    _sign_in(again)
    again.post(AUTHENTICATE, {"code": code})

    assert again.get(ADMIN).url.startswith(DOOR)


def test_taking_the_second_factor_away_closes_the_admin_and_warns(client, secret, totp_code):
    _sign_in(client)
    client.post(AUTHENTICATE, {"code": totp_code(secret)})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})

    client.post(reverse("mfa_deactivate_totp"))

    assert client.get(ADMIN).url == INDEX
    mail = Email.objects.first()
    assert (mail.to, mail.subject) == (
        "equipe@example.org",
        "L’application d’authentification est retirée de votre compte",
    )
