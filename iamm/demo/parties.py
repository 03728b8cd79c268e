"""How many come to a demo event, in parties of one to four, and where each booking stands."""

from random import Random
from typing import NamedTuple

from events.models import Booking, Event
from iamm.demo.scenes import CANCELLED, Scene

State = Booking.State
UNLIMITED = 45  # about how many come where there is no limit
SIZES, SIZE_WEIGHTS = [1, 2, 3, 4], [76, 15, 6, 3]
FEWEST_WITH_CAMILLE = 6


class Party(NamedTuple):
    """One booking: its live places, and those given back."""

    state: str
    size: int
    given_back: int = 0
    is_invoiced: bool = False
    is_kept: bool = False
    is_camille: bool = False


def parties(rng: Random, event: Event, scene: Scene, *, is_first: bool, keeps: bool) -> list[Party]:
    """The bookings in the order in which they were made: who waits came last."""
    camille = Party(scene.camille, scene.camille_places, is_camille=True) if is_first else None

    def hers(state: str) -> list[Party]:
        return [camille] if camille and camille.state == state else []

    taken = places_taken(rng, event, scene, has_camille=bool(hers(scene.camille)))
    is_costly = bool(scene.tariff or scene.is_training)
    has_hold = is_costly and scene.days[0] > 8 and scene.status != CANCELLED and taken > 4
    held = hers(State.HELD) or [Party(State.HELD, 1)] * has_hold
    offered = hers(State.OFFERED) + [Party(State.OFFERED, 2)] * (scene.offers > 0)
    kept = [Party(State.CONFIRMED, 2, is_kept=True)] * (keeps and taken > 4)
    settled = kept + hers(State.CONFIRMED)
    left = taken - sum(party.size for party in held + offered + settled)
    settled += [_confirmed(rng, size, scene) for size in sizes(rng, places=left)]
    settled += [Party(State.CANCELLED, size) for size in sizes(rng, places=taken // 12)]
    settled += [Party(State.EXPIRED, 1)] * (rng.randint(0, 2) if is_costly and taken else 0)
    rng.shuffle(settled)
    queue = _line(rng, State.WAITING, rng.randint(*scene.queue), hers(State.WAITING))
    requests = _line(rng, State.REQUESTED, rng.randint(*scene.requests), hers(State.REQUESTED))
    refused = [Party(State.REFUSED, 1)] * bool(requests)
    result = settled + refused + held + offered + queue + requests
    if scene.status == CANCELLED:
        return [Party(State.CANCELLED, party.size) for party in result]
    return result


def places_taken(rng: Random, event: Event, scene: Scene, *, has_camille: bool) -> int:
    if event.capacity is None:
        return rng.randint(UNLIMITED // 3, UNLIMITED)
    if scene.left:
        return event.capacity - rng.randint(*scene.left)
    taken = int(event.capacity * rng.uniform(*scene.fill))
    return max(taken, FEWEST_WITH_CAMILLE) if has_camille else taken


def sizes(rng: Random, *, places: int) -> list[int]:
    """Parties that take just so many places."""
    result: list[int] = []
    while places > 0:
        result.append(min(rng.choices(SIZES, SIZE_WEIGHTS)[0], places))
        places -= result[-1]
    return result


def _confirmed(rng: Random, size: int, scene: Scene) -> Party:
    given_back = int(size > 1 and rng.random() < 0.15)
    is_invoiced = scene.is_invoiced and not given_back and rng.random() < 0.2 * size
    return Party(State.CONFIRMED, size, given_back, is_invoiced)


def _line(rng: Random, state: str, count: int, hers: list[Party]) -> list[Party]:
    line = hers + [Party(state, size) for size in rng.choices(SIZES, SIZE_WEIGHTS, k=count)]
    rng.shuffle(line)
    return line
