import signal
import threading
from datetime import UTC, datetime

import pytest
import time_machine
from celery.schedules import crontab
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import OperationalError

from iamm.celery import app
from iamm.management.commands import tick

pytestmark = pytest.mark.django_db
NIGHT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


@pytest.fixture
def ran(settings):
    """Two tasks on a schedule of their own, and the list of their runs."""
    runs = []

    @app.task(name="tests.often")
    def often():
        runs.append("often")

    @app.task(name="tests.daily")
    def daily():
        runs.append("daily")

    settings.CELERY_BEAT_SCHEDULE = {
        "often": {"task": "tests.often", "schedule": 60.0},
        "daily": {"task": "tests.daily", "schedule": crontab(minute=30, hour=6)},
    }
    yield runs
    for name in ("tests.often", "tests.daily"):
        app.tasks.unregister(name)


def test_the_first_tick_runs_all_and_the_next_only_what_is_due(ran):
    with time_machine.travel(NIGHT, tick=False) as now:
        call_command("tick")
        call_command("tick")
        now.shift(60)
        call_command("tick")

    assert ran == ["often", "daily", "often"]


def test_a_crontab_is_in_paris_time_and_what_was_missed_is_caught_up(ran):
    with time_machine.travel(NIGHT, tick=False) as now:
        call_command("tick")
        ran.clear()
        now.move_to(datetime(2026, 11, 23, 5, 29, tzinfo=UTC))
        call_command("tick")
        assert ran == ["often"]

        now.move_to(datetime(2026, 11, 23, 9, 0, tzinfo=UTC))
        call_command("tick")

    assert ran == ["often", "often", "daily"]


def test_a_task_that_fails_is_named_and_does_not_stop_the_others(ran, monkeypatch):
    def fail():
        raise ZeroDivisionError

    monkeypatch.setattr(app.tasks["tests.often"], "run", fail)

    with pytest.raises(CommandError, match=r"^En échec : often\.$"):
        call_command("tick")

    assert ran == ["daily"]


def test_the_loop_goes_on_when_the_database_is_away_and_ends_on_sigterm(ran, monkeypatch):
    calls = []

    def away_once(key):
        calls.append(key)
        if len(calls) == 1:
            raise OperationalError("la base est absente")
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(cache, "get", away_once)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    call_command("tick", loop=0)

    for number, handler in handlers.items():
        signal.signal(number, handler)
    assert ran == ["often"]


def test_a_stop_lets_the_running_task_end_and_starts_no_other(ran, monkeypatch):
    stop = threading.Event()
    monkeypatch.setattr(app.tasks["tests.often"], "run", stop.set)

    tick.run_due_tasks(stop)

    assert ran == []
