from events.models.booking import Booking, Registration
from events.models.event import (
    AlreadyRegistered,
    Audience,
    Event,
    EventFull,
    EventOver,
    Level,
    RegistrationClosed,
    Theme,
)
from events.models.training import Training

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
