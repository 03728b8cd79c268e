from typing import Any
from uuid import uuid4

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from mailing import outbox

WRONG_CODE = _("Ce n’est pas le bon code\u00a0: vérifiez-le, ou demandez-en un autre.")


class AccountAdapter(DefaultAccountAdapter):
    """Sends allauth's mails through the outbox. They hold codes, so they are stored as secrets."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _("L’adresse e-mail ou le mot de passe n’est pas le bon."),
        "incorrect_code": WRONG_CODE,
        "too_many_login_attempts": _("Trop d’essais. Attendez quelques minutes, puis réessayez."),
        "rate_limited": _("Trop de demandes. Attendez quelques minutes, puis réessayez."),
    }

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        context = {**context, "email": email, "code_minutes": settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT // 60}
        outbox.queue(
            template_prefix,
            to=email,
            context=context,
            key=f"accounts.{uuid4()}",
            language=outbox.current_language(),
            is_secret=True,
        )


class MFAAdapter(DefaultMFAAdapter):
    """Names the association, not its host, in what the phone shows for a passkey."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _(
            "Ce n’est pas le bon code\u00a0: il change toutes les trente secondes, réessayez."
        ),
    }

    def _get_site_name(self) -> str:
        return str(settings.ASSOCIATION["name"])
