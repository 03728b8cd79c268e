from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MembersConfig(AppConfig):
    name = "members"
    verbose_name = _("adhésions")

    def ready(self) -> None:
        from members import receivers  # noqa: F401, PLC0415 - connects the signal once the models are loaded
