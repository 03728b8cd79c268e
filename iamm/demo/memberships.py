"""Members and their periods, as a few years of life would have left them.

Few end around today: the first run of the reminders writes to `SOON` and `LATELY` people at most, not to hundreds.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Model
from django.urls import reverse

from accounts.models import User
from iamm.demo import people
from iamm.demo.dates import moment
from iamm.demo.directory import EntryWriter, Link
from iamm.demo.ledger import Ledger, uuid, write
from iamm.demo.mandates import create_mandates
from iamm.demo.people import Person
from iamm.demo.plans import PriceList
from members.models import Application, Consent, DirectoryEntry, Kind, Mandate, Member, Membership, Plan
from payments.models import Charge, ChargeLine, Line

SOON, LATELY, WAITING = 25, 15, 12
PEOPLE_PLANS = ["plein-tarif", "tarif-reduit", "soutien", "enseignement-recherche", "independants"]
PEOPLE_WEIGHTS = [46, 24, 7, 13, 10]
ORGANISATION_PLANS = ["entreprise", "collectivite"]
LIVES = ["new", "renewed", "renewed_early", "lapsed", "came_back", "cancelled"]
LIFE_WEIGHTS = [30, 34, 5, 22, 7, 2]
ORGANISATIONS = 0.04
FIRST_ORGANISATION = 3  # so that small loads have one too, up to date
ACCOUNTS = 0.3
CHUNK = 500


class Period(NamedTuple):
    starts_on: date
    paid_on: date
    is_cancelled: bool = False


def a_year_before(end: date, *, years: int = 1) -> date:
    """The first day of a run of `years` years that ends on `end`, or up to three days before."""
    start = end + timedelta(days=1)
    return start.replace(year=start.year - years, day=min(start.day, 28))


def run(rng: Random, first: date, *, years: int) -> list[Period]:
    """`years` periods one after the other; each renewal is paid in the weeks before it starts."""
    starts = [first.replace(year=first.year + number) for number in range(years)]
    return [
        Period(start, start - timedelta(days=rng.randrange(26) if number else 0))
        for number, start in enumerate(starts)
    ]


def life(rng: Random, kind: str, today: date) -> list[Period]:
    """The periods of one member."""

    def ending(earliest: int, latest: int, *, years: int = 1) -> list[Period]:
        end = today + timedelta(days=rng.randint(earliest, latest))
        return run(rng, a_year_before(end, years=years), years=years)

    match kind:
        case "soon":
            return ending(4, 30, years=rng.randint(1, 3))
        case "lately":
            return ending(-40, -1, years=rng.randint(1, 3))
        case "new":
            return ending(36, 363)
        case "renewed":
            return ending(36, 363, years=rng.randint(2, 4))
        case "renewed_early":
            *before, last = ending(369, 390, years=rng.randint(2, 4))
            return [*before, Period(last.starts_on, today - timedelta(days=rng.randint(1, 20)))]
        case "lapsed":
            return ending(-900, -50, years=rng.randint(1, 3))
        case "came_back":
            return ending(-900, -400, years=rng.randint(1, 2)) + ending(36, 363)
        case _:
            (period,) = ending(36, 340)
            return [Period(period.starts_on, period.paid_on, is_cancelled=True)]


class MemberWriter:
    def __init__(self, seed: int, today: date, prices: PriceList, staff: User) -> None:
        self.seed, self.today, self.prices, self.staff = seed, today, prices, staff
        self.ledger = Ledger(staff, series="A")
        self.entries = EntryWriter(seed, today)
        self.rows: list[Model] = []

    def write(self, count: int, camille: User, *, mark: UUID) -> Iterator[int]:
        """Insert `count` members, by chunks; yields how many are done. `mark` goes to the first application."""
        for start in range(0, count, CHUNK):
            for index in range(start, min(start + CHUNK, count)):
                self.add(index, count, camille)
            if start == 0:
                next(row for row in self.rows if isinstance(row, Application)).request_key = mark
            self.flush()
            yield min(start + CHUNK, count)
        for index in range(min(WAITING, count)):
            self.add_waiting(count + index)
        self.flush()

    def flush(self) -> None:
        write(self.rows, User, EmailAddress, Member)
        self.ledger.write()
        write(self.rows, Membership, Application, Consent, DirectoryEntry, Link, Mandate)
        self.rows.clear()

    def kind_of_life(self, rng: Random, index: int, count: int) -> str:
        """A fixed number end around today, whatever the size; the others are drawn."""
        share = max(count // 20, 1)
        if index == FIRST_ORGANISATION:
            return "renewed"
        if index <= min(SOON, share):
            return "soon"
        if index <= min(SOON, share) + min(LATELY, share):
            return "lately"
        return rng.choices(LIVES, LIFE_WEIGHTS)[0]

    def add(self, index: int, count: int, camille: User) -> None:
        rng = Random(f"{self.seed}/member/{index}")  # noqa: S311 - demo data must come out the same again
        if index == 0:
            start = a_year_before(self.today + timedelta(days=150), years=3)
            member = Member(**person_fields(people.CAMILLE), user=camille)
            self.add_periods(rng, member, "plein-tarif", run(rng, start, years=3))
            return
        periods = life(rng, self.kind_of_life(rng, index, count), self.today)
        if index == FIRST_ORGANISATION or rng.random() < ORGANISATIONS:
            name, email = people.organisation(self.seed, index)
            member = Member(kind=Kind.ORGANISATION, organisation=name, email=email)
            self.add_periods(rng, member, rng.choice(ORGANISATION_PLANS), periods)
            titular = camille if index == FIRST_ORGANISATION else None
            self.rows += create_mandates(self.seed, index, member, today=self.today, titular=titular)
        else:
            who = people.person(self.seed, index)
            user = self.account(who) if rng.random() < ACCOUNTS else None
            member = Member(**person_fields(who), user=user)
            self.add_periods(rng, member, rng.choices(PEOPLE_PLANS, PEOPLE_WEIGHTS)[0], periods)

    def account(self, who: Person) -> User:
        """One that nobody signs in to with a password: a code by e-mail would do."""
        user = User(**person_fields(who), password=UNUSABLE_PASSWORD_PREFIX)
        self.rows += [user, EmailAddress(user=user, email=user.email, verified=True, primary=True)]
        return user

    def add_periods(self, rng: Random, member: Member, slug: str, periods: list[Period]) -> None:
        plan = self.prices.plans[slug]
        member.college, member.joined_on = plan.college, periods[0].starts_on
        member.card_code = f"{rng.getrandbits(80):016X}".replace("0", "X").replace("1", "Y")[-16:]
        self.rows.append(member)
        memberships = [self.add_period(rng, member, plan, period) for period in periods]
        self.rows += self.entries.rows(member, memberships)

    def add_period(self, rng: Random, member: Member, plan: Plan, period: Period) -> Membership:
        """What a paid application has led to; an organisation has joined by letter, without one."""
        at, amount = moment(rng, period.paid_on), self.prices.on(plan, period.paid_on)
        who = Person(member.first_name, member.last_name, member.email)
        if member.kind == Kind.PERSON:
            application = self.application(rng, plan, who, at=at, user=member.user)
            charge = self.charge(rng, application, amount)
        else:
            application, who = None, Person("", member.organisation, member.email)
            line = dues(plan, amount)
            charge = self.ledger.charge(rng, who, [line], at=at, return_path=reverse("account"))
        payment = self.ledger.pay(rng, charge, amount)
        dates = {"starts_on": period.starts_on, "ends_on": plan.last_day(period.starts_on)}
        membership = Membership(
            member=member, plan=plan, charge=charge, amount=amount, created_at=payment.recorded_at, **dates
        )
        if period.is_cancelled:
            cancelled_at = payment.recorded_at + timedelta(days=rng.randrange(1, 15))
            membership.cancelled_at = cancelled_at
            self.ledger.cancel(rng, charge, payment, at=cancelled_at, settled=True)
        self.rows.append(membership)
        if application:
            application.membership, application.member = membership, member
            application.state, application.amount = Application.State.DONE, amount
            application.state_since = payment.recorded_at
            application.starts_on, application.ends_on = period.starts_on, membership.ends_on
        return membership

    def add_waiting(self, index: int) -> None:
        """Somebody who has filled in the form these days and has not paid yet."""
        rng = Random(f"{self.seed}/waiting/{index}")  # noqa: S311 - the same
        plan = self.prices.plans[rng.choices(PEOPLE_PLANS, PEOPLE_WEIGHTS)[0]]
        day = self.today - timedelta(days=rng.randint(1, 12))
        application = self.application(
            rng, plan, people.person(self.seed, index), at=moment(rng, day), user=None
        )
        self.charge(rng, application, self.prices.on(plan, day))

    def application(
        self, rng: Random, plan: Plan, who: Person, *, at: datetime, user: User | None
    ) -> Application:
        keys = {"token": uuid(rng), "request_key": uuid(rng)}
        application = Application(plan=plan, **keys, **person_fields(who), user=user, created_at=at)
        self.rows.append(application)
        return application

    def charge(self, rng: Random, application: Application, amount: Decimal) -> Charge:
        application.charge = self.ledger.charge(
            rng,
            Person(application.first_name, application.last_name, application.email),
            [dues(application.plan, amount)],
            at=application.created_at,
            return_path=application.get_absolute_url(),
            user=application.user,
        )
        return application.charge


def person_fields(who: Person) -> dict[str, Any]:
    return {"first_name": who.first_name, "last_name": who.last_name, "email": who.email}


def dues(plan: Plan, amount: Decimal) -> Line:
    return Line(ChargeLine.Nature.DUES, f"Adhésion – {plan.name}", amount)
