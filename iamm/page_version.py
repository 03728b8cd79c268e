"""What public pages are made of: which version of it holds now, and until when the clock alone leaves it so.

The version is a random token in the shared cache. A statement that writes to a table of PAGE_APPS renews it after its
transaction, whoever wrote: a verb, the admin, a task, a command, an import.
"""

import logging
import re
from collections.abc import Callable
from datetime import datetime, time, timedelta
from secrets import token_urlsafe
from threading import Event
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.utils import timezone
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

PAGE_APPS = ("events", "members", "partners")
KEY = "pages:version"
CACHE_IS_DOWN = (RedisError, DatabaseError)  # the cache is Redis, or a table
CHECKED_EVERY = timedelta(minutes=5)  # a hand in the database, which nothing tells us of, is seen by then

_is_owed = Event()
_names_a_page_table = re.compile(rf"\b(?:{'|'.join(PAGE_APPS)})_", re.IGNORECASE).search


def current() -> str:
    """The version now. One that was evicted is replaced, and no page of before matches the new one."""
    if _is_owed.is_set():
        renew()
    return cache.get(KEY) or str(cache.get_or_set(KEY, token_urlsafe, timeout=None))


def renew() -> None:
    """Put every page kept so far out of use. While the cache is down this is owed, and done when it is next asked for."""
    try:
        cache.set(KEY, token_urlsafe(), timeout=None)
        _is_owed.clear()
    except CACHE_IS_DOWN:
        _is_owed.set()
        logger.exception("The pages kept in the cache could not be put out of use.")


# Writes


@receiver(connection_created)
def watch(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    if _after_write not in connection.execute_wrappers:  # a connection opened again keeps its own
        connection.execute_wrappers.append(_after_write)


def _after_write(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
    result = execute(sql, params, many, context)
    statement = str(sql).lstrip()
    if settings.SHARED_PAGES and statement[:6].upper() != "SELECT" and _names_a_page_table(statement):
        connection = context["connection"]
        if not _is_unfinished(connection, statement):
            _renew_once_committed(connection)
    return result


def _is_unfinished(connection: BaseDatabaseWrapper, statement: str) -> bool:
    """Without a transaction, SQLite only commits once the rows that a statement returns were read: see `_after_save`."""
    return connection.vendor == "sqlite" and not connection.in_atomic_block and "RETURNING" in statement


@receiver(post_save)
def _after_save(sender: type[models.Model], using: str, **kwargs: Any) -> None:
    if settings.SHARED_PAGES and sender._meta.app_label in PAGE_APPS:
        _renew_once_committed(connections[using])


def _renew_once_committed(connection: BaseDatabaseWrapper) -> None:
    """Once a transaction. A savepoint that is rolled back takes its own call away with its writes."""
    if not any(function is renew for _, function, *_ in connection.run_on_commit):
        transaction.on_commit(renew, using=connection.alias)


# The clock


def next_change_at(now: datetime) -> datetime:
    """The next moment at which a page may change by itself, or when to look again.

    Every moment that events, prices and holds name is one, and so is midnight in Paris.
    """
    tomorrow = timezone.localdate(now) + timedelta(days=1)
    moments = [now + CHECKED_EVERY, timezone.make_aware(datetime.combine(tomorrow, time.min))]
    for model in apps.get_app_config("events").get_models():
        if names := _moments(model):
            coming = {name: models.Min(name, filter=models.Q(**{f"{name}__gt": now})) for name in names}
            moments += filter(None, model._default_manager.order_by().aggregate(**coming).values())
    return min(moments)


def _moments(model: type[models.Model]) -> list[str]:
    """The fields of a model that may hold a moment to come: not those that note when the row was written."""
    return [
        field.name
        for field in model._meta.concrete_fields
        if isinstance(field, models.DateTimeField) and not (field.auto_now or field.auto_now_add)
        if not field.has_default()
    ]
