"""One at a time among all processes, through the shared cache: for what speaks HTTP, and so cannot lock a row."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from django.core.cache import cache

STEP = 0.05  # seconds between two looks at a lock that somebody else holds


class Busy(Exception):
    """Somebody else holds it, and has not let go of it in time."""


@contextmanager
def held(name: str, *, seconds: int, wait: float) -> Iterator[None]:
    """Hold `name`, after `wait` seconds at the latest. A process that dies lets go of it after `seconds`. Raises Busy."""
    key, owner = f"held.{name}", str(uuid4())
    deadline = time.monotonic() + wait
    while not cache.add(key, owner, seconds):
        if time.monotonic() >= deadline:
            raise Busy(name)
        time.sleep(STEP)
    try:
        yield
    finally:
        if cache.get(key) == owner:  # not of somebody who came after our time was over
            cache.delete(key)
