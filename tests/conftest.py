import gc
import sqlite3
import time
from contextlib import closing
from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.totp.internal import auth as totp
from django.conf import settings
from django.core.cache import cache
from django.core.files.storage import storages
from django.core.signals import setting_changed
from django.db import connection, transaction
from django.utils import timezone

from iamm.celery import app
from tests import services
from tests.giving_back import remember_what_the_migrations_wrote


def pytest_configure():
    """A slow hash protects passwords, and a test has none to protect."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def pytest_collection_modifyitems(items):
    """What asks nothing of the database goes first, while its migrations run. Walks in a browser come last, the longest
    of them first: Playwright stays in the process once it has started."""
    items.sort(
        key=lambda item: (
            "tests/browser/" in item.nodeid,
            "every_page" not in item.nodeid and _asks_database(item),
        )
    )


def _asks_database(item):
    asked = {"db", "transactional_db"}
    return item.get_closest_marker("django_db") is not None or not asked.isdisjoint(item.fixturenames)


def pytest_collection_finish():
    """Do not look again and again for cycles among what lasts as long as the run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings):
    """A test database starts as the one that was migrated, once for all workers: see tests/services.py."""
    migrated = services.wait_for_migrations()
    connection.settings_dict["TEST"]["MIGRATE"] = False
    if connection.vendor == "postgresql":
        yield
    else:
        with (
            closing(sqlite3.connect(connection.creation._get_test_db_name(), uri=True)) as memory,
            closing(sqlite3.connect(migrated)) as file,
        ):
            file.backup(memory)
            yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        remember_what_the_migrations_wrote()


@pytest.fixture(scope="module")
def rows_of_module(django_db_setup, django_db_blocker):
    """For rows that all tests of a module begin with: written once, each test gives back what it changes of them."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(autouse=True, scope="session")
def _tasks_run_in_process():
    """A test that wants a real worker starts one of its own."""
    app.conf.task_always_eager = True
    app.conf.task_eager_propagates = True


@pytest.fixture(autouse=True, scope="session")
def _one_private_storage():
    """A test of other storages has Django build them all anew; fields of models keep the one they began with."""
    private = storages["private"]

    def keep(*, setting, **kwargs):
        if setting in {"STORAGES", "STATIC_ROOT", "STATIC_URL"}:
            storages._storages["private"] = private

    setting_changed.connect(keep)
    yield
    setting_changed.disconnect(keep)


@pytest.fixture(autouse=True)
def _fresh_cache():
    """Rate limits of one test are not those of the next. The database cache goes with the test's transaction."""
    if settings.REDIS_URL:
        cache.clear()


@pytest.fixture
def run_commit_hooks(django_capture_on_commit_callbacks):
    """`with run_commit_hooks():` does what happens after the commit, such as sending mail."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def time_machine_travel():
    """`with time_machine_travel(minutes=26):` is that much later."""
    return lambda **delta: time_machine.travel(timezone.now() + timedelta(**delta))


@pytest.fixture
def daytime():
    """It is noon in Paris: offers may leave."""
    noon = timezone.localtime().replace(hour=12, minute=0)
    with time_machine.travel(noon):
        yield


@pytest.fixture
def totp_code():
    """`totp_code(secret)` is what the app on the phone shows now. It has just changed: it is good for the whole test."""

    def compute(secret):
        return totp.format_hotp_value(
            totp.hotp_value(secret, next(iter(totp.yield_hotp_counters_from_time())))
        )

    with time_machine.travel((time.time() // 30 + 1) * 30):
        yield compute
