from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from accounts.models import User
from iamm import page_version
from iamm.demo import loading, people


class Command(BaseCommand):
    help = "Met la base au niveau de cette version du code. Sans risque à répéter ; avant le démarrage des processus."
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--demo", action="store_true", help="remplit une base vide de données de démonstration"
        )

    def handle(self, *, demo: bool, verbosity: int, **options: Any) -> None:
        call_command("migrate", verbosity=verbosity - 1)
        call_command("createcachetable", verbosity=verbosity - 1)
        call_command("load_founders", verbosity=verbosity, stdout=self.stdout)
        call_command("load_roles", verbosity=verbosity, stdout=self.stdout)
        page_version.renew()  # this version of the code may write the same pages in another way
        if demo:
            self.load_demo()

    def load_demo(self) -> None:
        if not User.objects.exists():
            call_command("load_demo", members=40, events=40, seed=1, stdout=self.stdout)
        elif loading.has_demo_accounts():
            self.stdout.write("Comptes de démonstration :")
            self.stdout.write(f"  {people.ADMIN.email}  mot de passe : {loading.ADMIN_PASSWORD}")
            self.stdout.write(f"  {people.CAMILLE.email}  mot de passe : {loading.CAMILLE_PASSWORD}")
