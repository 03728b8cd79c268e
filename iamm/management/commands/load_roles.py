from typing import Any

from django.contrib.auth.models import Group, Permission
from django.core.management.base import BaseCommand
from django.db import transaction
from django.db.models import Q

WRITE = ["view", "add", "change", "delete"]
EVENTS = {
    "events.event": ["view", "add", "change"],
    "events.price": WRITE,
    "events.promocode": WRITE,
    "events.question": WRITE,
    "events.appearance": WRITE,
    "events.slot": WRITE,
    "events.resource": WRITE,
    "events.speaker": ["view", "add", "change"],
    "events.series": ["view"],
    "events.booking": ["view", "change"],
    "events.registration": ["view", "change"],
    "events.answer": ["view"],
    "events.reminderrule": WRITE,
    "events.feedback": ["view"],
    "events.groupmessage": ["view", "add", "delete"],
    "events.audience": ["view"],
    "events.training": ["view"],
    "events.theme": ["view", "add", "change"],
    "partners.partner": ["view"],
}
ROLES: dict[str, dict[str, list[str]]] = {
    "Bénévoles – événements": EVENTS,
    "Formations": EVENTS | {"events.training": ["view", "add", "change"]},
    "Accessibilité": {
        "events.accessneed": ["view", "change"],
        "events.event": ["view"],
        "events.registration": ["view"],
    },
    "Adhésions": {
        "members.member": ["view", "add", "change", "export", "import"],
        "members.membership": ["view", "add", "change"],
        "members.note": ["view", "add"],
        "members.departure": ["view", "add", "change"],
        "members.statusoverride": ["view", "add", "change"],
        "members.mandate": ["view"],
        "members.voters": ["view"],
        "members.college": ["view"],
        "members.plan": ["view"],
        "members.application": ["view"],
        "members.duplicatepair": ["view", "change"],
        "members.merge": ["view", "add", "change"],
        "members.reminderrule": WRITE,
        "members.skill": WRITE,
        "members.consent": ["view"],
        "members.group": WRITE,
        "members.savedsearch": WRITE,
        "members.membermessage": ["view", "add", "delete"],
    },
    "Bureau – adhésions": {
        "members.application": ["view", "change"],
        "members.college": ["view"],
        "members.member": ["view"],
        "members.membership": ["view"],
        "members.plan": ["view"],
        "members.planprice": ["view"],
        "payments.charge": ["view"],
    },
    "Trésorerie": {
        "payments.charge": ["view", "change"],
        "payments.chargeline": ["view"],
        "payments.adjustment": ["view"],
        "payments.billing": ["view"],
        "payments.cancellation": ["view"],
        "payments.closing": ["view", "add"],
        "payments.document": ["view", "add"],
        "payments.payment": ["view", "add", "change"],
        "payments.refund": ["view", "change"],
        "payments.checkout": ["view"],
        "payments.statement": ["view", "add"],
        "payments.statementline": ["view", "change"],
        "payments.payeralias": ["view", "delete"],
        "payments.dunningrule": WRITE,
        "accounts.user": ["view"],
        "members.application": ["view"],
        "members.college": ["view"],
        "members.invitation": ["view", "change"],
        "members.maildomain": ["view", "change"],
        "members.mandate": ["view", "add", "change"],
        "members.member": ["view", "add", "change"],
        "members.membership": ["view", "add", "change"],
        "members.departure": ["view"],
        "members.note": ["view", "add"],
        "members.plan": ["view", "change"],
        "members.planprice": ["view", "add", "change"],
        "members.reminderrule": WRITE,
        "events.event": ["view"],
        "events.price": ["view"],
        "events.promocode": ["view"],
        "events.booking": ["view"],
        "events.registration": ["view"],
    },
}


class Command(BaseCommand):
    help = (
        "Crée les groupes de l’administration, ou leur rend les droits décrits dans docs/administration.md."
    )

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        for name, rights in ROLES.items():
            group = Group.objects.get_or_create(name=name)[0]
            group.permissions.set(Permission.objects.filter(self._any_of(rights)))
            self.stdout.write(f"{name} : {group.permissions.count()} droits")

    @staticmethod
    def _any_of(rights: dict[str, list[str]]) -> Q:
        wanted = Q()
        for label, verbs in rights.items():
            app, model = label.split(".")
            codenames = [f"{verb}_{model}" for verb in verbs]
            wanted |= Q(content_type__app_label=app, codename__in=codenames)
        return wanted
