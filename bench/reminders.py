"""The evening before a big day: 10 000 reminders through a real Celery worker and a real SMTP server."""

import os
import socket
import time
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from django.apps import apps
from django.utils import timezone

from bench import harness
from iamm.celery import app

REGISTRATIONS_AN_EVENT = 100
DEADLINE = 290


def create_registrations(count: int) -> None:
    """Confirmed a month ago, for events in three days: each is owed one reminder."""
    models = {name: apps.get_model(f"events.{name}") for name in ("Event", "Booking", "Registration")}
    now = timezone.now()
    starts_at, a_month_ago = now + timedelta(days=3), now - timedelta(days=30)
    for first in range(0, count, REGISTRATIONS_AN_EVENT):
        event = models["Event"].objects.create(
            title=f"Rendez-vous n° {first}",
            slug=f"rendez-vous-{first}",
            kind="conference",
            status="published",
            summary="On en parle",
            venue="Salle d'essai",
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=2),
        )
        numbers = range(first, min(first + REGISTRATIONS_AN_EVENT, count))
        people = [{"name": f"Personne {n}", "email": f"personne{n}@example.org"} for n in numbers]
        bookings = models["Booking"].objects.bulk_create(
            models["Booking"](
                event=event, request_key=uuid4(), state="confirmed", confirmed_at=a_month_ago, **person
            )
            for person in people
        )
        models["Registration"].objects.bulk_create(
            models["Registration"](booking=booking, **person)
            for booking, person in zip(bookings, people, strict=True)
        )


def is_listening(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def follow(count: int, inbox: Path, worker_pid: int) -> tuple[float, float, list[float]]:
    """Start the task and wait for the mails. When all were queued, when all had come, and what memory it took."""
    Email = apps.get_model("mailing.Email")
    started, queued_at, received = time.monotonic(), 0.0, 0
    app.send_task("events.tasks.send_reminders")
    while received < count and time.monotonic() - started < DEADLINE:
        time.sleep(0.5)
        if not queued_at and Email.objects.count() >= count:
            queued_at = time.monotonic() - started
        received = len(inbox.read_text().splitlines())
    return queued_at, time.monotonic() - started, harness.peak_memory(worker_pid)


def main() -> None:
    is_quick = harness.is_quick()
    count = 200 if is_quick else 10_000
    smtp_port = harness.free_port()
    harness.start_production(harness.free_port(), EMAIL_URL=f"smtp://127.0.0.1:{smtp_port}")
    create_registrations(count)
    inbox = Path(os.environ["DATA_DIR"]) / "message-ids"
    inbox.touch()
    worker = ["celery", "--quiet", "-A", "iamm", "worker", "--concurrency", "2"]
    with (
        harness.running("bench.sink", str(smtp_port), str(inbox)) as sink,
        harness.running(*worker) as process,
    ):
        harness.wait_until(lambda: is_listening(smtp_port), sink, timeout=30)
        harness.wait_until(lambda: app.control.ping(timeout=1), process, timeout=60)
        queued_at, elapsed, memory = follow(count, inbox, process.pid)
        time.sleep(2)  # whatever would come twice has come by then
    received = inbox.read_text().splitlines()
    row = {
        "rappels dus": count,
        "reçus": len(received),
        "Message-ID distincts": len(set(received)),
        "mis en file (s)": queued_at,
        "partis (s)": elapsed,
        "mails/s": len(received) / elapsed,
        "mémoire max d'un processus (Mo)": max(memory),
    }
    harness.report("reminders", [row], is_quick=is_quick, processes=len(memory))
    if not len(received) == len(set(received)) == count:
        raise SystemExit("Le compte n'y est pas.")


if __name__ == "__main__":
    main()
