import logging
import signal
from argparse import ArgumentParser
from datetime import timedelta
from threading import Event
from typing import Any

from celery.schedules import BaseSchedule, crontab
from celery.schedules import schedule as interval
from django.conf import settings
from django.core.cache import cache
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, close_old_connections
from redis.exceptions import RedisError

from iamm.celery import app

logger = logging.getLogger("iamm.tick")


class Command(BaseCommand):
    help = "Lance les tâches de CELERY_BEAT_SCHEDULE dont l’heure est venue, sans file d’attente."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--loop",
            type=int,
            metavar="SECONDES",
            help="recommence à cet intervalle jusqu’à Ctrl-C ou SIGTERM",
        )

    def handle(self, *, loop: int | None, **options: Any) -> None:
        if loop is None:
            if failed := run_due_tasks():
                raise CommandError(f"En échec : {', '.join(failed)}.")
            return
        stop = Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, frame: stop.set())
        while not stop.is_set():
            run_safely(stop)
            stop.wait(loop)


def run_safely(stop: Event) -> None:
    """One turn of the loop, which goes on when the database or the cache is away for a while."""
    close_old_connections()
    try:
        run_due_tasks(stop)
    except (DatabaseError, RedisError, OSError):
        logger.exception("tick")


def run_due_tasks(stop: Event | None = None) -> list[str]:
    """Run in this process what Celery beat would send now; return the names of the entries that failed.

    Celery logs a failure with its traceback, and the next entry has its turn. Two ticks at once may run the same
    task twice: each task is made for that.
    """
    app.loader.import_default_modules()
    schedule: dict[str, Any] = settings.CELERY_BEAT_SCHEDULE
    failed = []
    for name, entry in schedule.items():
        if stop is not None and stop.is_set():
            break
        key, now = f"tick.{name}", app.now()
        last_run = cache.get(key)
        if last_run is None or _as_schedule(entry["schedule"]).is_due(last_run).is_due:
            cache.set(key, now, timeout=None)
            if app.tasks[entry["task"]].apply(throw=False).failed():
                failed.append(name)
    return failed


def _as_schedule(value: float | crontab) -> BaseSchedule:
    return value if isinstance(value, crontab) else interval(timedelta(seconds=value), app=app)
