"""Who has a place, with what they answered, as a table.

What somebody needs in order to come is never in it: that is for the accessibility contact alone.
"""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from itertools import islice

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from documents.spreadsheets import Cell
from events.models import Answer, Booking, Event, Question, Registration

BATCH = 2000


class Attendees:
    """The places of a QuerySet as rows: one each, a column for each question of their events."""

    def __init__(self, places: QuerySet[Registration]) -> None:
        self.places = places.select_related("booking__charge", "price", "promo_code")
        events = Event.objects.filter(pk__in=places.order_by().values("booking__event"))
        self.events = events.only("title", "starts_at").in_bulk()
        self.questions = list(
            Question.objects.filter(event__in=self.events).order_by("event_id", "position", "pk")
        )
        self.states = {state.value: str(state.label) for state in Booking.State}

    @property
    def title(self) -> str:
        return _("Inscriptions")

    @property
    def header(self) -> list[str]:
        several = len({question.event_id for question in self.questions}) > 1
        asked = [
            f"{one.label} ({self.events[one.event_id]})" if several else one.label for one in self.questions
        ]
        return [
            _("Billet"),
            _("Événement"),
            _("Début"),
            _("Nom"),
            _("Adresse e-mail"),
            _("Réservé par"),
            _("Adresse e-mail du contact"),
            _("Facturer à"),
            _("État"),
            _("Réservé le"),
            _("Annulé le"),
            _("Tarif"),
            _("Code promotionnel"),
            _("Montant"),
            _("Payé le"),
            *asked,
        ]

    def __iter__(self) -> Iterator[list[Cell]]:
        places = self.places.iterator(chunk_size=BATCH)
        while batch := list(islice(places, BATCH)):
            answers = self._answers(batch)
            for place in batch:
                yield self._row(place, answers[place.booking_id, None] | answers[place.booking_id, place.pk])

    def _answers(self, batch: list[Registration]) -> defaultdict[tuple[int, int | None], dict[int, str]]:
        """What was answered to each question, by booking, and by place unless it was asked of the whole booking."""
        found: defaultdict[tuple[int, int | None], dict[int, str]] = defaultdict(dict)
        answers = Answer.objects.filter(booking__in={place.booking_id for place in batch}).order_by()
        for booking, place, question, text in answers.values_list(
            "booking", "registration", "question", "text"
        ):
            found[booking, place][question] = text
        return found

    def _row(self, place: Registration, answers: dict[int, str]) -> list[Cell]:
        booking = place.booking
        event = self.events[booking.event_id]
        cancelled_at = place.cancelled_at or booking.cancelled_at
        return [
            place.number,
            event.title,
            event.starts_at,
            place.name,
            place.email,
            booking.name,
            booking.email,
            booking.invoice_to,
            self.states[Booking.State.CANCELLED if place.cancelled_at else booking.state],
            booking.created_at,
            cancelled_at,
            place.price.name if place.price else "",
            place.promo_code.code if place.promo_code else "",
            place.amount,
            booking.charge.paid_at if booking.charge and place.amount else None,
            *(_answer(question, answers.get(question.pk, "")) for question in self.questions),
        ]


def _answer(question: Question, text: str) -> Cell:
    if question.kind == Question.Kind.NUMBER:
        try:
            return Decimal(text)
        except InvalidOperation:
            return text  # none, or from before the question asked for a number
    return ", ".join(text.splitlines()) if question.kind == Question.Kind.SEVERAL else text
