"""Django's Redis cache, with one connection kept a thread: its own makes a client and borrows a connection each time."""

import os
from typing import Any

from django.core.cache.backends import redis
from redis.exceptions import RedisError


class KeptClient(redis.RedisCacheClient):
    """Each thread has a cache of its own, so that a connection is never shared; nor is it with a forked process."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._kept: dict[tuple[int, int], Any] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        pool = self._get_connection_pool(write)  # type: ignore[attr-defined]
        owner = id(pool), os.getpid()
        if owner not in self._kept:
            self._kept[owner] = self._lib.Redis(  # type: ignore[attr-defined]
                connection_pool=pool, single_connection_client=True
            )
        return self._kept[owner]

    def get(self, key: Any, default: Any) -> Any:
        """One command and its answer. What the client does around it, such as trying again, waits until that fails."""
        client = self.get_client()
        with client.single_connection_lock:
            try:
                client.connection.send_command("GET", key)
                value = client.connection.read_response()
            except RedisError:
                return super().get(key, default)
        return default if value is None else self._serializer.loads(value)  # type: ignore[attr-defined]


class RedisCache(redis.RedisCache):
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = KeptClient
