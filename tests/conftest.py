from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.core import serializers
from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from pytest_django.plugin import blocking_manager_key

from iamm.celery import app

WRITTEN = pytest.StashKey[str]()


def pytest_configure():
    """A slow hash protects passwords, and a test has none to protect."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker, request):
    """Remember what the migrations wrote: a transactional test empties every table when it ends."""
    from members.models import ReminderRule, Skill  # noqa: PLC0415 - once the settings are read
    from payments.models import DunningRule  # noqa: PLC0415

    with django_db_blocker.unblock():
        rows = [*Skill.objects.all(), *ReminderRule.objects.all(), *DunningRule.objects.all()]
        request.config.stash[WRITTEN] = serializers.serialize("json", rows)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item, nextitem):
    """With several workers an ordinary test may come after a transactional one."""
    result = yield
    marker = item.get_closest_marker("django_db")
    is_transactional = marker and marker.kwargs.get("transaction") or "live_server" in item.fixturenames
    if is_transactional and nextitem is not None:  # after the last one the database is gone
        with item.config.stash[blocking_manager_key].unblock():
            for row in serializers.deserialize("json", item.config.stash[WRITTEN]):
                row.save()
            connection.close()  # as the test left it
    return result


@pytest.fixture(autouse=True, scope="session")
def _tasks_run_in_process():
    """A test that wants a real worker starts one of its own."""
    app.conf.task_always_eager = True
    app.conf.task_eager_propagates = True


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
