from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from events.models import Event, Registration
from iamm.demo import loading
from iamm.demo.loading import Load, Login
from members.models import Member, Membership
from payments.models import Charge, Payment


class Command(BaseCommand):
    help = (
        "Remplit une base vide de données de démonstration : adhésions, événements, inscriptions, paiements."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--members", type=int, default=120, help="combien d’adhérents (120)")
        parser.add_argument("--events", type=int, default=48, help="combien d’événements (48)")
        parser.add_argument("--seed", type=int, default=1, help="la même graine donne les mêmes données (1)")
        parser.add_argument(
            "--yes-this-is-demo-data",
            action="store_true",
            help="charger aussi hors de DEBUG=1 ; les mots de passe sont alors tirés au hasard",
        )
        parser.add_argument(
            "--force", action="store_true", help="charger aussi à côté de vrais adhérents, à vos risques"
        )

    def handle(self, **options: Any) -> None:
        load = Load(options["members"], options["events"], options["seed"])
        if loading.is_loaded(load):
            self.stdout.write("Ces données de démonstration sont déjà chargées : rien à faire.")
            return
        self.refuse_if_unwise(load, is_meant=options["yes_this_is_demo_data"], is_forced=options["force"])
        logins = loading.run(load, today=timezone.localdate(), report=self.report)
        self.summarise(logins)

    def refuse_if_unwise(self, load: Load, *, is_meant: bool, is_forced: bool) -> None:
        if load.members < 1 or load.events < 0:
            raise CommandError("Il faut au moins un adhérent, et un nombre d’événements positif ou nul.")
        if not settings.DEBUG and not is_meant:
            raise CommandError("Hors de DEBUG=1, confirmez par --yes-this-is-demo-data.")
        if loading.has_demo_accounts():
            raise CommandError(
                "D’autres données de démonstration sont déjà là (compte admin@example.org ou "
                "camille@example.org) : repartez d’une base vide."
            )
        if loading.has_real_members() and not is_forced:
            raise CommandError("La base contient de vrais adhérents : ajoutez --force si c’est voulu.")

    def report(self, what: str, done: int) -> None:
        self.stderr.write(f"{done} {what}…")

    def summarise(self, logins: list[Login]) -> None:
        counts = {
            "adhérents": Member.objects.count(),
            "adhésions": Membership.objects.count(),
            "événements": Event.objects.count(),
            "inscriptions": Registration.objects.count(),
            "sommes dues": Charge.objects.count(),
            "paiements": Payment.objects.count(),
        }
        self.stdout.write(", ".join(f"{count} {name}" for name, count in counts.items()) + ".")
        self.stdout.write(f"Comptes de démonstration, à ouvrir sur {settings.SITE_URL}/compte/login/ :")
        for login in logins:
            self.stdout.write(f"  {login.email}  mot de passe : {login.password}")
