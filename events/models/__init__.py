from events.models.booking import Booking
from events.models.event import Event
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
    MembersOnly,
    OfferGone,
    PriceRefused,
    RegistrationClosed,
    TooManyPlaces,
)
from events.models.registration import Registration
from events.models.resource import Resource
from events.models.series import Series
from events.models.speaker import Appearance, Speaker
from events.models.training import Training
from events.models.vocabulary import Audience, Level, Theme

__all__ = [
    "AccessNeed",
    "AlreadyRegistered",
    "Answer",
    "Appearance",
    "Audience",
    "Booking",
    "CapacityTooLow",
    "CodeRefused",
    "Event",
    "EventFull",
    "EventOver",
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
    "Resource",
    "Series",
    "Slot",
    "Speaker",
    "Theme",
    "TooManyPlaces",
    "Training",
]
