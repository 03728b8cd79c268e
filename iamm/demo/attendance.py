"""Who comes to the demo events: bookings that agree with the places, the prices and the calendar."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from random import Random

from django.db.models import Model

from accounts.models import User
from events.models import Booking, Event, Registration
from iamm.demo import people
from iamm.demo.dates import at, moment
from iamm.demo.happenings import Happening
from iamm.demo.ledger import Ledger, uuid, write
from iamm.demo.people import Person
from iamm.demo.scenes import CANCELLED, Scene
from payments.models import ChargeLine, Line

State = Registration.State
CHUNK = 50
BOOKABLE_DAYS = 40
UNLIMITED = 45  # about how many come where there is no limit


class AttendanceWriter:
    def __init__(self, seed: int, today: date, crowd: int, staff: User, camille: User) -> None:
        self.seed, self.today, self.crowd, self.camille = seed, today, crowd, camille
        self.ledger = Ledger(staff, series="E")
        self.rows: list[Model] = []

    def write(self, happenings: Iterable[Happening]) -> Iterator[int]:
        """Insert the events with what belongs to them, by chunks; yields how many are done."""
        remaining, done = iter(happenings), 0
        while chunk := list(islice(remaining, CHUNK)):
            Event.objects.bulk_create([happening.event for happening in chunk])
            write_links(chunk)
            for number, happening in enumerate(chunk, start=done):
                self.add_bookings(number, happening)
            self.ledger.write()
            write(self.rows, Booking, Registration)
            self.rows.clear()
            done += len(chunk)
            yield done

    def add_bookings(self, number: int, happening: Happening) -> None:
        rng = Random(f"{self.seed}/attendance/{number}")  # noqa: S311 - demo data must come out the same again
        event, scene = happening.event, happening.scene
        states = self.states(rng, event, scene)
        crowd = rng.sample(range(1, max(self.crowd, 2 * len(states)) + 1), len(states))
        attendees = [people.person(self.seed, index) for index in crowd]
        if happening.is_first and scene.camille:
            attendees[states.index(scene.camille)] = people.CAMILLE
        for who, state, booked_at in zip(
            attendees, states, self.booking_times(rng, event, len(states)), strict=True
        ):
            self.add_booking(rng, event, who, state, booked_at)

    def states(self, rng: Random, event: Event, scene: Scene) -> list[str]:
        """The state of each registration, in the order in which they were made: who waits came last."""
        if event.capacity is None:
            taken = rng.randint(UNLIMITED // 3, UNLIMITED)
        elif scene.left:
            taken = event.capacity - rng.randint(*scene.left)
        else:
            taken = int(event.capacity * rng.uniform(*scene.fill))
        is_past = scene.days[0] < 0
        can_hold = event.price and not is_past and not scene.is_small and scene.status != CANCELLED
        held = min(rng.randint(1, 2), taken) if can_hold else 0
        gone: list[str] = [State.CANCELLED] * (taken // 12)
        if event.price:
            gone += [State.EXPIRED] * rng.randint(0, min(taken, 2))
        early: list[str] = [State.CONFIRMED] * (taken - held) + gone
        rng.shuffle(early)
        states: list[str] = early + [State.HELD] * held + [State.WAITING] * rng.randint(*scene.queue)
        if scene.status == CANCELLED:
            states = [State.CANCELLED] * len(states)
        return states

    def booking_times(self, rng: Random, event: Event, count: int) -> list[datetime]:
        """In the weeks before the event, and before today."""
        last = min(event.starts_at.date(), self.today) - timedelta(days=1)
        if event.registration_closes_at:
            last = event.registration_closes_at.date() - timedelta(days=1)
        return sorted(moment(rng, last - timedelta(days=rng.randrange(BOOKABLE_DAYS))) for _ in range(count))

    def add_booking(self, rng: Random, event: Event, who: Person, state: str, booked_at: datetime) -> None:
        user = self.camille if who is people.CAMILLE else None
        keys = {"token": uuid(rng), "request_key": uuid(rng)}
        booking = Booking(
            event=event, name=who.name, email=who.email, user=user, created_at=booked_at, **keys
        )
        registration = Registration(booking=booking, event=event, name=who.name, email=who.email, state=state)
        self.rows += [booking, registration]
        confirmed_at = booked_at
        price = event.member_price if user and event.member_price is not None else event.price
        if price and state != State.WAITING:
            confirmed_at = self.add_charge(rng, registration, price)
        match state:
            case State.CONFIRMED:
                registration.confirmed_at = confirmed_at
            case State.CANCELLED:
                registration.confirmed_at = confirmed_at
                registration.cancelled_at = self.cancelled_at(event, confirmed_at)
            case State.HELD:
                registration.expires_at = at(self.today + timedelta(days=2), 12)
            case State.EXPIRED:
                registration.expires_at = booked_at + timedelta(minutes=20)
        if booking.charge:
            booking.charge.payable_until = registration.expires_at

    def add_charge(self, rng: Random, registration: Registration, price: Decimal) -> datetime:
        """What the place costs, paid unless it is held or has expired. Returns when."""
        booking, event = registration.booking, registration.event
        nature = ChargeLine.Nature.TRAINING if event.training_id else ChargeLine.Nature.EVENT
        booking.charge = charge = self.ledger.charge(
            rng,
            Person("", booking.name, booking.email),
            [Line(nature, event.title, price)],
            at=booking.created_at,
            return_path=booking.get_absolute_url(),
            user=booking.user,
        )
        if registration.state in (State.HELD, State.EXPIRED):
            return booking.created_at
        payment = self.ledger.pay(rng, charge, price)
        if registration.state == State.CANCELLED:
            is_over = event.ends_at < at(self.today, 0)
            self.ledger.cancel(
                rng,
                charge,
                payment,
                at=self.cancelled_at(event, payment.recorded_at),
                settled=is_over or event.status != CANCELLED,
            )
        return payment.recorded_at

    def cancelled_at(self, event: Event, confirmed_at: datetime) -> datetime:
        """Two days later, unless the event or today comes first."""
        last = min(event.starts_at - timedelta(hours=1), at(self.today, 0) - timedelta(minutes=1))
        return min(confirmed_at + timedelta(days=2), last)


def write_links(happenings: list[Happening]) -> None:
    Themes, Partners = Event.themes.through, Event.partners.through
    Themes.objects.bulk_create(
        Themes(event=happening.event, theme=theme) for happening in happenings for theme in happening.themes
    )
    Partners.objects.bulk_create(
        Partners(event=happening.event, partner=partner)
        for happening in happenings
        for partner in happening.partners
    )
