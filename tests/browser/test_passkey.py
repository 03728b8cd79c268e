import pytest
from allauth.mfa.models import Authenticator
from django.urls import reverse

from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "un-mot-de-passe-long"


@pytest.fixture
def phone(page):
    """A device that recognises its owner at once, as the passkeys of a phone do."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    authenticator = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def recognise(answer):
        session.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": answer})

    return recognise


@pytest.fixture
def signed_in(page, site, console):
    """A member of staff who has just typed their password, and is asked for a second factor."""
    user = factories.create_user("equipe@example.org", is_staff=True, is_superuser=True)
    page.goto(site + reverse("admin:index"))
    page.get_by_label("Adresse e-mail").fill(user.email)
    page.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Se connecter", exact=True).click()
    page.wait_for_url(f"**{reverse('mfa_index')}")
    return user


def _add_passkey(page):
    page.get_by_role("link", name="Ajouter une clé d’accès").click()
    page.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Continuer").click()
    page.get_by_role("button", name="Ajouter la clé d’accès").click()


def test_staff_add_a_passkey_then_enter_the_admin_with_it_alone(page, site, phone, signed_in):
    _add_passkey(page)
    page.get_by_role("link", name="C’est noté, ouvrir l’administration").click()
    assert page.url == site + reverse("admin:index")

    page.context.clear_cookies()
    page.goto(site + reverse("admin:index"))
    page.get_by_role("button", name="Utiliser une clé d’accès").click()
    page.wait_for_url(site + reverse("admin:index"))

    assert Authenticator.objects.get(type="webauthn").last_used_at is not None


def test_a_passkey_is_the_second_factor_after_a_password(page, site, phone, signed_in):
    _add_passkey(page)
    page.wait_for_url(f"**{reverse('mfa_view_recovery_codes')}")

    page.context.clear_cookies()
    page.goto(site + reverse("account_login"))
    page.get_by_label("Adresse e-mail").fill(signed_in.email)
    page.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Se connecter", exact=True).click()
    page.get_by_role("button", name="Utiliser ma clé d’accès").click()

    page.wait_for_url(site + reverse("account"))


def test_a_passkey_that_does_not_answer_is_said_in_words(page, site, phone, signed_in):
    phone(False)

    _add_passkey(page)

    alert = page.get_by_role("alert")
    alert.wait_for()
    assert alert.text_content() == (
        "La clé d’accès n’a pas répondu. Réessayez, ou choisissez un autre moyen."
    )
    assert not Authenticator.objects.exists()


def test_recovery_codes_are_copied(page, site, phone, signed_in):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    _add_passkey(page)

    page.get_by_role("button", name="Copier les codes").click()
    page.get_by_role("button", name="Codes copiés").wait_for()

    codes = page.evaluate("navigator.clipboard.readText()").split()
    assert codes == Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
