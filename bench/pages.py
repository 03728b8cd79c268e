"""Public pages against a bare Django view in the same process model: one gunicorn worker, eight threads.

A page is kept for strangers (see iamm/page_cache.py): what it costs to give it, and what it costs to render it, which a
parameter that is not ours forces. Each round visits every page in turn, so that what else the machine does falls on all
alike; medians are kept.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from typing import NamedTuple

from django.apps import apps
from django.utils import timezone

from bench import harness

CLIENTS = 4


class Measure(NamedTuple):
    per_second: float
    cpu_ms: float
    p95_ms: float


class Target(NamedTuple):
    name: str
    port: int
    path: str
    pid: int


def visit(target: Target, deadline: float) -> list[float]:
    """Ask for the page over one kept connection, again and again until the deadline. Returns how long each took."""
    durations = []
    connection = HTTPConnection("127.0.0.1", target.port, timeout=20)
    headers = {"Host": f"localhost:{target.port}", "Accept-Language": "fr"}
    while time.perf_counter() < deadline:
        started = time.perf_counter()
        connection.request("GET", target.path, headers=headers)
        response = connection.getresponse()
        response.read()
        if response.status != 200:
            raise HTTPException(f"{target.path} a répondu {response.status}.")
        durations.append(time.perf_counter() - started)
    connection.close()
    return durations


def measure(target: Target, seconds: float) -> Measure:
    cpu, started = harness.cpu_seconds(target.pid), time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        visits = [pool.submit(visit, target, started + seconds) for _ in range(CLIENTS)]
    durations = [duration for client in visits for duration in client.result()]
    elapsed, cpu = time.perf_counter() - started, harness.cpu_seconds(target.pid) - cpu
    count = len(durations)
    return Measure(count / elapsed, 1000 * cpu / count, 1000 * harness.percentile(durations, 95))


def paths() -> dict[str, str]:
    Event, Partner = apps.get_model("events.Event"), apps.get_model("partners.Partner")
    event = Event.objects.upcoming().paid().filter(capacity__isnull=False).first()
    kept = {
        "accueil": "/",
        "agenda": "/agenda/",
        "événement": event.get_absolute_url(),
        "fondateur": Partner.objects.founders().first().get_absolute_url(),
    }
    rendered = {f"{name}, rendu": f"{path}?mesure=1" for name, path in kept.items()}
    return kept | rendered | {"agenda, recherche": "/agenda/?q=atelier"}


def rows(measures: dict[str, list[Measure]]) -> list[dict[str, object]]:
    medians = {
        name: Measure(*(harness.median(values) for values in zip(*rounds, strict=True)))
        for name, rounds in measures.items()
    }
    bare = medians["vue nue"]
    return [
        {
            "page": name,
            "requêtes/s": one.per_second,
            "part de la vue nue": harness.ratio(one.per_second, bare.per_second),
            "ms de processeur": one.cpu_ms,
            "fois la vue nue": harness.ratio(one.cpu_ms, bare.cpu_ms),
            "p95 (ms)": one.p95_ms,
        }
        for name, one in medians.items()
    ]


def main() -> None:
    is_quick = harness.is_quick()
    rounds, seconds, events = (1, 0.5, 30) if is_quick else (3, 5.0, 1000)
    port, bare_port = harness.free_port(), harness.free_port()
    harness.start_production(port)
    harness.manage("load_demo", "--members", "100", "--events", str(events), "--yes-this-is-demo-data")
    bare = "django.core.wsgi:get_wsgi_application()"
    settings = {"DJANGO_SETTINGS_MODULE": "bench.bare"}
    with (
        harness.serving("iamm.wsgi", port, "/sante/", workers=1) as portal,
        harness.serving(bare, bare_port, "/", workers=1, **settings) as limit,
    ):
        targets = [Target("vue nue", bare_port, "/", limit.pid)]
        targets += [Target(name, port, path, portal.pid) for name, path in paths().items()]
        for target in targets:
            measure(target, seconds / 5)
        measures: dict[str, list[Measure]] = {target.name: [] for target in targets}
        for _ in range(rounds):
            for target in targets:
                measures[target.name].append(measure(target, seconds))
    upcoming = apps.get_model("events.Event").objects.filter(ends_at__gt=timezone.now()).count()
    print(f"{events} événements, dont {upcoming} à venir.")
    harness.report("pages", rows(measures), is_quick=is_quick, events=events, upcoming=upcoming)


if __name__ == "__main__":
    main()
