"""Django's Redis cache, with one connection kept a thread: its own makes a client and borrows a connection each time."""

import os
from typing import Any

from django.core.cache.backends import redis


class KeptClient(redis.RedisCacheClient):
    """Each thread has a cache of its own, so that a connection is never shared; nor is it with a forked process."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._kept: dict[tuple[bool, int], Any] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        purpose = write, os.getpid()
        if purpose not in self._kept:
            pool = self._get_connection_pool(write)  # type: ignore[attr-defined]
            self._kept[purpose] = self._lib.Redis(  # type: ignore[attr-defined]
                connection_pool=pool, single_connection_client=True
            )
        return self._kept[purpose]


class RedisCache(redis.RedisCache):
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = KeptClient
