from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MembersConfig(AppConfig):
    name = "members"
    verbose_name = _("adhésions")

    def ready(self) -> None:
        from documents import tables  # noqa: PLC0415 - once the models are loaded
        from members import receivers  # noqa: F401, PLC0415 - connects the signal
        from members.exports import MemberTable  # noqa: PLC0415

        tables.register("members.members", MemberTable.asked, permission="members.export_member")
