from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.utils.translation import gettext_lazy as _


class IammConfig(AppConfig):
    default = True
    name = "iamm"
    verbose_name = _("portail")

    def ready(self) -> None:
        from iamm import checks, page_version  # noqa: F401, PLC0415 - they register once the settings are read


class AdminConfig(admin_apps.AdminConfig):
    default = False
    default_site = "iamm.admin_site.AdminSite"
