from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PartnersConfig(AppConfig):
    name = "partners"
    verbose_name = _("partenaires")

    def ready(self) -> None:
        from partners import receivers  # noqa: F401, PLC0415 - models must be loaded first
