"""Who comes to the demo events: bookings that agree with the places, the prices and the calendar."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from random import Random

from django.db.models import Model

from accounts.models import User
from events.models import (
    AccessNeed,
    Answer,
    Appearance,
    Booking,
    Event,
    Feedback,
    Price,
    PromoCode,
    Question,
    Registration,
    ReminderRule,
    Resource,
    Slot,
)
from iamm.demo import afterwards, needs, people
from iamm.demo.dates import at, moment
from iamm.demo.happenings import Happening
from iamm.demo.ledger import Ledger, uuid, write
from iamm.demo.parties import Party, parties
from iamm.demo.people import Person
from iamm.demo.scenes import CANCELLED
from iamm.demo.terms import answer_to
from iamm.demo.till import Sale, Till
from members.models import Kind, Member
from payments.models import ChargeLine, Line

State = Booking.State
CHUNK = 50
BOOKABLE_DAYS = 40
REFUSED_BECAUSE = (
    "Cette séance s’adresse aux personnes qui ont suivi la première : nous vous proposons la suivante."
)


class AttendanceWriter:
    def __init__(self, seed: int, today: date, crowd: int, staff: User) -> None:
        self.seed, self.today, self.crowd, self.staff = seed, today, crowd, staff
        self.ledger = Ledger(staff, series="E")
        self.rows: list[Model] = []
        current = Member.objects.current(on=today).filter(kind=Kind.PERSON).exclude(user=None)
        self.members = {
            member.email: member for member in current.select_related("user", "college").order_by("email")
        }

    def write(self, happenings: Iterable[Happening]) -> Iterator[int]:
        """Insert the events with what belongs to them, by chunks; yields how many are done."""
        remaining, done = iter(happenings), 0
        while chunk := list(islice(remaining, CHUNK)):
            Event.objects.bulk_create([happening.event for happening in chunk])
            write_links(chunk)
            ReminderRule.objects.bulk_create(afterwards.rules(happening.event for happening in chunk))
            for number, happening in enumerate(chunk, start=done):
                self.add_bookings(number, happening)
            self.ledger.write()
            write(self.rows, Booking, Registration, Answer, AccessNeed)
            rng = Random(f"{self.seed}/afterwards/{done}")  # noqa: S311 - demo data must come out the same again
            Feedback.objects.bulk_create(afterwards.feedback(rng, self.rows))
            self.rows.clear()
            done += len(chunk)
            yield done

    def add_bookings(self, number: int, happening: Happening) -> None:
        rng = Random(f"{self.seed}/attendance/{number}")  # noqa: S311 - demo data must come out the same again
        event, terms = happening.event, happening.terms
        keeps = any(price.is_kept for price in terms.prices)
        bookings = parties(rng, event, happening.scene, is_first=happening.is_first, keeps=keeps)
        attendees = iter(self.attendees(rng, event, sum(one.size + one.given_back for one in bookings)))
        till, first = Till(rng, terms), len(self.rows)
        for party, booked_at in zip(bookings, self.booking_times(rng, event, len(bookings)), strict=True):
            who = list(islice(attendees, party.size + party.given_back))
            if not who:
                break  # fewer members than places at what is theirs alone
            if party.is_camille:
                who[0] = people.CAMILLE
            member = self.members.get(who[0].email)
            sales = till.sell(party._replace(size=len(who) - party.given_back), member)
            places = self.add_booking(rng, happening, who, party, booked_at, sales)
            self.add_answers(rng, happening, places)
        self.rows += needs.needs(rng, happening, self.rows[first:], self.staff, self.today)

    def attendees(self, rng: Random, event: Event, count: int) -> list[Person]:
        """Of what is for members, members; of the rest, anybody."""
        if event.is_members_only:
            emails = rng.sample(sorted(self.members), min(count, len(self.members)))
            mine = [self.members[email] for email in emails]
            return [Person(member.first_name, member.last_name, member.email) for member in mine]
        numbers = rng.sample(range(1, max(self.crowd, 2 * count) + 1), count)
        return [people.person(self.seed, number) for number in numbers]

    def booking_times(self, rng: Random, event: Event, count: int) -> list[datetime]:
        """In the weeks before the event, and before today."""
        last = min(event.starts_at.date(), self.today) - timedelta(days=1)
        if event.registration_closes_at:
            last = event.registration_closes_at.date() - timedelta(days=1)
        return sorted(moment(rng, last - timedelta(days=rng.randrange(BOOKABLE_DAYS))) for _ in range(count))

    def add_booking(
        self,
        rng: Random,
        happening: Happening,
        who: list[Person],
        party: Party,
        booked_at: datetime,
        sales: list[Sale],
    ) -> list[Registration]:
        event, contact = happening.event, who[0]
        member = self.members.get(contact.email)
        booking = Booking(
            event=event,
            name=contact.name,
            email=contact.email,
            user=member.user if member else None,
            state=party.state,
            token=uuid(rng),
            request_key=uuid(rng),
            created_at=booked_at,
            queued_at=booked_at,
            invoice_to=invoice_address(rng, self.seed) if party.is_invoiced else "",
        )
        places = [
            Registration(
                booking=booking,
                code=uuid(rng),
                name=person.name,
                email=person.email if rng.random() < 0.7 else contact.email,
                price=sale.price,
                promo_code=sale.code,
                amount=sale.amount,
            )
            for person, sale in zip(who, sales, strict=True)
        ]
        self.rows += [booking, *places]
        self.settle(rng, booking, places, party)
        return places

    def settle(self, rng: Random, booking: Booking, places: list[Registration], party: Party) -> None:
        """What the state of the booking leaves behind: dates, a sum due, a payment, a refund."""
        event, booked_at = booking.event, booking.created_at
        confirmed_at = booked_at
        owes = {State.CONFIRMED, State.HELD, State.EXPIRED, State.CANCELLED}
        if booking.state in owes and any(place.amount for place in places):
            confirmed_at = self.add_charge(rng, booking, places, party)
        cancelled_at = self.cancelled_at(event, confirmed_at)
        match booking.state:
            case State.CONFIRMED:
                booking.confirmed_at = confirmed_at
                for place in places[party.size :]:
                    place.cancelled_at = cancelled_at
            case State.CANCELLED:
                booking.confirmed_at, booking.cancelled_at = confirmed_at, cancelled_at
                if event.status != CANCELLED:
                    for place in places:
                        place.cancelled_at = cancelled_at
            case State.REFUSED:
                booking.cancelled_at, booking.staff_reason = cancelled_at, REFUSED_BECAUSE
            case State.HELD:
                booking.expires_at = at(self.today + timedelta(days=2), 12)
            case State.OFFERED:
                booking.expires_at = at(self.today + timedelta(days=1), 19)
            case State.EXPIRED:
                booking.expires_at = booked_at + timedelta(minutes=20)
        if booking.charge:
            booking.charge.payable_until = booking.expires_at

    def add_charge(self, rng: Random, booking: Booking, places: list[Registration], party: Party) -> datetime:
        """A line a place, paid unless the places are held, have expired or are invoiced. Returns when."""
        nature = ChargeLine.Nature.TRAINING if booking.event.training_id else ChargeLine.Nature.EVENT
        booking.charge = charge = self.ledger.charge(
            rng,
            Person("", booking.name, booking.email),
            [Line(nature, place.label, place.amount) for place in places if place.amount],
            at=booking.created_at,
            return_path=booking.get_absolute_url(),
            user=booking.user,
        )
        is_invoice_open = bool(booking.invoice_to) and booking.event.starts_at > at(self.today, 0)
        if booking.state in (State.HELD, State.EXPIRED) or is_invoice_open:
            return booking.created_at
        total = sum((place.amount for place in places), Decimal(0))
        payment = self.ledger.pay(rng, charge, total)
        cancelled_at = self.cancelled_at(booking.event, payment.recorded_at)
        is_over = booking.event.ends_at < at(self.today, 0)
        if booking.event.status == CANCELLED:
            self.ledger.cancel(rng, charge, payment, at=cancelled_at, settled=is_over)
        else:
            gone = places if booking.state == State.CANCELLED else places[party.size :]
            fee = booking.event.cancellation_fee
            owed = sum((max(place.amount - fee, Decimal(0)) for place in gone), Decimal(0))
            settled = is_over or rng.random() < 0.9
            self.ledger.refund(rng, charge, owed, at=cancelled_at, settled=settled)
        return payment.recorded_at

    def cancelled_at(self, event: Event, confirmed_at: datetime) -> datetime:
        """Two days later, unless the event or today comes first."""
        last = min(event.starts_at - timedelta(hours=1), at(self.today, 0) - timedelta(minutes=1))
        return min(confirmed_at + timedelta(days=2), last)

    def add_answers(self, rng: Random, happening: Happening, places: list[Registration]) -> None:
        booking = places[0].booking
        for question in happening.terms.questions:
            is_of_booking = question.asked_of == Question.AskedOf.BOOKING
            for place in [None] if is_of_booking else places:
                if text := answer_to(rng, question):
                    self.rows.append(
                        Answer(question=question, booking=booking, registration=place, text=text)
                    )


def invoice_address(rng: Random, seed: int) -> str:
    name, _ = people.organisation(seed, rng.randrange(1, 100))
    return f"{name}\n{rng.randrange(1, 60)} rue de l’Exemple\n34000 Montpellier"


def write_links(happenings: list[Happening]) -> None:
    """What hangs on events that are in the database by now."""
    Themes, Partners, Audiences = (
        Event.themes.through,
        Event.partners.through,
        Event.audiences.through,
    )
    Themes.objects.bulk_create(
        Themes(event=happening.event, theme=theme) for happening in happenings for theme in happening.themes
    )
    Partners.objects.bulk_create(
        Partners(event=happening.event, partner=partner)
        for happening in happenings
        for partner in happening.partners
    )
    Audiences.objects.bulk_create(
        Audiences(event=happening.event, audience=audience)
        for happening in happenings
        for audience in happening.audiences
    )
    terms = [row for happening in happenings for rows in happening.terms for row in rows]
    write(terms, Price, PromoCode, Question)
    shown = [row for happening in happenings for rows in happening.programme for row in rows]
    write(shown, Appearance, Slot, Slot.speakers.through, Resource)
