from events.models.booking import Booking, Registration
from events.models.event import Event
from events.models.refusals import AlreadyRegistered, EventFull, EventOver, RegistrationClosed
from events.models.training import Training
from events.models.vocabulary import Audience, Level, Theme

__all__ = [
    "AlreadyRegistered",
    "Audience",
    "Booking",
    "Event",
    "EventFull",
    "EventOver",
    "Level",
    "Registration",
    "RegistrationClosed",
    "Theme",
    "Training",
]
