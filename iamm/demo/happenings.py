"""Events, past and to come, in every situation a visitor may meet."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, NamedTuple

from django.utils.text import slugify

from events.models import Audience, Event, Level, Theme, Training
from iamm.demo import topics
from iamm.demo.content import Programme, create_speakers, programme
from iamm.demo.dates import at, is_working, working_day
from iamm.demo.scenes import SCENES, Scene
from iamm.demo.terms import Terms, TermsMaker
from iamm.demo.trainings import create_trainings
from iamm.demo.venues import VENUES
from partners.models import Partner

KINDS = [
    Event.Kind.CONFERENCE,
    Event.Kind.MEETUP,
    Event.Kind.WORKSHOP,
    Event.Kind.DEBATE,
    Event.Kind.SEMINAR,
]
KIND_WEIGHTS = [30, 24, 24, 10, 12]
PLACES: dict[str, list[int]] = {
    Event.Kind.CONFERENCE: [40, 60, 80, 120],
    Event.Kind.MEETUP: [25, 30, 40],
    Event.Kind.WORKSHOP: [12, 16, 20],
    Event.Kind.DEBATE: [40, 60, 80],
    Event.Kind.SEMINAR: [20, 30, 40],
    Event.Kind.TRAINING: [8, 10, 12],
}
# The hour and minute of the start, and how many minutes it lasts
HOURS: dict[str, tuple[int, int, int]] = {
    Event.Kind.CONFERENCE: (18, 30, 90),
    Event.Kind.MEETUP: (18, 0, 150),
    Event.Kind.WORKSHOP: (14, 0, 180),
    Event.Kind.DEBATE: (19, 0, 120),
    Event.Kind.SEMINAR: (11, 0, 90),
}
Cost = tuple[Decimal, Decimal | None]
FREE: Cost = (Decimal(0), None)
CANCELLATION_FEES = [Decimal(0), Decimal(0), Decimal(2)]


class Happening(NamedTuple):
    """An event to insert, and what belongs to it."""

    event: Event
    scene: Scene
    themes: list[Theme]
    partners: list[Partner]
    audiences: list[Audience]
    terms: Terms
    programme: Programme
    is_first: bool  # of its scene: the one our demo member goes to


class Agenda:
    def __init__(self, seed: int, today: date, terms: TermsMaker) -> None:
        self.seed, self.today, self.terms = seed, today, terms
        self.audiences = {
            slug: Audience.objects.get_or_create(slug=slug, defaults={"name": name})[0]
            for slug, name in sorted(topics.AUDIENCES.items())
        }
        self.themes = {
            slug: Theme.objects.get_or_create(slug=slug, defaults={"name": name})[0]
            for slug, name in topics.THEMES.items()
        }
        self.trainings = create_trainings()
        self.speakers = create_speakers()
        self.partners = list(Partner.objects.order_by("slug"))
        self.slugs = set(Event.objects.values_list("slug", flat=True))

    def happenings(self, count: int) -> Iterator[Happening]:
        weights = [scene.weight for scene in SCENES]
        for index in range(count):
            rng = Random(f"{self.seed}/event/{index}")  # noqa: S311 - demo data must come out the same again
            is_first = index < len(SCENES)
            scene = SCENES[index] if is_first else rng.choices(SCENES, weights)[0]
            yield (
                self.session(rng, scene, is_first) if scene.is_training else self.event(rng, scene, is_first)
            )

    def event(self, rng: Random, scene: Scene, is_first: bool) -> Happening:
        kind = Event.Kind.WORKSHOP if scene.is_small else rng.choices(KINDS, KIND_WEIGHTS)[0]
        subject = rng.choice(topics.SUBJECTS)
        pattern = topics.LONG_TITLE if scene.has_long_title else rng.choice(topics.TITLES[kind])
        audiences = self.publics(rng)
        level = rng.choices(Level.values, [55, 30, 15])[0]
        hour, minute, lasts = HOURS[kind]
        starts_at = at(self.day(rng, scene, saturday=kind == Event.Kind.WORKSHOP), hour, minute)
        event = Event(
            title=topics.title(pattern, subject),
            kind=kind,
            summary=subject.question,
            description=topics.description(kind, [audience.slug for audience in audiences], level),
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=lasts),
            level=level,
        )
        return self.complete(rng, event, scene, is_first, theme=subject.theme, audiences=audiences)

    def publics(self, rng: Random) -> list[Audience]:
        """Everybody, or one to three publics in particular."""
        if rng.random() < 0.5:
            slugs = {"tous"}
        else:
            slugs = set(rng.sample(sorted(topics.AUDIENCE_NOTES), rng.randint(1, 3))) - {"tous"}
        return [self.audiences[slug] for slug in sorted(slugs & set(self.audiences))]

    def session(self, rng: Random, scene: Scene, is_first: bool) -> Happening:
        """One date of a training. The demo member holds a place in a paid one."""
        paid = [row for row in self.trainings if row[1]]
        training, price, member_price = rng.choice(
            paid if scene.camille or scene.is_invoiced else self.trainings
        )
        starts_at, ends_at = self.session_hours(training, self.day(rng, scene))
        event = Event(
            title=training.title,
            kind=Event.Kind.TRAINING,
            training=training,
            summary=training.summary,
            description=f"{topics.OPENINGS[Event.Kind.TRAINING]}\n\n{topics.NOTICE}",
            starts_at=starts_at,
            ends_at=ends_at,
            level=Level.BEGINNER if training.duration_hours < 14 else Level.INTERMEDIATE,
        )
        theme = "droit-ethique" if "droit" in training.slug else "bases"
        cost = (price, member_price)
        return self.complete(rng, event, scene, is_first, theme=theme, audiences=[], cost=cost)

    def session_hours(self, training: Training, day: date) -> tuple[datetime, datetime]:
        """A half-day, a day, or two days in a row that never run into a weekend or a holiday."""
        if training.duration_hours < 7:
            return at(day, 14), at(day, 17, 30)
        step = 1 if day > self.today else -1
        nights = 1 if training.duration_hours > 7 else 0
        while not is_working(day + timedelta(days=nights)):
            day = working_day(day + timedelta(days=step), step=step)
        return at(day, 9), at(day + timedelta(days=nights), 17)

    def day(self, rng: Random, scene: Scene, *, saturday: bool = False) -> date:
        """Move off closed days away from today, so that what is past stays past."""
        offset = rng.randint(*scene.days)
        return working_day(
            self.today + timedelta(days=offset), step=1 if offset > 0 else -1, saturday=saturday
        )

    def complete(
        self,
        rng: Random,
        event: Event,
        scene: Scene,
        is_first: bool,
        *,
        theme: str,
        audiences: list[Audience],
        cost: Cost = FREE,
    ) -> Happening:
        event.status, event.format = scene.status, scene.format
        event.has_waiting_list = scene.has_waiting_list
        event.needs_approval, event.is_members_only = scene.requests[1] > 0, scene.is_members_only
        event.allows_invoice = scene.is_training
        if scene.has_limit:
            event.capacity = rng.choice([12, 16] if scene.is_small else PLACES[event.kind])
        if scene.opens_in:
            event.registration_opens_at = at(self.today + timedelta(days=rng.randint(*scene.opens_in)), 9)
        if scene.is_closed:
            event.registration_closes_at = at(self.today - timedelta(days=1), 18)
        if scene.tariff or cost[0]:
            event.cancellation_fee = rng.choice(CANCELLATION_FEES)
        if scene.has_needs:
            event.accessibility_email = "accessibilite@example.org"
        event.slug = self.slug(event)
        self.place(rng, event)
        themes = {theme, *rng.sample(sorted(self.themes), rng.choices([0, 1], [70, 30])[0])}
        partners = rng.sample(self.partners, min(rng.choices([0, 1, 2], [35, 50, 15])[0], len(self.partners)))
        return Happening(
            event,
            scene,
            [self.themes[slug] for slug in sorted(themes)],
            partners,
            audiences,
            self.terms.make(rng, event, scene, cost=cost),
            programme(rng, event, self.speakers),
            is_first,
        )

    def slug(self, event: Event) -> str:
        words = slugify(event.title.replace("'", " "))[:180].strip("-")
        base = f"{words}-{event.starts_at:%Y-%m-%d}"
        slug, number = base, 1
        while slug in self.slugs:
            number += 1
            slug = f"{base}-{number}"
        self.slugs.add(slug)
        return slug

    def place(self, rng: Random, event: Event) -> None:
        where: dict[str, Any] = {}
        if event.format != Event.Format.ONLINE:
            venue = rng.choice(VENUES)
            where = venue._asdict()
        if event.format != Event.Format.ON_SITE:
            where["online_url"] = f"https://visio.example.org/{event.slug}"
        for name, value in where.items():
            setattr(event, name, value)
