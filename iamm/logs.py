"""One JSON line a request and a task, all with the request id that the proxy gave."""

import logging
import time
from collections.abc import Callable
from copy import copy
from logging.config import dictConfig
from typing import Any
from uuid import uuid4

from celery.signals import before_task_publish, setup_logging, task_postrun, task_prerun
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django_guid import clear_guid, get_guid, set_guid
from django_guid.utils import generate_guid, validate_guid
from pythonjsonlogger.json import JsonFormatter as BaseJsonFormatter

access_log = logging.getLogger("iamm.access")
task_log = logging.getLogger("iamm.task")


class JsonFormatter(BaseJsonFormatter):
    def __init__(self) -> None:
        super().__init__(
            "{levelname}{name}{message}{request_id}",
            style="{",
            timestamp=True,
            rename_fields={"levelname": "level", "name": "logger"},
            json_ensure_ascii=False,
        )

    def format(self, record: logging.LogRecord) -> str:
        return super().format(_without_address(record))


def _without_address(record: logging.LogRecord) -> logging.LogRecord:
    """Django notes errors and refused forms with their path, which may hold a token: note the route in its place."""
    request = getattr(record, "request", None)
    if not isinstance(request, HttpRequest):
        return record
    route = _route(request)
    record = copy(record)  # others may show it too
    record.__dict__["request"] = route
    if isinstance(record.args, tuple):
        record.args = tuple(route if arg == request.path else arg for arg in record.args)
    return record


def _route(request: HttpRequest) -> str | None:
    return getattr(request.resolver_match, "route", None)


def request_id_middleware(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Take up the proxy's request id if it is a UUID, else make one. django_guid's own costs as much as the access log."""

    def middleware(request: HttpRequest) -> HttpResponse:
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = given if validate_guid(given) else uuid4().hex
        set_guid(request_id)
        response = get_response(request)
        response.headers["X-Request-ID"] = request_id
        return response

    return middleware


def access_log_middleware(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Log each answer without its query string, which may hold what a person typed, and without tokens."""

    def middleware(request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = get_response(request)
        access_log.info(
            "request",
            extra={
                "method": request.method,
                "route": _route(request),
                "status": response.status_code,
                "duration_ms": round((time.perf_counter() - started) * 1000, 1),
            },
        )
        return response

    return middleware


@setup_logging.connect
def log_as_settings_say(**kwargs: Any) -> None:
    """Keep Celery from laying its own formats over ours: a receiver of this signal is what stops it."""
    dictConfig(settings.LOGGING)


@before_task_publish.connect
def carry_request_id(headers: dict[str, Any], **kwargs: Any) -> None:
    headers["request_id"] = get_guid()


@task_prerun.connect
def note_start(task: Any, **kwargs: Any) -> None:
    """Take up the request id that came with the task. A task run in the process of a request has it already."""
    task.request.started = time.perf_counter()
    task.request.owns_id = not (task.request.is_eager and get_guid())
    if task.request.owns_id:
        set_guid(task.request.get("request_id") or generate_guid())


@task_postrun.connect
def log_task(task: Any, task_id: str, state: str, **kwargs: Any) -> None:
    duration = round((time.perf_counter() - task.request.started) * 1000, 1)
    task_log.info(
        "task", extra={"task": task.name, "task_id": task_id, "state": state, "duration_ms": duration}
    )
    if task.request.owns_id:
        clear_guid()
