from typing import TYPE_CHECKING, Any

from django.db import transaction

from events import emails
from events.addressees import addressees
from events.models.dated import Dated
from events.particulars import Particulars


class Announced(Dated):
    """What tells those who hold or wait for a place when it changes."""

    class Meta:
        abstract = True

    if TYPE_CHECKING:  # of the event
        locked: Any

    @property
    def particulars(self) -> Particulars:
        return Particulars(**{name: getattr(self, name) for name in Particulars._fields})

    @transaction.atomic
    def announce_changes(self, *, before: Particulars) -> int:
        """Tell each address once what is no longer as `before`, with the entry for its calendar.

        Does nothing for a draft, nor once the event is over or called off. Returns how many were told.
        """
        event = self.locked()
        if event.status != event.Status.PUBLISHED or event.is_over or event.particulars.is_as(before):
            return 0
        if event.sequence <= before.sequence:
            event.sequence = before.sequence + 1
            event.save(update_fields=["sequence", "updated_at"])
        self.sequence = event.sequence
        if event.particulars.when != before.when:
            event.skip_due_reminders()
        expired = event.bookings.expired().values("pk")
        bookings = event.bookings.live().exclude(pk__in=expired).select_related("event")
        told = addressees(bookings.prefetch_related("registrations").order_by("pk"))
        return sum(emails.event_changed(addressee, event=event, before=before) for addressee in told)
