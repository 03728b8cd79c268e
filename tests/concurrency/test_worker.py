"""A real Celery worker behind a real Redis."""

import json
import time

import pytest
from django.conf import settings

from iamm.celery import app
from mailing.models import Email
from tests import processes

REQUEST_ID = "6f1a9a4e-94a5-4b8b-9fd6-1d1f1a1d1a1a"


@pytest.fixture
def worker(tmp_path):
    """Started before the test, stopped by it; the tasks of the test go through the broker."""
    env = {
        "DATABASE_URL": processes.database_url(),
        "REDIS_URL": settings.REDIS_URL,
        "EMAIL_URL": f"filemail:///{tmp_path}/mails",
        "PYTHONWARNINGS": "ignore",  # Celery tells root that it is root, in words of its own
    }
    app.conf.task_always_eager = False
    command = ("-m", "celery", "--quiet", "-A", "iamm", "worker", "--concurrency", "1")
    with processes.running(processes.start(*command, env=env)) as process:
        yield process
    app.conf.task_always_eager = True


def test_the_id_of_the_request_follows_the_mail_to_the_worker(worker, client):
    form = {"name": "Alex", "email": "alex@example.org", "message": "Bonjour", "request_key": REQUEST_ID}

    response = client.post("/contact/", form, headers={"X-Request-ID": REQUEST_ID})
    deadline = time.monotonic() + 60
    while not Email.objects.filter(state=Email.State.SENT).exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    worker.terminate()
    _, errors = worker.communicate(timeout=30)

    assert response.status_code == 302
    lines = [json.loads(line) for line in errors.splitlines()]
    tasks = [line for line in lines if line["message"] == "task"]
    assert [(line["task"], line["state"], line["request_id"]) for line in tasks] == [
        ("mailing.tasks.deliver", "SUCCESS", REQUEST_ID)
    ]
    assert tasks[0]["duration_ms"] > 0
