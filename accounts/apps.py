from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("comptes")

    def ready(self) -> None:
        from accounts import receivers  # noqa: F401, PLC0415 - connects the signal once the models are loaded
