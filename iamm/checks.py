from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register

FOLDER = "django.core.mail.backends.filebased.EmailBackend"


@register(Tags.security, deploy=True)
def mail_leaves(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Mail written to a folder counts as sent: right for a trial, a loss in production."""
    if settings.EMAIL_BACKEND != FOLDER:
        return []
    return [Warning("EMAIL_URL écrit le courriel dans un dossier : personne ne le recevra.", id="iamm.W001")]
