from celery import shared_task
from django.db.models import Q
from django.utils import timezone

from events import reminders
from events.models import Booking, Event


@shared_task
def release_expired_holds() -> int:
    """Free what has expired and serve the queues, also those of events that have grown."""
    expired = Q(pk__in=Booking.objects.expired().values("event"))
    queued = Q(pk__in=Booking.objects.waiting().order_by().values("event"), starts_at__gt=timezone.now())
    return sum(event.release_expired() for event in Event.objects.filter(expired | queued))


@shared_task
def send_reminders() -> int:
    return reminders.send_reminders(now=timezone.now())
