from celery import shared_task
from django.db.models import Q
from django.utils import timezone

from events import reminders
from events.models import Booking, Event, Feedback, GroupMessage


@shared_task
def release_expired_holds() -> int:
    """Free what has expired and serve the queues, also those of events that have grown."""
    expired = Q(pk__in=Booking.objects.expired().values("event"))
    queued = Q(pk__in=Booking.objects.waiting().order_by().values("event"))
    asked = Q(pk__in=Booking.objects.hoping().values("event"), starts_at__lte=timezone.now())
    return sum(event.release_expired() for event in Event.objects.filter(expired | queued | asked))


@shared_task
def send_reminders() -> int:
    return reminders.send_reminders(now=timezone.now())


@shared_task
def send_group_message(message_id: int) -> int:
    return GroupMessage.objects.get(pk=message_id).write_copies()


@shared_task
def finish_group_messages() -> int:
    return sum(message.write_copies() for message in GroupMessage.objects.abandoned())


@shared_task
def unsign_feedback() -> int:
    """What can no longer be changed says no longer whose it is."""
    return Feedback.objects.closed().update(place=None)
