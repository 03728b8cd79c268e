from datetime import date
from decimal import Decimal

from iamm.founders import COLLEGES
from members.models import College, Kind, Plan, PlanPrice

# slug, name, college, nature, price three years ago, price since last September, for whom, benefits
PLANS = [
    (
        "plein-tarif",
        "Plein tarif",
        "citoyens",
        Kind.PERSON,
        35,
        40,
        "Pour toute personne curieuse de l'intelligence artificielle.",
        "Une voix à l'assemblée générale\nLe tarif adhérent aux événements et aux formations\nVos inscriptions réunies dans votre compte",
    ),
    (
        "tarif-reduit",
        "Tarif réduit",
        "citoyens",
        Kind.PERSON,
        10,
        12,
        "Études, recherche d'emploi, minima sociaux : sur simple déclaration.",
        "Une voix à l'assemblée générale\nLe tarif adhérent aux événements et aux formations\nVos inscriptions réunies dans votre compte",
    ),
    (
        "soutien",
        "Soutien",
        "citoyens",
        Kind.PERSON,
        80,
        100,
        "Pour aider l'association à garder des rencontres gratuites.",
        "Tout ce que donne le plein tarif\nVotre nom, si vous le souhaitez, sur la page de remerciements\nUne rencontre annuelle avec le bureau",
    ),
    (
        "enseignement-recherche",
        "Enseignement et recherche",
        "academique",
        Kind.PERSON,
        30,
        35,
        "Pour les personnes qui enseignent ou cherchent, doctorat compris.",
        "Une voix au collège académique\nLe tarif adhérent aux événements et aux formations\nL'appel à propositions des séminaires",
    ),
    (
        "independants",
        "Indépendants et petites équipes",
        "economique",
        Kind.PERSON,
        60,
        70,
        "Pour qui travaille à son compte, seul ou à quelques-uns.",
        "Une voix au collège économique\nLe tarif adhérent aux événements et aux formations\nUne présentation par an devant les membres",
    ),
    (
        "entreprise",
        "Entreprise",
        "economique",
        Kind.ORGANISATION,
        250,
        300,
        "Pour une entreprise, une coopérative ou une association employeuse.",
        "Une voix au collège économique\nLe tarif adhérent pour trois personnes\nUne présentation par an devant les membres",
    ),
    (
        "collectivite",
        "Collectivité et établissement public",
        "institutionnel",
        Kind.ORGANISATION,
        400,
        450,
        "Pour une commune, une intercommunalité ou un établissement public.",
        "Une voix au collège institutionnel\nLe tarif adhérent pour cinq personnes\nUne rencontre de sensibilisation par an",
    ),
]


class PriceList:
    """The plans, with their dated prices in memory."""

    def __init__(self, plans: list[Plan]) -> None:
        self.plans = {plan.slug: plan for plan in plans}
        self.prices = {
            plan.slug: sorted((price.since, price.amount) for price in plan.prices.all()) for plan in plans
        }

    def on(self, plan: Plan, day: date) -> Decimal:
        return next(amount for since, amount in reversed(self.prices[plan.slug]) if since <= day)


def create_plans(today: date) -> PriceList:
    """The five colleges and the plans, those that exist already left as they are."""
    colleges = {
        slug: College.objects.get_or_create(slug=slug, defaults={"name": name, "position": position})[0]
        for position, (slug, name) in enumerate(COLLEGES.items())
    }
    last_september = date(today.year - (today.month < 9), 9, 1)
    plans = []
    for position, (slug, name, college, kind, before, now, summary, benefits) in enumerate(PLANS):
        texts = {"name": name, "summary": summary, "benefits": benefits}
        place = {"college": colleges[college], "kind": kind, "position": position}
        plan, is_new = Plan.objects.get_or_create(slug=slug, defaults={**texts, **place})
        if is_new:
            for amount, since in [(before, date(today.year - 10, 1, 1)), (now, last_september)]:
                PlanPrice.objects.create(plan=plan, amount=Decimal(amount), since=since)
        plans.append(plan)
    return PriceList(plans)
