"""What machines ask for: health, robots.txt, sitemap.xml, security.txt."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from events.models import Event, Speaker, Training
from iamm.celery import app
from mailing.models import Email
from members.models import Kind, Plan
from partners.models import Partner

PAGES = [
    "home",
    "events:agenda",
    "events:archive",
    "trainings:training_list",
    "members:plan_list",
    "founder_list",
    "contact",
    "legal_notice",
    "privacy",
    "accessibility",
    "site_map",
]


@login_not_required
@never_cache
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Alive: the process answers."""
    return JsonResponse({"status": "ok"})


@login_not_required
@never_cache
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Ready: database, cache and queue answer, and mail leaves."""
    checks = {"database": _database(), "cache": _cache(), "queue": _queue()}
    checks["outbox"] = checks["database"] and not Email.objects.late().exists()
    is_ready = all(checks.values())
    return JsonResponse({"status": "ok" if is_ready else "ko", **checks}, status=200 if is_ready else 503)


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _cache() -> bool:
    try:
        cache.set("ready", "1", 10)
        return bool(cache.get("ready") == "1")
    except (RedisError, DatabaseError):
        return False


def _queue() -> bool:
    """The broker takes a connection; without a broker, tasks run in the request itself."""
    if settings.CELERY_TASK_ALWAYS_EAGER:
        return True
    try:
        with app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=1, timeout=2)
    except (OSError, BrokerError):
        return False
    return True


@login_not_required
@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    return render(request, "iamm/robots.txt", content_type="text/plain; charset=utf-8")


@login_not_required
@require_safe
def security_txt(request: HttpRequest) -> HttpResponse:
    today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    context = {"expires": today + timedelta(days=180)}
    return render(request, "iamm/security.txt", context, content_type="text/plain; charset=utf-8")


@login_not_required
@cache_control(public=True, no_cache=True)
@require_safe
def sitemap_xml(request: HttpRequest) -> HttpResponse:
    context = {
        "paths": [reverse(name) for name in PAGES],
        "plans": Plan.objects.open().filter(kind=Kind.PERSON),
        "events": Event.objects.public().only("slug", "updated_at"),
        "trainings": Training.objects.published(),
        "founders": Partner.objects.founders(),
        "speakers": Speaker.objects.public(),
    }
    return render(request, "iamm/sitemap.xml", context, content_type="application/xml; charset=utf-8")
