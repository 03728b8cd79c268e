from allauth.usersessions.models import UserSession
from celery import shared_task
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone


@shared_task
def forget_expired() -> int:
    """Forget sessions that are over, with the address and browser they were opened from. Returns how many.

    The privacy page promises it, and the day after which the addresses that rate limits count are gone: Redis forgets
    them by itself, the database cache only when it is full.
    """
    now = timezone.now()
    Session.objects.filter(expire_date__lt=now).delete()
    over = UserSession.objects.exclude(session_key__in=Session.objects.values("session_key"))
    count = over.delete()[0]
    cache = settings.CACHES["default"]
    if cache["BACKEND"] == "django.core.cache.backends.db.DatabaseCache":
        table = connection.ops.quote_name(str(cache["LOCATION"]))
        with connection.cursor() as cursor:
            limit = connection.ops.adapt_datetimefield_value(now)
            cursor.execute(f"DELETE FROM {table} WHERE expires < %s", [limit])  # noqa: S608 - our own setting
    return count
