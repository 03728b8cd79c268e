from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection, connections


def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/concurrency" in str(item.path):
            item.add_marker(pytest.mark.django_db(transaction=True))


@pytest.fixture(autouse=True)
def _on_postgresql():
    assert connection.vendor == "postgresql", "concurrency is proved on PostgreSQL"


@pytest.fixture
def at_once():
    """Call each function in a thread of its own, all released together; return results and exceptions in order."""

    def run(*functions: Callable[[], Any]) -> list[Any]:
        barrier, results = Barrier(len(functions)), [None] * len(functions)

        def call(index: int) -> None:
            try:
                connection.ensure_connection()
                barrier.wait(30)
                results[index] = functions[index]()
            except Exception as error:  # noqa: BLE001 - handed to the test, which looks at it
                results[index] = error
            finally:
                connections.close_all()

        threads = [Thread(target=call, args=[index]) for index in range(len(functions))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        return results

    return run
