"""Who speaks at the demo events, their programme, and what remains of those that are past."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from random import Random
from typing import Any, NamedTuple

from django.db.models import Model
from django.utils import timezone

from events.models import Appearance, Event, Resource, Slot, Speaker
from iamm.demo import topics
from iamm.demo.people import DOMAIN

# slug, name, role, biography. Their surnames say that they do not exist.
SPEAKERS = [
    ("alma-exemple", "Alma Exemple", "Chercheuse en traitement des langues, laboratoire fictif"),
    ("hugo-maquette", "Hugo Maquette", "Ingénieur en vision par ordinateur, société d’essai"),
    ("ines-prototype", "Inès Prototype", "Médecin et statisticienne, hôpital imaginaire"),
    ("karim-ebauche", "Karim Ébauche", "Juriste du numérique, cabinet de démonstration"),
    ("lucie-brouillon", "Lucie Brouillon", "Hydrologue, observatoire fictif"),
    ("malo-esquisse", "Malo Esquisse", "Enseignant en collège, académie imaginaire"),
    ("nour-modele", "Nour Modèle", "Responsable des données, ville d’essai"),
    ("paul-croquis", "Paul Croquis", "Viticulteur et développeur, mas de démonstration"),
    ("rosa-gabarit", "Rosa Gabarit", "Roboticienne, laboratoire fictif"),
    ("sacha-schema", "Sacha Schéma", "Archiviste, fonds imaginaire"),
    ("tao-calque", "Tao Calque", "Doctorant en apprentissage automatique, école d’essai"),
    ("yaelle-patron", "Yaëlle Patron", "Accompagnatrice numérique, maison de démonstration"),
]
BIOGRAPHY = "{name} **n’existe pas** : cette personne montre ce que dit la page d’une vraie."
BREAK = "Pause déjeuner"
SLOT_STEP = timedelta(minutes=5)
SPOKEN = {  # where somebody speaks, and not the room
    "Exposé",
    "Exposé long",
    "Trois retours d’expérience de dix minutes",
    "Prise en main",
    "Cadrage",
    "Deux points de vue",
    "Apports et démonstrations",
    "Exercices",
}


class Programme(NamedTuple):
    """Rows to insert once their event is."""

    appearances: list[Appearance]
    slots: list[Slot]
    slot_speakers: list[Model]
    resources: list[Resource]


def create_speakers() -> list[Speaker]:
    return [
        Speaker.objects.get_or_create(
            slug=slug, defaults={"name": name, "role": role, "biography": BIOGRAPHY.format(name=name)}
        )[0]
        for slug, name, role in SPEAKERS
    ]


def programme(rng: Random, event: Event, speakers: list[Speaker]) -> Programme:
    """A draft has none yet; an event that is past and took place leaves something to read or to see."""
    if event.status == Event.Status.DRAFT:
        return Programme([], [], [], [])
    invited = rng.sample(speakers, rng.choices([1, 2, 3], [50, 35, 15])[0])
    appearances = [
        Appearance(event=event, speaker=speaker, position=position)
        for position, speaker in enumerate(invited)
    ]
    slots = list(timetable(rng, event))
    spoken = [slot for slot in slots if slot.title in SPOKEN]
    through: Any = Slot.speakers.through
    said = [through(slot=slot, speaker=invited[number % len(invited)]) for number, slot in enumerate(spoken)]
    is_over = event.ends_at < timezone.now() and event.status == Event.Status.PUBLISHED
    return Programme(appearances, slots, said, resources(rng, event) if is_over else [])


def timetable(rng: Random, event: Event) -> Iterator[Slot]:
    """The steps of its kind over its hours; a day of training has a morning and an afternoon."""
    if event.kind != Event.Kind.TRAINING:
        yield from _split(event, event.starts_at, event.ends_at, topics.PROGRAMMES[event.kind])
        return
    steps, day = topics.PROGRAMMES[Event.Kind.TRAINING], timezone.localtime(event.starts_at).date()
    last = timezone.localtime(event.ends_at).date()
    if event.ends_at - event.starts_at < timedelta(hours=5):
        yield from _split(event, event.starts_at, event.ends_at, steps)
        return
    while day <= last:
        nine, noon, two, five = (
            datetime.combine(day, time(hour), tzinfo=timezone.get_default_timezone())
            for hour in (9, 12, 14, 17)
        )
        first, second = (steps[:2], steps[2:3]) if day == timezone.localdate(event.starts_at) else ([], [])
        yield from _split(event, nine, noon, first or ["Exercices"])
        yield Slot(event=event, starts_at=noon, ends_at=two, title=BREAK)
        yield from _split(event, two, five, [*second, steps[-1]] if day == last else second)
        day += timedelta(days=1)


def _split(event: Event, starts_at: datetime, ends_at: datetime, steps: list[str]) -> Iterator[Slot]:
    """One after the other. The first, where people arrive, is short."""
    welcome = timedelta(minutes=15) if len(steps) > 2 else timedelta(0)
    rest = len(steps) - bool(welcome)
    length = (ends_at - starts_at - welcome) // rest // SLOT_STEP * SLOT_STEP
    for number, title in enumerate(steps):
        is_last = number == len(steps) - 1
        end = ends_at if is_last else starts_at + (welcome if welcome and not number else length)
        yield Slot(event=event, starts_at=starts_at, ends_at=end, title=title)
        starts_at = end


def resources(rng: Random, event: Event) -> list[Resource]:
    """Addresses at a domain that answers nothing; every other recording is for those who came."""
    kinds = [(Resource.Kind.SLIDES, "Les diapositives", True)]
    if rng.random() < 0.5:
        kinds.append((Resource.Kind.REPLAY, "L’enregistrement", rng.random() < 0.5))
    if rng.random() < 0.2:
        kinds.append((Resource.Kind.LINK, "Pour aller plus loin", True))
    return [
        Resource(
            event=event,
            title=title,
            kind=kind,
            url=f"https://ressources.{DOMAIN}/{event.slug}/{kind}/",
            is_public=is_public,
            position=position,
        )
        for position, (kind, title, is_public) in enumerate(kinds)
    ]
