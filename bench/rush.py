"""Everybody at once: 200 people for 100 places, through HTTP, on PostgreSQL. Nobody too many may be let in."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.client import HTTPConnection, HTTPResponse
from threading import Barrier
from typing import NamedTuple
from urllib.parse import urlencode

from django.apps import apps
from django.utils import timezone

from bench import harness

FIELD = re.compile(r'name="(csrfmiddlewaretoken|request_key)"[^>]*\bvalue="([^"]+)"')


class Answer(NamedTuple):
    status: int
    started: float
    seconds: float


class Visitor:
    """Somebody with an address of their own, as a proxy would report it."""

    def __init__(self, number: int, port: int, path: str) -> None:
        self.number, self.path = number, path
        self.connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {
            "Host": f"localhost:{port}",
            "X-Forwarded-For": f"10.20.{number // 250}.{number % 250 + 1}",
        }
        self.fields: dict[str, str] = {}

    def ask(self, method: str, body: str | None = None) -> HTTPResponse:
        self.connection.request(method, self.path, body, self.headers)
        return self.connection.getresponse()

    def open_form(self) -> None:
        response = self.ask("GET")
        page = response.read().decode()
        self.fields = dict(FIELD.findall(page))
        self.headers["Cookie"] = response.headers["Set-Cookie"].split(";")[0]
        self.connection.close()  # whoever fills in a form for a while comes back over a new connection

    def submit(self) -> Answer:
        person = {"name": f"Personne {self.number}", "email": f"personne{self.number}@example.org"}
        self.headers["Content-Type"] = "application/x-www-form-urlencoded"
        started = time.perf_counter()
        response = self.ask("POST", urlencode(self.fields | person))
        response.read()
        return Answer(response.status, started, time.perf_counter() - started)


def create_event(places: int) -> object:
    Event = apps.get_model("events.Event")
    starts_at = timezone.now() + timedelta(days=30)
    return Event.objects.create(
        title="Ruée",
        slug=f"ruee-{time.time_ns()}",
        kind="conference",
        status="published",
        summary="Tout le monde à la fois",
        venue="Salle d'essai",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=2),
        capacity=places,
    )


def rush(port: int, path: str, people: int) -> list[Answer]:
    """Everyone has the form open; all send it at the same moment."""
    visitors = [Visitor(number, port, path) for number in range(people)]
    for visitor in visitors:
        visitor.open_form()
    barrier = Barrier(people)

    def go(visitor: Visitor) -> Answer:
        barrier.wait(60)
        return visitor.submit()

    with ThreadPoolExecutor(people) as pool:
        return list(pool.map(go, visitors))


def row(name: str, event: object, answers: list[Answer], places: int) -> dict[str, object]:
    registrations = apps.get_model("events.Registration").objects.filter(event=event)
    confirmed = registrations.filter(state="confirmed").count()
    elapsed = max(answer.started + answer.seconds for answer in answers) - min(
        answer.started for answer in answers
    )
    durations = [1000 * answer.seconds for answer in answers]
    return {
        "passage": name,
        "confirmées": confirmed,
        "en attente": registrations.filter(state="waiting").count(),
        "de trop": max(confirmed - places, 0),
        "réponses 302": sum(answer.status == 302 for answer in answers),
        "réservations/s": len(answers) / elapsed,
        "p50 (ms)": harness.percentile(durations, 50),
        "p95 (ms)": harness.percentile(durations, 95),
    }


def main() -> None:
    is_quick = harness.is_quick()
    rounds, people, places = (1, 20, 10) if is_quick else (3, 200, 100)
    port = harness.free_port()
    harness.start_production(port)
    rows = []
    with harness.serving("iamm.wsgi", port, "/sante/", workers=2):
        for number in range(1, rounds + 1):
            event = create_event(places)
            path = f"/agenda/{event.slug}/inscription/"  # type: ignore[attr-defined]
            rows.append(row(f"n° {number}", event, rush(port, path, people), places))
    harness.report("rush", rows, is_quick=is_quick, people=people, places=places)
    if any(one["de trop"] or one["confirmées"] != places or one["réponses 302"] != people for one in rows):
        raise SystemExit("Le compte n'y est pas.")


if __name__ == "__main__":
    main()
