from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EventsConfig(AppConfig):
    name = "events"
    verbose_name = _("événements")

    def ready(self) -> None:
        from events import receivers  # noqa: F401, PLC0415 - connects the signal once the models are loaded
