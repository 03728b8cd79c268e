from events.models.booking import Booking
from events.models.calendar_feed import CalendarFeed
from events.models.event import Event
from events.models.feedback import FEEDBACK_DAYS, Feedback
from events.models.messages import Exclusion, GroupMessage
from events.models.places import Place
from events.models.pricing import Price, PromoCode
from events.models.programme import Slot
from events.models.questions import AccessNeed, Answer, Question
from events.models.refusals import (
    AlreadyRegistered,
    CapacityTooLow,
    CodeRefused,
    EventFull,
    EventOver,
    FeedbackClosed,
    MembersOnly,
    OfferGone,
    PriceRefused,
    RegistrationClosed,
    TooManyPlaces,
)
from events.models.registration import Registration
from events.models.reminder import ReminderRule
from events.models.resource import Resource
from events.models.series import Series
from events.models.speaker import Appearance, Speaker
from events.models.training import Training
from events.models.vocabulary import Audience, Level, Theme

__all__ = [
    "FEEDBACK_DAYS",
    "AccessNeed",
    "AlreadyRegistered",
    "Answer",
    "Appearance",
    "Audience",
    "Booking",
    "CalendarFeed",
    "CapacityTooLow",
    "CodeRefused",
    "Event",
    "EventFull",
    "EventOver",
    "Feedback",
    "FeedbackClosed",
    "Exclusion",
    "GroupMessage",
    "Level",
    "MembersOnly",
    "OfferGone",
    "Place",
    "Price",
    "PriceRefused",
    "PromoCode",
    "Question",
    "Registration",
    "RegistrationClosed",
    "ReminderRule",
    "Resource",
    "Series",
    "Slot",
    "Speaker",
    "Theme",
    "TooManyPlaces",
    "Training",
]
