"""A real worker on a real Redis writes to a real SMTP server, and is killed on the way."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from email import message_from_bytes
from uuid import uuid4

import pytest
from aiosmtpd.controller import Controller
from django.conf import settings
from django.utils import timezone

from events import reminders
from events.models import Booking, Registration
from iamm.celery import app
from mailing import tasks
from mailing.models import Email
from tests import processes
from tests.factories import create_event
from tests.ports import free_port

PEOPLE = 1000


class Sink:
    """Keeps the recipient and the Message-ID of what it takes."""

    def __init__(self):
        self.taken = []

    async def handle_DATA(self, server, session, envelope):
        message = message_from_bytes(envelope.content)
        self.taken.append((envelope.rcpt_tos[0], message["Message-ID"]))
        return "250 OK"


@pytest.fixture
def sink():
    sink = Sink()
    controller = Controller(sink, hostname="127.0.0.1", port=free_port())
    controller.start()
    sink.port = controller.port
    yield sink
    controller.stop()


@pytest.fixture
def start_worker(sink):
    """Start a worker on the test's own database; tasks go to Redis, and what is left of the worker ends with the test."""
    workers = []
    environment = os.environ | {
        "DATABASE_URL": processes.database_url(),
        "REDIS_URL": settings.REDIS_URL,
        "EMAIL_URL": f"smtp://127.0.0.1:{sink.port}",
        "MAIL_CLAIM_SECONDS": "2",
    }

    def start():
        command = [sys.executable, "-m", "celery", "--quiet", "-A", "iamm", "worker", "--concurrency", "1"]
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        workers.append(subprocess.Popen(command, env=environment, start_new_session=True, **silent))
        return workers[-1]

    app.conf.task_always_eager = False
    yield start
    app.conf.task_always_eager = True
    for worker in workers:
        kill(worker)


def kill(worker):
    """kill -9, the worker and its children."""
    if worker.poll() is None:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait(10)


def wait_for(sink, count):
    deadline = time.monotonic() + 120
    while len(sink.taken) < count:
        assert time.monotonic() < deadline, f"{len(sink.taken)} messages of {count}"
        time.sleep(0.02)


def register_many(event):
    people = [f"p{index}@example.org" for index in range(PEOPLE)]
    before = {"state": Booking.State.CONFIRMED, "confirmed_at": timezone.now() - timedelta(days=20)}
    bookings = Booking.objects.bulk_create(
        Booking(event=event, name="Alex Démo", email=email, request_key=uuid4(), **before) for email in people
    )
    Registration.objects.bulk_create(
        Registration(booking=booking, name=booking.name, email=booking.email) for booking in bookings
    )
    return people


def test_each_of_a_thousand_reminders_arrives_although_the_worker_is_killed_twice(sink, start_worker):
    people = register_many(create_event(starts_in=timedelta(days=5)))
    assert reminders.send_reminders(now=timezone.now()) == PEOPLE

    for share in (0.3, 0.6):
        worker = start_worker()
        wait_for(sink, int(PEOPLE * share))
        kill(worker)
    start_worker()
    deadline = time.monotonic() + 120
    while Email.objects.exclude(state=Email.State.SENT).exists() and time.monotonic() < deadline:
        tasks.deliver_due.delay()  # what beat does each minute
        time.sleep(1)

    times = Counter(to for to, _ in sink.taken)
    assert set(times) == set(people)
    assert sum(times.values()) - PEOPLE <= 2
    assert len(set(sink.taken)) == PEOPLE, "a message sent twice carries the same Message-ID"
    assert reminders.send_reminders(now=timezone.now()) == 0
