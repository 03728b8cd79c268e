"""The situations an event can be in. Each appears once before chance draws the others."""

from typing import NamedTuple

from events.models import Booking, Event

REQUESTED, WAITING, OFFERED, HELD, CONFIRMED = Booking.LIVE
CANCELLED, DRAFT = Event.Status.CANCELLED, Event.Status.DRAFT


class Scene(NamedTuple):
    """`days` from today; `fill` is the part of the places taken; `camille` is what our demo member has there.

    `tariff` names how its prices are made, see `terms`. Few events start within eight days, and small ones, so that the
    first run of the reminders stays quiet.
    """

    days: tuple[int, int]
    weight: int = 0
    status: str = Event.Status.PUBLISHED
    format: str = Event.Format.ON_SITE
    fill: tuple[float, float] = (0.15, 0.7)
    queue: tuple[int, int] = (0, 0)
    requests: tuple[int, int] = (0, 0)
    offers: int = 0
    left: tuple[int, int] | None = None
    tariff: str = ""
    is_small: bool = False
    is_training: bool = False
    is_members_only: bool = False
    is_invoiced: bool = False
    is_closed: bool = False
    has_limit: bool = True
    has_waiting_list: bool = True
    has_long_title: bool = False
    has_codes: bool = False
    has_questions: bool = False
    has_needs: bool = False
    opens_in: tuple[int, int] | None = None
    camille: str = ""
    camille_places: int = 1


FULL = (1.0, 1.0)
EMPTY = (0.0, 0.0)

SCENES = [
    Scene(days=(2, 5), is_small=True, camille=CONFIRMED),
    Scene(days=(9, 200), weight=14),
    Scene(
        days=(10, 60),
        tariff="students",
        has_questions=True,
        has_needs=True,
        camille=CONFIRMED,
        camille_places=3,
    ),
    Scene(days=(9, 60), fill=FULL, queue=(3, 12), camille=WAITING, camille_places=2),
    Scene(days=(-90, -10), camille=CONFIRMED),
    Scene(days=(20, 90), is_training=True, camille=HELD),
    Scene(days=(12, 60), weight=2, fill=FULL, queue=(2, 8), offers=2, camille=OFFERED),
    Scene(days=(12, 90), weight=2, requests=(2, 5), has_questions=True, camille=REQUESTED),
    Scene(days=(12, 90), weight=2, is_members_only=True),
    Scene(days=(12, 120), weight=2, tariff="chosen"),
    Scene(days=(12, 120), weight=2, tariff="early", has_codes=True, fill=(0.5, 0.7)),
    Scene(days=(20, 120), weight=2, tariff="kept", fill=(0.3, 0.6)),
    Scene(days=(12, 120), weight=1, tariff="college"),
    Scene(days=(20, 120), weight=1, is_training=True, is_invoiced=True, fill=(0.6, 0.8)),
    Scene(days=(9, 200), weight=5, format=Event.Format.ONLINE, has_limit=False),
    Scene(days=(9, 120), weight=5, left=(1, 5)),
    Scene(days=(9, 90), weight=3, fill=FULL, has_waiting_list=False),
    Scene(days=(9, 200), weight=5, format=Event.Format.HYBRID),
    Scene(days=(9, 120), weight=2, status=CANCELLED, tariff="any"),
    Scene(days=(100, 250), weight=3, fill=EMPTY, opens_in=(10, 30)),
    Scene(days=(4, 7), is_small=True, tariff="any"),
    Scene(days=(9, 20), weight=2, is_closed=True),
    Scene(days=(9, 150), weight=1, has_long_title=True),
    Scene(days=(30, 250), weight=2, status=DRAFT, fill=EMPTY),
    Scene(days=(-700, -2), weight=12, tariff="any"),
    Scene(days=(-700, -2), weight=6, fill=FULL, queue=(0, 6)),
    Scene(days=(-700, -2), weight=5, is_training=True, is_invoiced=True),
    Scene(days=(9, 200), weight=6, is_training=True),
    Scene(days=(9, 200), weight=10, tariff="any"),
    Scene(days=(9, 90), weight=5, fill=FULL, queue=(2, 12), tariff="any"),
    Scene(days=(-700, -2), weight=25),
    Scene(days=(-400, -20), weight=1, status=CANCELLED),
]
