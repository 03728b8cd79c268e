"""What some people of the demo need in order to come, and what they were answered."""

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random

from django.db.models import Model

from accounts.models import User
from events.models import AccessNeed, Booking, Registration
from iamm.demo.dates import at
from iamm.demo.happenings import Happening

NEEDS = [
    (
        "Je viens en fauteuil roulant : y a-t-il une place dans l’allée ?",
        "Oui : une place vous est gardée au premier rang, et une personne vous attend à l’entrée.",
    ),
    (
        "Je suis sourde et lis sur les lèvres ; une boucle magnétique m’aiderait aussi.",
        "La salle a une boucle magnétique. Nous vous gardons une place face à l’intervenante.",
    ),
    (
        "Je vois mal : puis-je recevoir les diapositives à l’avance ?",
        "Nous vous les enverrons la veille, en texte et en grands caractères.",
    ),
    ("Je viens avec mon chien guide.", "Il est le bienvenu ; une place près d’une allée vous attend."),
    ("Je dois pouvoir sortir et revenir sans déranger.", "Une place près de la porte vous est gardée."),
]


def needs(
    rng: Random, happening: Happening, rows: Sequence[Model], staff: User, today: date
) -> list[AccessNeed]:
    """Of the first who come: one answered and one not where the scene asks for it, one here and there else."""
    if not happening.scene.has_needs and rng.random() > 0.08:
        return []
    coming = [
        row
        for row in rows
        if isinstance(row, Registration)
        and row.cancelled_at is None
        and row.booking.state == Booking.State.CONFIRMED
    ]
    is_past = happening.event.starts_at < at(today, 0)
    result = []
    for number, place in enumerate(coming[: 2 if happening.scene.has_needs else 1]):
        text, answer = rng.choice(NEEDS)
        need = AccessNeed(registration=place, text=text, asked_at=place.booking.created_at)
        if is_past or number or rng.random() < 0.3:
            answered_at = place.booking.created_at + timedelta(hours=rng.randint(2, 20))
            need.answer, need.answered_at, need.answered_by = answer, answered_at, staff
        result.append(need)
    if happening.scene.has_needs and result:
        first = result[0]
        first.answer, first.answered_at, first.answered_by = "", None, None
    return result
