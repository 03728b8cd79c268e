from events.admin.bookings import BookingAdmin, RegistrationAdmin
from events.admin.content import SpeakerAdmin
from events.admin.events import EventAdmin
from events.admin.feedback import FeedbackAdmin
from events.admin.messages import GroupMessageAdmin
from events.admin.needs import AccessNeedAdmin
from events.admin.trainings import TrainingAdmin
from events.admin.vocabulary import AudienceAdmin, ThemeAdmin

__all__ = [
    "AccessNeedAdmin",
    "AudienceAdmin",
    "BookingAdmin",
    "EventAdmin",
    "FeedbackAdmin",
    "GroupMessageAdmin",
    "RegistrationAdmin",
    "SpeakerAdmin",
    "ThemeAdmin",
    "TrainingAdmin",
]
