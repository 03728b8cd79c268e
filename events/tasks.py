from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from events import reminders
from events.models import Booking, Event, Feedback, GroupMessage

AT_ONCE = 20  # copies of a message that a request may write itself


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


def start_group_message(message: GroupMessage, *, count: int) -> None:
    """Without a worker, the request of staff would write every copy: many are left to the schedule."""
    if count <= AT_ONCE or not settings.CELERY_TASK_ALWAYS_EAGER:
        send_group_message.delay_on_commit(message.pk)  # type: ignore[attr-defined]


@shared_task
def finish_group_messages() -> int:
    """Write the copies that nobody writes any more: of a task that died, that no worker took, or that was left to us."""
    still = timezone.now() - timedelta(minutes=2)
    unfinished = GroupMessage.objects.unfinished().filter(sent_at__lt=still)
    abandoned = unfinished.exclude(copies__created_at__gt=still)
    return sum(message.write_copies() for message in abandoned)


@shared_task
def unsign_feedback() -> int:
    """What can no longer be changed says no longer whose it is."""
    return Feedback.objects.closed().update(place=None)
