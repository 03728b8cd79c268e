"""Everybody at once: people alone and in threes, for places at three prices, two of them with a quota, some with a code
that few may use. Through HTTP, on PostgreSQL. Nobody too many may be let in; without the lock, somebody is.
"""

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from http.client import HTTPConnection, HTTPResponse
from threading import Barrier
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.apps import apps
from django.utils import timezone

from bench import harness

FIELD = re.compile(r'name="(csrfmiddlewaretoken|request_key|count)"[^>]*\bvalue="([^"]+)"')
ANSWERS = {302, 400, 409}  # given or waited for; sold out since the page was read; refused by name
CONTROL_ROUNDS = 5
CODE = "RUEE"


class Wish(NamedTuple):
    """How many places, at which price, with which code."""

    places: int
    price: str
    code: str = ""


# One visitor after the other, again and again. At the full price alone, more is asked for than the event holds.
WISHES = [
    Wish(1, "Plein tarif"),
    Wish(3, "Plein tarif"),
    Wish(1, "Étudiants"),
    Wish(3, "Premiers inscrits"),
    Wish(1, "Plein tarif", CODE),
    Wish(3, "Plein tarif"),
    Wish(3, "Plein tarif", CODE),
]


class Answer(NamedTuple):
    status: int
    started: float
    seconds: float


class Size(NamedTuple):
    """Of one round: fewer places than are asked for, and fewer uses of the code than people who come alone with it."""

    people: int
    capacity: int
    students: int
    first: int
    code_uses: int


class Visitor:
    """Somebody with an address of their own, as a proxy would report it."""

    def __init__(self, number: int, port: int, path: str, wish: Wish, prices: dict[str, int]) -> None:
        self.number, self.path, self.wish, self.prices = number, path, wish, prices
        self.connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {
            "Host": f"localhost:{port}",
            "X-Forwarded-For": f"10.20.{number // 250}.{number % 250 + 1}",
        }
        self.fields: dict[str, str] = {}

    def ask(self, method: str, path: str, body: str | None = None) -> HTTPResponse:
        self.connection.request(method, path, body, self.headers)
        return self.connection.getresponse()

    def open_form(self) -> None:
        response = self.ask("GET", f"{self.path}?places={self.wish.places}")
        page = response.read().decode()
        self.fields = dict(FIELD.findall(page)) | self.filled_in()
        self.headers["Cookie"] = response.headers["Set-Cookie"].split(";")[0]
        self.connection.close()  # whoever fills in a form for a while comes back over a new connection

    def filled_in(self) -> dict[str, str]:
        fields = {
            "name": f"Personne {self.number}",
            "email": f"personne{self.number}@example.org",
            "code": self.wish.code,
        }
        for place in range(1, self.wish.places + 1):
            fields[f"price_{place}"] = str(self.prices[self.wish.price])
            if place > 1:
                fields[f"name_{place}"] = f"Personne {self.number}, place {place}"
        return fields

    def submit(self) -> Answer:
        self.headers["Content-Type"] = "application/x-www-form-urlencoded"
        started = time.perf_counter()
        response = self.ask("POST", self.path, urlencode(self.fields))
        response.read()
        return Answer(response.status, started, time.perf_counter() - started)


def create_event(size: Size) -> Any:
    starts_at = timezone.now() + timedelta(days=30)
    event = apps.get_model("events.Event").objects.create(
        title="Ruée",
        slug=f"ruee-{time.time_ns()}",
        kind="conference",
        status="published",
        summary="Tout le monde à la fois",
        venue="Salle d'essai",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=2),
        capacity=size.capacity,
    )
    event.prices.create(name="Plein tarif", amount=Decimal(10))
    event.prices.create(name="Étudiants", amount=Decimal(5), for_whom="etudiants", quota=size.students)
    event.prices.create(name="Premiers inscrits", amount=Decimal(8), quota=size.first)
    event.promo_codes.create(code=CODE, percent=20, max_uses=size.code_uses)
    return event


