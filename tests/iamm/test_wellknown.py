from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from django.utils import timezone
from kombu import Connection
from redis.exceptions import ConnectionError as RedisConnectionError

from iamm.celery import app
from mailing.models import Email

pytestmark = pytest.mark.django_db
NOBODY_LISTENS = "redis://127.0.0.1:1/0"


def create_email(**fields):
    return Email.objects.create(
        key="une-clé", to="personne@example.org", message_id=Email.new_message_id(), **fields
    )


def readiness(client):
    response = client.get("/sante/pret/")
    return response.status_code, response.json()


def test_alive_means_that_the_process_answers_without_asking_the_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get("/sante/")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_the_health_check_of_the_container_is_not_sent_to_https(client, settings):
    settings.SECURE_SSL_REDIRECT = True

    assert client.get("/sante/").status_code == 200
    assert client.get("/sante/pret/").status_code == 200


def test_ready_when_all_answer(client):
    assert readiness(client) == (
        200,
        {"status": "ok", "database": True, "cache": True, "queue": True, "outbox": True},
    )


def test_not_ready_when_mail_has_not_left_for_a_quarter_of_an_hour(client):
    create_email(created_at=timezone.now() - timedelta(minutes=16))

    assert readiness(client) == (
        503,
        {"status": "ko", "database": True, "cache": True, "queue": True, "outbox": False},
    )


def test_ready_in_spite_of_an_address_that_was_refused_for_good(client):
    create_email(created_at=timezone.now() - timedelta(days=2), state=Email.State.FAILED)

    assert readiness(client)[0] == 200


@pytest.mark.parametrize("error", [RedisConnectionError, OperationalError])
def test_not_ready_when_the_cache_is_away(client, monkeypatch, error):
    def away(*args):
        raise error

    monkeypatch.setattr(cache, "set", away)

    assert readiness(client) == (
        503,
        {"status": "ko", "database": True, "cache": False, "queue": True, "outbox": True},
    )


def test_not_ready_when_the_broker_is_away(client, settings, monkeypatch):
    settings.CELERY_TASK_ALWAYS_EAGER = False
    monkeypatch.setattr(app, "connection_for_write", lambda: Connection(NOBODY_LISTENS))

    assert readiness(client) == (
        503,
        {"status": "ko", "database": True, "cache": True, "queue": False, "outbox": True},
    )


def test_not_ready_when_the_database_is_away(client, monkeypatch):
    def away():
        raise OperationalError

    monkeypatch.setattr(connection, "cursor", away)
    monkeypatch.setattr(cache, "set", lambda *args: None)
    monkeypatch.setattr(cache, "get", lambda *args: "1")

    assert readiness(client) == (
        503,
        {"status": "ko", "database": False, "cache": True, "queue": True, "outbox": False},
    )
