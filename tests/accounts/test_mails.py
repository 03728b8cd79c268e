"""What sign-in writes: our words, a reason, and nothing left to read once it has gone."""

import pytest
from allauth.account.adapter import get_adapter
from allauth.core import context
from django.core import mail
from django.template.loader import get_template
from django.urls import reverse
from django.utils import timezone

from mailing import delivery
from mailing.models import Email
from tests import factories

pytestmark = pytest.mark.django_db
TEMPLATES = [
    "account/email/account_already_exists",
    "account/email/email_changed",
    "account/email/email_confirmation",
    "account/email/email_confirmation_signup",
    "account/email/email_deleted",
    "account/email/login_code",
    "account/email/password_changed",
    "account/email/password_reset",
    "account/email/password_reset_code",
    "account/email/password_set",
    "account/email/unknown_account",
    "mfa/email/recovery_codes_generated",
    "mfa/email/totp_activated",
    "mfa/email/totp_deactivated",
    "mfa/email/webauthn_added",
    "mfa/email/webauthn_removed",
]
CONTEXT = {
    "code": "ABCD-EFGH",
    "timestamp": timezone.now(),
    "ip": "192.0.2.1",
    "user_agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0",
    "from_email": "ancienne@example.org",
    "to_email": "nouvelle@example.org",
    "deleted_email": "ancienne@example.org",
}


@pytest.mark.parametrize("template", TEMPLATES)
def test_each_mail_greets_says_why_it_comes_and_is_secret(rf, template):
    with context.request_context(rf.get("/")):
        get_adapter().send_mail(template, "alex@example.org", CONTEXT)

    email = Email.objects.get()
    paragraphs = email.text.strip().split("\n\n")
    assert paragraphs[0] == "Bonjour,"
    assert paragraphs[-1].startswith("Vous recevez ce message parce qu")
    assert email.is_secret
    assert "example.com" not in email.text
    assert get_template(f"{template}_message.txt").origin.loader_name.endswith("filesystem.Loader")


def test_the_mail_with_a_code_is_short_and_complete(client, code_for):
    factories.create_user("alex@example.org")

    client.post(reverse("account_request_login_code"), {"email": "alex@example.org"})

    email = Email.objects.get()
    assert email.subject == "Votre code de connexion"
    assert email.text == (
        "Bonjour,\n\n"
        "Voici votre code de connexion\u00a0:\n\n"
        f"{code_for('alex@example.org')}\n\n"
        "Saisissez-le sur la page restée ouverte\u202f; il est valable 15\u00a0minutes. "
        "Ne le donnez à personne\u00a0: nous ne vous le demanderons jamais.\n\n"
        "Vous recevez ce message parce qu’une connexion a été demandée avec cette adresse. "
        "Si ce n’était pas vous, ignorez-le\u00a0: sans ce code, personne n’entre dans votre compte.\n"
    )


def test_the_mail_about_a_change_says_when_and_from_where(rf):
    with context.request_context(rf.get("/")):
        get_adapter().send_mail("mfa/email/totp_activated", "alex@example.org", CONTEXT)

    text = Email.objects.get().text
    assert "- Depuis l’adresse IP 192.0.2.1\n- Avec le navigateur Firefox, Windows\n" in text
    assert "Changer mon mot de passe\u00a0:\nhttp://localhost:8000/compte/password/reset/" in text


def test_links_lead_to_this_site_whatever_host_the_request_named(client):
    client.post(
        reverse("account_request_login_code"),
        {"email": "inconnue@example.org"},
        headers={"host": "127.0.0.1"},
    )

    assert "Créer un compte\u00a0:\nhttp://localhost:8000/compte/signup/" in Email.objects.get().text


def test_nothing_of_a_code_remains_once_sent(client, code_for):
    factories.create_user("alex@example.org")
    client.post(reverse("account_request_login_code"), {"email": "alex@example.org"})
    code = code_for("alex@example.org")

    delivery.deliver_due()

    assert code in mail.outbox[0].body
    email = Email.objects.get()
    assert (email.to, email.subject, email.text, email.html) == ("", "", "", "")


def test_staff_cannot_read_a_code_that_waits_to_be_sent(client, code_for):
    factories.create_user("alex@example.org")
    client.post(reverse("account_request_login_code"), {"email": "alex@example.org"})
    code, email = code_for("alex@example.org"), Email.objects.get()
    client.force_login(factories.create_staff())

    pages = [
        client.get(reverse("admin:mailing_email_change", args=[email.pk])),
        client.get(reverse("admin:mailing_email_changelist")),
    ]

    assert [page.status_code for page in pages] == [200, 200]
    assert [code in page.text for page in pages] == [False, False]
