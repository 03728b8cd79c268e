"""What became of the places, the money and the answers of one event, in as many queries for 5 bookings as for 5 000."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import Count, F, Q, QuerySet, Sum, Window
from django.db.models.functions import Coalesce, RowNumber, TruncDate
from django.utils import timezone

from events.models import (
    AccessNeed,
    Answer,
    Booking,
    Event,
    Feedback,
    Price,
    PromoCode,
    Question,
    Registration,
)
from events.models.places import holding_place
from payments.models import Charge, Payment, Refund
from payments.models.lines import ZERO, cents

SHOWN = 50  # rows of a list that has its own page, or that nobody reads further


class StateCount(NamedTuple):
    state: Booking.State
    bookings: int
    places: int


class Day(NamedTuple):
    day: date
    places: int


class Money(NamedTuple):
    received: Decimal
    due: Decimal
    to_refund: Decimal


class Choice(NamedTuple):
    label: Any
    number: int
    share: int  # percent of those who answered


def _choice(label: Any, number: int, *, of: int) -> Choice:
    return Choice(label, number, round(100 * number / of) if of else 0)


@dataclass
class Answers:
    question: Question
    count: int = 0
    choices: list[Choice] | None = None
    average: Decimal | None = None
    texts: list[str] | None = None


class Life:
    def __init__(self, event: Event) -> None:
        self.event: Any = Event.objects.with_places().get(pk=event.pk)
        self.places: Any = Registration.objects.filter(booking__event=event)

    # Places

    @cached_property
    def taken(self) -> dict[str, int]:
        """What counts against the capacity, by the state of the booking."""
        rows = self.places.filter(holding_place()).order_by().values("booking__state").annotate(n=Count("pk"))
        return {row["booking__state"]: row["n"] for row in rows}

    @cached_property
    def kept(self) -> int:
        return sum(price.places_kept for price in self.event.prices.all())

    @cached_property
    def states(self) -> list[StateCount]:
        """Each state that somebody is in. The places of a live booking are those that were not given back."""
        kept = Q(cancelled_at=None) | ~Q(booking__state__in=Booking.LIVE)
        rows = self.places.order_by().values("booking__state")
        counts = {
            row["booking__state"]: (row["bookings"], row["places"])
            for row in rows.annotate(
                bookings=Count("booking", distinct=True), places=Count("pk", filter=kept)
            )
        }
        return [StateCount(state, *counts[state]) for state in Booking.State if state in counts]

    @cached_property
    def prices(self) -> list[Price]:
        """With `taken`, and `in_queue` for those who wait for it."""
        in_queue = Count(
            "registrations",
            filter=Q(registrations__cancelled_at=None, registrations__booking__state=Booking.State.WAITING),
        )
        return list(self.event.prices.with_places().annotate(in_queue=in_queue))

    @cached_property
    def codes(self) -> list[PromoCode]:
        live = Q(registrations__cancelled_at=None, registrations__booking__state__in=Booking.LIVE)
        used = Count("registrations", filter=live)
        return list(self.event.promo_codes.select_related("price").annotate(used=used))

    @cached_property
    def days(self) -> list[Day]:
        """How many places were confirmed at the end of each day on which that changed."""
        ever = self.places.filter(booking__confirmed_at__isnull=False).order_by()
        gone = Coalesce("cancelled_at", "booking__cancelled_at")
        came = ever.values(day=TruncDate("booking__confirmed_at")).annotate(n=Count("pk"))
        left = (
            ever.annotate(gone=gone).exclude(gone=None).values(day=TruncDate("gone")).annotate(n=Count("pk"))
        )
        change: Counter[date] = Counter()
        for row in came:
            change[row["day"]] += row["n"]
        for row in left:
            change[row["day"]] -= row["n"]
        total, days = 0, []
        for day, difference in sorted(change.items()):
            total += difference
            days.append(Day(day, total))
        return days

    @cached_property
    def last_day(self) -> date:
        """Where the curve ends: today, or the day of the event once it is past."""
        return min(timezone.localdate(), timezone.localdate(self.event.starts_at))

    # Who waits

    def _queue(self, state: str) -> QuerySet[Booking]:
        places = Count("registrations", filter=Q(registrations__cancelled_at=None))
        rows: QuerySet[Booking] = self.event.bookings.filter(state=state).annotate(kept=places)
        return rows

    @cached_property
    def waiting(self) -> list[Booking]:
        """The head of the queue, in its order."""
        return list(self._queue(Booking.State.WAITING).order_by("queued_at", "pk")[:SHOWN])

    @cached_property
    def offers(self) -> list[Booking]:
        return list(self._queue(Booking.State.OFFERED).order_by("expires_at", "pk")[:SHOWN])

    # Money

    @cached_property
    def money(self) -> Money:
        charges = Charge.objects.filter(booking__event=self.event)
        sums = [
            (Payment.objects.filter(charge__in=charges), "amount"),
            (charges.unpaid().with_amounts(), "missing"),
            (Refund.objects.to_make().filter(charge__in=charges), "amount"),
        ]
        return Money(*(rows.aggregate(total=cents(Sum(of)))["total"] or ZERO for rows, of in sums))

    # Answers

    @cached_property
    def answers(self) -> list[Answers]:
        live = Answer.objects.filter(
            Q(registration=None) | Q(registration__cancelled_at=None),
            question__event=self.event,
            booking__state__in=Booking.LIVE,
        ).order_by()
        text = Q(question__kind__in=[Question.Kind.SHORT, Question.Kind.LONG])
        counted: defaultdict[int, Counter[str]] = defaultdict(Counter)
        for row in live.exclude(text).values("question", "text").annotate(n=Count("pk")):
            counted[row["question"]][row["text"]] = row["n"]
        newest = Window(RowNumber(), partition_by=F("question"), order_by=F("pk").desc())
        texts: defaultdict[int, list[str]] = defaultdict(list)
        latest = live.filter(text).annotate(rank=newest).filter(rank__lte=SHOWN).order_by("-pk")
        for question, said in latest.values_list("question", "text"):
            texts[question].append(said)
        written = {row["question"]: row["n"] for row in live.values("question").annotate(n=Count("pk"))}
        return [
            self._answers_to(question, written.get(question.pk, 0), counted[question.pk], texts[question.pk])
            for question in self.event.questions.all()
        ]

    @staticmethod
    def _answers_to(question: Question, count: int, counted: Counter[str], texts: list[str]) -> Answers:
        answers = Answers(question, count)
        kinds = Question.Kind
        if question.kind == kinds.NUMBER:
            numbers = [(number, n) for text, n in counted.items() if (number := _number(text)) is not None]
            total, given = sum((number * n for number, n in numbers), Decimal(0)), sum(n for _, n in numbers)
            answers.average = round(total / given, 2).normalize() if given else None
        elif question.kind in {kinds.SHORT, kinds.LONG}:
            answers.texts = texts
        else:
            lines: Counter[str] = Counter()
            for text, n in counted.items():
                for line in text.splitlines():
                    lines[line] += n
            known = question.answers_to_choose
            labels = [*known, *(line for line in lines if line not in known)]  # a choice may be gone since
            answers.choices = [
                Choice(label, lines[label], round(100 * lines[label] / count) if count else 0)
                for label in labels
            ]
        return answers

    @cached_property
    def access_needs(self) -> dict[str, int]:
        """How many, and how many nobody has answered. What they are is not for this page."""
        needs = AccessNeed.objects.filter(
            registration__booking__event=self.event,
            registration__cancelled_at=None,
            registration__booking__state__in=Booking.LIVE,
        )
        return needs.aggregate(all=Count("pk"), open=Count("pk", filter=Q(answered_at=None)))

    # Afterwards

    @cached_property
    def feedback(self) -> dict[str, Any]:
        return Feedback.objects.filter(event=self.event).summary()

    @cached_property
    def marks(self) -> list[Choice]:
        return [
            _choice(Feedback.Rating(mark).label, number, of=self.feedback["count"])
            for mark, number in self.feedback["marks"]
        ]


def _number(text: str) -> Decimal | None:
    """None for what was answered before the question became one of a number."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
