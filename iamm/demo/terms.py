"""What the demo events cost, what they ask, and the codes that lower a price."""

from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import NamedTuple

from events.models import Event, Price, PromoCode, Question
from iamm.demo.people import DOMAIN
from iamm.demo.scenes import Scene
from members.models import College, Kind, Member

AMOUNTS = [6, 8, 10, 12, 16, 20]
ANY_TARIFF = ["members", "students", "chosen", "early"]
ANY_WEIGHTS = [40, 30, 10, 20]
KEPT_PLACES = 4
KEPT_DAYS = 7

# label, kind, asked of, is required, choices
QUESTIONS = [
    (
        "Comment avez-vous connu ce rendez-vous ?",
        Question.Kind.CHOICE,
        Question.AskedOf.BOOKING,
        True,
        "Par l’agenda\nPar une personne\nPar la presse\nAutrement",
    ),
    ("Apportez-vous un ordinateur ?", Question.Kind.YES_NO, Question.AskedOf.ATTENDEE, True, ""),
    (
        "Quels sujets vous attirent ?",
        Question.Kind.SEVERAL,
        Question.AskedOf.ATTENDEE,
        False,
        "Les usages\nLa technique\nLe droit\nL’environnement",
    ),
    ("Depuis combien d’années programmez-vous ?", Question.Kind.NUMBER, Question.AskedOf.ATTENDEE, False, ""),
    ("Quel est votre métier ?", Question.Kind.SHORT, Question.AskedOf.ATTENDEE, False, ""),
    (
        "Une question à poser aux intervenants ?",
        Question.Kind.LONG,
        Question.AskedOf.BOOKING,
        False,
        "",
    ),
]
WORDS = {
    Question.Kind.SHORT: ["Documentaliste", "Agent territorial", "Ingénieure", "Enseignante", "Retraité"],
    Question.Kind.LONG: [
        "Par où commencer quand on est une toute petite équipe ?",
        "Comment savoir si un résultat est juste ?",
        "Que devient ce que j’écris à un assistant ?",
    ],
}


class Terms(NamedTuple):
    """Rows to insert once their event is."""

    prices: list[Price]
    codes: list[PromoCode]
    questions: list[Question]


class TermsMaker:
    """`organisation` has places kept, unless the load is too small to have one; `college` has a price of its own."""

    def __init__(self, organisation: Member | None, college: College) -> None:
        self.organisation, self.college = organisation, college

    @classmethod
    def for_members(cls, today: date) -> "TermsMaker":
        ours = Member.objects.filter(kind=Kind.ORGANISATION, email__endswith=f"@{DOMAIN}")
        organisation = ours.current(on=today).order_by("email").first()
        return cls(organisation, College.objects.get(slug="academique"))

    def make(self, rng: Random, event: Event, scene: Scene, *, cost: tuple[Decimal, Decimal | None]) -> Terms:
        """`cost` is what a session of a training costs; another event draws its own."""
        tariff = scene.tariff
        if tariff == "any":
            tariff = rng.choices(ANY_TARIFF, ANY_WEIGHTS)[0]
        amount, member_amount = cost
        if tariff:
            amount = Decimal(rng.choice(AMOUNTS))
            member_amount = rng.choice([None, Decimal(0), amount / 2])
        prices = self.prices(event, tariff, amount, member_amount) if amount else []
        for position, price in enumerate(prices):
            price.position = position
        is_lowered = bool(prices) and (scene.has_codes or rng.random() < 0.15)
        codes = promo_codes(rng, event) if is_lowered and tariff != "chosen" else []
        codes += [opening(event, price) for price in prices if price.is_kept]
        asks = scene.has_questions or rng.random() < 0.12
        return Terms(prices, codes, questions(rng, event) if asks else [])

    def prices(
        self, event: Event, tariff: str, amount: Decimal, member_amount: Decimal | None
    ) -> list[Price]:
        full = Price(event=event, name="Plein tarif", amount=amount)
        whom, places = Price.ForWhom, event.capacity or 40
        members = []
        if member_amount is not None:
            members.append(Price(event=event, name="Adhérents", amount=member_amount, for_whom=whom.MEMBERS))
        match tariff:
            case "chosen":
                return [Price(event=event, name="Prix libre", amount=Decimal(3), is_chosen=True)]
            case "students":
                half = {"amount": amount / 2, "quota": max(places // 4, 2)}
                return [full, Price(event=event, name="Étudiants", for_whom=whom.STUDENTS, **half), *members]
            case "early":
                first = {"amount": amount / 2, "quota": places // 3}
                return [Price(event=event, name="Premiers inscrits", **first), full, *members]
            case "college":
                own = {"amount": amount / 4, "for_whom": whom.COLLEGE, "college": self.college}
                return [full, *members, Price(event=event, name="Recherche", **own)]
            case "kept" if self.organisation:
                return [full, *members, self.kept(event, self.organisation)]
        return [full, *members]

    @staticmethod
    def kept(event: Event, organisation: Member) -> Price:
        return Price(
            event=event,
            name="Équipe partenaire",
            for_whom=Price.ForWhom.ORGANISATION,
            organisation=organisation,
            quota=KEPT_PLACES,
            kept_until=event.starts_at - timedelta(days=KEPT_DAYS),
        )


def promo_codes(rng: Random, event: Event) -> list[PromoCode]:
    """One that few can use, one that has run out, and one for friends."""
    return [
        PromoCode(event=event, code="DEMO20", percent=20, max_uses=rng.randint(2, 4)),
        PromoCode(event=event, code="AMIS", amount_off=Decimal(2), valid_until=event.starts_at),
        PromoCode(event=event, code="RENTREE", percent=50, valid_until=event.starts_at - timedelta(days=120)),
    ]


def opening(event: Event, price: Price) -> PromoCode:
    """The code that lets an organisation's people take the places kept for it."""
    return PromoCode(event=event, code="EQUIPE-DEMO", price=price, max_uses=price.quota)


def questions(rng: Random, event: Event) -> list[Question]:
    chosen = sorted(rng.sample(range(len(QUESTIONS)), 3))
    return [
        Question(
            event=event,
            label=label,
            kind=kind,
            asked_of=asked_of,
            is_required=is_required,
            choices=choices,
            position=position,
        )
        for position, (label, kind, asked_of, is_required, choices) in enumerate(
            QUESTIONS[index] for index in chosen
        )
    ]


def answer_to(rng: Random, question: Question) -> str:
    """As the form would write it, or nothing when it may be left out."""
    if not question.is_required and rng.random() < 0.4:
        return ""
    match question.kind:
        case Question.Kind.CHOICE:
            return rng.choice(question.choice_list)
        case Question.Kind.SEVERAL:
            chosen = rng.sample(question.choice_list, rng.randint(1, 2))
            return "\n".join(sorted(chosen, key=question.choice_list.index))
        case Question.Kind.YES_NO:
            return rng.choice(["oui", "non"])
        case Question.Kind.NUMBER:
            return str(rng.randint(0, 25))
    return rng.choice(WORDS[Question.Kind(question.kind)])
