from datetime import timedelta

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from accounts.tasks import forget_expired
from tests.factories import create_user

pytestmark = pytest.mark.django_db


def open_session(key, *, expires_in):
    Session.objects.create(session_key=key, session_data="", expire_date=timezone.now() + expires_in)
    UserSession.objects.create(
        user=create_user(), session_key=key, ip="192.0.2.1", user_agent="Navigateur d’essai"
    )


def test_a_session_that_is_over_is_forgotten_with_its_address():
    open_session("passee", expires_in=timedelta(seconds=-1))
    open_session("vivante", expires_in=timedelta(days=1))

    assert forget_expired() == 1
    assert forget_expired() == 0

    assert [session.session_key for session in Session.objects.all()] == ["vivante"]
    assert [session.session_key for session in UserSession.objects.all()] == ["vivante"]


def test_a_closed_session_leaves_no_address_behind():
    open_session("fermee", expires_in=timedelta(days=1))
    Session.objects.all().delete()

    forget_expired()

    assert UserSession.objects.count() == 0


def test_expired_rate_limits_leave_the_database_cache(settings):
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "essai"}
    }
    call_command("createcachetable", verbosity=0)
    cache.set("adresse", "192.0.2.1", timeout=60)
    cache.set("autre", "192.0.2.2", timeout=86_400)

    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        forget_expired()

    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key FROM essai")
        assert cursor.fetchall() == [(":1:autre",)]
