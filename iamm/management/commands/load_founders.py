from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from iamm.founders import COLLEGES, FOUNDERS, LAUNCHED_ON, PLAN, Founder
from members.models import College, Kind, Member, Plan, PlanPrice
from partners.models import Fact, Partner


class Command(BaseCommand):
    """Create what is missing and overwrite nothing, so that it may run at each start.

    A college or a founder is known by its address or its name: what staff edited stays, also when they renamed it or
    removed some of its facts. A founder that staff deleted comes back. The founders are members since the launch of the
    association, without a period: no source says from when to when, so staff grant it in the admin.
    """

    help = _("Crée les collèges et les six membres fondateurs qui manquent, avec leurs faits sourcés.")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        colleges = [
            _college(slug, name, position) for position, (slug, name) in enumerate(COLLEGES.items(), start=1)
        ]
        founders_college = colleges[0]
        _plan(founders_college)
        created = [
            founder.name
            for position, founder in enumerate(FOUNDERS, start=1)
            if _create(founder, position, founders_college)
        ]
        kept = len(FOUNDERS) - len(created)
        self.stdout.write(
            _("Membres fondateurs\u00a0: %(created)s créés, %(kept)s déjà là.")
            % {"created": len(created), "kept": kept}
        )


def _college(slug: str, name: str, position: int) -> College:
    known = College.objects.filter(Q(slug=slug) | Q(name=name)).first()
    return known or College.objects.create(slug=slug, name=name, position=position)


def _plan(college: College) -> None:
    texts = {"kind": Kind.ORGANISATION, "college": college, "is_open": False, **PLAN}
    plan, is_new = Plan.objects.get_or_create(slug=PLAN["slug"], defaults=texts)
    if is_new:
        PlanPrice.objects.create(plan=plan, amount=Decimal(0), since=LAUNCHED_ON)


def _create(founder: Founder, position: int, college: College) -> bool:
    if Partner.objects.filter(Q(slug=founder.slug) | Q(name=founder.name)).exists():
        return False
    texts = {
        name: getattr(founder, name) for name in ["monogram", "role", "summary", "presentation", "website"]
    }
    partner = Partner.objects.create(
        slug=founder.slug, name=founder.name, is_founder=True, position=position, tint=position, **texts
    )
    Fact.objects.bulk_create(
        Fact(partner=partner, position=number, **fact._asdict())
        for number, fact in enumerate(founder.facts, start=1)
    )
    if not Member.objects.filter(kind=Kind.ORGANISATION, organisation=founder.name).exists():
        Member.objects.create(
            kind=Kind.ORGANISATION, organisation=founder.name, college=college, joined_on=LAUNCHED_ON
        )
    return True