def rush(port: int, event: Any, people: int) -> list[Answer]:
    """Everyone has the form open; all send it at the same moment."""
    path = f"/agenda/{event.slug}/inscription/"
    prices = {price.name: price.pk for price in event.prices.all()}
    visitors = [Visitor(number, port, path, WISHES[number % len(WISHES)], prices) for number in range(people)]
    for visitor in visitors:
        visitor.open_form()
    barrier = Barrier(people)

    def go(visitor: Visitor) -> Answer:
        barrier.wait(60)
        return visitor.submit()

    with ThreadPoolExecutor(people) as pool:
        return list(pool.map(go, visitors))


class Round(NamedTuple):
    """What came of one rush, read in the database."""

    taken: int
    oversold: int
    over_quota: int
    code_uses: int
    answers: list[Answer]

    @classmethod
    def of(cls, event: Any, answers: list[Answer]) -> "Round":
        taken = event.registrations.holding_place().count()
        over_quota = sum(
            max(price.places_taken - price.quota, 0) for price in event.prices.exclude(quota=None)
        )
        code_uses = event.promo_codes.get().uses
        return cls(taken, max(taken - event.capacity, 0), over_quota, code_uses, answers)

    def is_right(self, size: Size) -> bool:
        """Full but for two places that no party of three could take, and nothing too many."""
        is_full = size.capacity - 2 <= self.taken <= size.capacity
        is_answered = {answer.status for answer in self.answers} <= ANSWERS
        return is_full and not self.over_quota and self.code_uses == size.code_uses and is_answered

    @property
    def seconds(self) -> float:
        ends = [answer.started + answer.seconds for answer in self.answers]
        return max(ends) - min(answer.started for answer in self.answers)


def run(port: int, size: Size) -> Round:
    event = create_event(size)
    return Round.of(event, rush(port, event, size.people))


def row(name: str, rounds: list[Round]) -> dict[str, object]:
    answers = [answer for one in rounds for answer in one.answers]
    durations = [1000 * answer.seconds for answer in answers]
    return {
        "passages": name,
        "places prises": harness.median(one.taken for one in rounds),
        "de trop": sum(one.oversold for one in rounds),
        "de trop à un tarif": sum(one.over_quota for one in rounds),
        "usages du code": max(one.code_uses for one in rounds),
        "acceptées": sum(answer.status == 302 for answer in answers),
        "refusées": sum(answer.status != 302 for answer in answers),
        "demandes/s": len(answers) / sum(one.seconds for one in rounds),
        "p50 (ms)": harness.percentile(durations, 50),
        "p95 (ms)": harness.percentile(durations, 95),
    }


@contextmanager
def serving(application: str) -> Iterator[int]:
    port = harness.free_port()
    with harness.serving(application, port, "/sante/", workers=2):
        yield port


def control(size: Size) -> list[Round]:
    """The same without the lock, until somebody too many was let in."""
    rounds: list[Round] = []
    with serving("bench.unlocked") as port:
        while len(rounds) < CONTROL_ROUNDS and not any(one.oversold for one in rounds):
            rounds.append(run(port, size))
    return rounds


def main() -> None:
    is_quick = harness.is_quick()
    size = Size(21, 15, 4, 4, 2) if is_quick else Size(42, 36, 8, 9, 4)
    count = 1 if is_quick else 20
    harness.start_production(harness.free_port())
    with serving("iamm.wsgi") as port:
        rounds = [run(port, size) for _ in range(count)]
    unlocked = control(size)
    rows = [row(f"{len(rounds)} avec le verrou", rounds), row(f"{len(unlocked)} sans verrou", unlocked)]
    harness.report("rush", rows, is_quick=is_quick, **size._asdict())
    if not all(one.is_right(size) for one in rounds):
        raise SystemExit("Le compte n'y est pas.")
    if not any(one.oversold for one in unlocked):
        raise SystemExit("Sans verrou, rien de trop : cette mesure ne prouve rien.")


if __name__ == "__main__":
    main()
