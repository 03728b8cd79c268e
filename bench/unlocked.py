"""The portal with the lock on an event taken off, for `bench.rush` to show that it would notice. Never served."""

from typing import Any

from django.apps import apps

from iamm.wsgi import application

__all__ = ["application"]

Event = apps.get_model("events.Event")


def read(event: Any) -> Any:
    """What `Event.locked` does, less the lock."""
    return Event.objects.get(pk=event.pk)


Event.locked = read
