"""The situations an event can be in. Each appears once before chance draws the others."""

from typing import NamedTuple

from events.models import Event, Registration

CONFIRMED, HELD, WAITING = (
    Registration.State.CONFIRMED,
    Registration.State.HELD,
    Registration.State.WAITING,
)
CANCELLED, DRAFT = Event.Status.CANCELLED, Event.Status.DRAFT


class Scene(NamedTuple):
    """`days` from today; `fill` is the part of the places taken; `camille` is what our demo member has there.

    Few events start within eight days, and small ones, so that the first run of the reminders stays quiet.
    """

    days: tuple[int, int]
    weight: int = 0
    status: str = Event.Status.PUBLISHED
    format: str = Event.Format.ON_SITE
    fill: tuple[float, float] = (0.15, 0.7)
    queue: tuple[int, int] = (0, 0)
    left: tuple[int, int] | None = None
    is_small: bool = False
    is_paid: bool = False
    is_training: bool = False
    has_limit: bool = True
    has_waiting_list: bool = True
    has_long_title: bool = False
    opens_in: tuple[int, int] | None = None
    is_closed: bool = False
    camille: str = ""


FULL = (1.0, 1.0)
EMPTY = (0.0, 0.0)

SCENES = [
    Scene(days=(2, 5), is_small=True, camille=CONFIRMED),
    Scene(days=(9, 200), weight=14),
    Scene(days=(10, 60), is_paid=True, camille=CONFIRMED),
    Scene(days=(9, 60), fill=FULL, queue=(3, 12), camille=WAITING),
    Scene(days=(-90, -10), camille=CONFIRMED),
    Scene(days=(20, 90), is_training=True, camille=HELD),
    Scene(days=(9, 200), weight=5, format=Event.Format.ONLINE, has_limit=False),
    Scene(days=(9, 120), weight=5, left=(1, 5)),
    Scene(days=(9, 90), weight=3, fill=FULL, has_waiting_list=False),
    Scene(days=(9, 200), weight=5, format=Event.Format.HYBRID),
    Scene(days=(9, 120), weight=2, status=CANCELLED, is_paid=True),
    Scene(days=(100, 250), weight=3, fill=EMPTY, opens_in=(10, 30)),
    Scene(days=(4, 7), is_small=True, is_paid=True),
    Scene(days=(9, 20), weight=2, is_closed=True),
    Scene(days=(9, 150), weight=1, has_long_title=True),
    Scene(days=(30, 250), weight=2, status=DRAFT, fill=EMPTY),
    Scene(days=(-700, -2), weight=12, is_paid=True),
    Scene(days=(-700, -2), weight=6, fill=FULL, queue=(0, 6)),
    Scene(days=(-700, -2), weight=5, is_training=True),
    Scene(days=(9, 200), weight=6, is_training=True),
    Scene(days=(9, 200), weight=10, is_paid=True),
    Scene(days=(9, 90), weight=5, fill=FULL, queue=(2, 12), is_paid=True),
    Scene(days=(-700, -2), weight=29),
    Scene(days=(-400, -20), weight=1, status=CANCELLED),
]
