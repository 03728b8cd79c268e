import io
import json
import logging

import pytest
from celery import shared_task
from django.http import HttpResponse
from django.test import Client
from django.urls import path
from django_guid import get_guid
from django_guid.log_filters import CorrelationId

from iamm import urls
from iamm.logs import JsonFormatter

REQUEST_ID = "6f1a9a4e-94a5-4b8b-9fd6-1d1f1a1d1a1a"


@shared_task
def count_to_three():
    return 3


@shared_task
def fail():
    raise ZeroDivisionError


def broken(request):
    raise ZeroDivisionError("une panne")


def broken_with_token(request, token):
    raise ZeroDivisionError("une panne")


def with_task(request, token):
    count_to_three.delay()
    return HttpResponse()


urlpatterns = [
    *urls.urlpatterns,
    path("panne/", broken),
    path("panne/<str:token>/", broken_with_token),
    path("tache/<str:token>/", with_task),
]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture(autouse=True)
def _without_login(settings):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "LoginRequired" not in name]


@pytest.fixture
def log_lines():
    """What the process would write on its standard error, decoded."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    handler.addFilter(CorrelationId("request_id"))
    logging.getLogger().addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.getLogger().removeHandler(handler)


def test_a_request_is_one_line_with_the_id_of_the_proxy(client, log_lines):
    client.get("/sante/", headers={"X-Request-ID": REQUEST_ID})

    [line] = log_lines()
    assert line.pop("duration_ms") > 0
    assert line.pop("timestamp").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "logger": "iamm.access",
        "message": "request",
        "request_id": REQUEST_ID,
        "method": "GET",
        "route": "sante/",
        "status": 200,
    }


def test_an_id_that_is_no_uuid_is_replaced(client, log_lines):
    response = client.get("/sante/", headers={"X-Request-ID": "<script>"})

    [line] = log_lines()
    assert len(line["request_id"]) == 32
    assert response["X-Request-ID"] == line["request_id"]


def test_the_line_of_a_request_holds_neither_its_token_nor_its_query(client, log_lines):
    client.get("/tache/jeton-secret/?q=mot-secret")

    assert "secret" not in json.dumps(log_lines())
    assert log_lines()[-1]["route"] == "tache/<str:token>/"


def test_a_task_run_in_the_request_has_the_id_of_the_request(client, log_lines):
    client.get("/tache/1/", headers={"X-Request-ID": REQUEST_ID})

    assert [(line["message"], line["request_id"]) for line in log_lines()] == [
        ("task", REQUEST_ID),
        ("request", REQUEST_ID),
    ]


def test_a_task_of_the_schedule_has_an_id_of_its_own_and_leaves_none_behind(log_lines):
    count_to_three.apply(throw=False)

    [line] = log_lines()
    assert len(line["request_id"]) == 32
    assert (line["task"], line["state"]) == ("tests.iamm.test_logs.count_to_three", "SUCCESS")
    assert get_guid() is None


def test_a_failed_task_is_logged_with_its_traceback(log_lines):
    fail.apply(throw=False)

    failure, line = log_lines()
    assert (failure["level"], line["state"]) == ("ERROR", "FAILURE")
    assert "ZeroDivisionError" in failure["exc_info"]
    assert failure["request_id"] == line["request_id"]


def test_a_500_is_logged_with_its_traceback_and_the_id_of_the_request(client, log_lines):
    client.raise_request_exception = False

    client.get("/panne/", headers={"X-Request-ID": REQUEST_ID})

    failure, line = log_lines()
    assert failure["level"] == "ERROR"
    assert failure["exc_info"].endswith("ZeroDivisionError: une panne")
    assert (failure["request_id"], line["request_id"], line["status"]) == (REQUEST_ID, REQUEST_ID, 500)


def test_a_500_is_logged_without_the_token_of_its_address(client, log_lines):
    client.raise_request_exception = False

    client.post("/panne/jeton-secret/?q=mot-secret")

    failure, _line = log_lines()
    assert "secret" not in json.dumps(failure)
    assert failure["message"] == "Internal Server Error: panne/<str:token>/"


def test_a_refused_form_is_logged_without_the_token_of_its_address(log_lines):
    token = "3f0c1f0e-52a4-4a3c-8f0e-0d7e3f1c2b4a"

    Client(enforce_csrf_checks=True).post(f"/reservations/{token}/annuler/")

    assert token not in json.dumps(log_lines())
