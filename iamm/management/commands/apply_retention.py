from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import ngettext

from iamm import retention, retention_night


class Command(BaseCommand):
    help = "Efface ce que la politique de conservation ne garde plus (iamm/retention.py). La tâche de la nuit fait de même."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="compte, et n’efface rien")

    def handle(self, *, dry_run: bool, **options: Any) -> None:
        done = {} if dry_run else retention_night.apply()
        for rule in retention.POLICY:
            if rule.task:
                said = f"{rule.kept} (tâche {rule.task})"
            elif rule.due is None:
                said = str(rule.kept)
            elif dry_run:
                count = rule.count()
                said = ngettext("%d ligne à effacer", "%d lignes à effacer", count) % count
            else:
                count = done[rule.slug]
                said = ngettext("%d ligne effacée", "%d lignes effacées", count) % count
            self.stdout.write(f"{rule.title}\u00a0: {said}")
