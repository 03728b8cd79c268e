from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PaymentsConfig(AppConfig):
    name = "payments"
    verbose_name = _("paiements")

    def ready(self) -> None:
        from documents import tables  # noqa: PLC0415 - once the apps are loaded
        from payments.extracts import ExtractTable  # noqa: PLC0415

        tables.register("payments.extract", ExtractTable.asked, permission="payments.view_payment")
