from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from iamm import translations


class Command(BaseCommand):
    help = (
        "Tient le catalogue anglais : --update relève les textes, --compile écrit les .mo, --check vérifie."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--update", action="store_true", help="relève les textes du code et des gabarits")
        parser.add_argument("--compile", action="store_true", help="écrit les fichiers .mo")
        parser.add_argument("--check", action="store_true", help="échoue s’il manque une traduction")

    def handle(self, **options: Any) -> None:
        if not (options["update"] or options["compile"] or options["check"]):
            raise CommandError("Précisez --update, --compile ou --check.")
        for code in translations.LANGUAGES:
            path = translations.po_path(code, settings.BASE_DIR)
            if options["update"]:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(translations.po_bytes(translations.up_to_date(code, settings.BASE_DIR)))
            if options["compile"]:
                catalog = translations.stored(code, settings.BASE_DIR)
                path.with_suffix(".mo").write_bytes(translations.mo_bytes(catalog))
        if options["check"]:
            found = [
                line
                for code in translations.LANGUAGES
                for line in translations.problems(code, settings.BASE_DIR)
            ]
            if found:
                raise CommandError("\n".join(found))
