"""From an empty portal to one that has lived a few years."""

import secrets
from collections.abc import Callable
from datetime import date
from typing import NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connection, reset_queries, transaction

from accounts.models import User
from iamm.demo import papers, people, treasury
from iamm.demo.attendance import AttendanceWriter
from iamm.demo.happenings import Agenda
from iamm.demo.memberships import MemberWriter
from iamm.demo.past import Past
from iamm.demo.people import Person
from iamm.demo.plans import create_plans
from iamm.demo.terms import TermsMaker
from members.models import Application, Member

# Known to everyone, so they only open a portal that runs with DEBUG=1.
ADMIN_PASSWORD = "demonstration-admin"  # noqa: S105 - meant to be read
CAMILLE_PASSWORD = "demonstration-camille"  # noqa: S105 - the same


class Load(NamedTuple):
    members: int
    events: int
    seed: int

    @property
    def mark(self) -> UUID:
        """Stored with the first row, so that the same load is recognised later."""
        return uuid5(NAMESPACE_URL, f"iamm demo {self.members} {self.events} {self.seed}")


class Login(NamedTuple):
    email: str
    password: str


def is_loaded(load: Load) -> bool:
    return Application.objects.filter(request_key=load.mark).exists()


def has_demo_accounts() -> bool:
    return User.objects.filter(email__in=[people.ADMIN.email, people.CAMILLE.email]).exists()


def has_real_members() -> bool:
    """The founding members, which are loaded before the demonstration, have no address yet."""
    founding = Member.objects.filter(email="", college__slug="fondateurs")
    others = Member.objects.exclude(pk__in=founding)
    return others.exclude(email__iendswith=f"@{people.DOMAIN}").exists()


@transaction.atomic
def run(load: Load, *, today: date, report: Callable[[str, int], None]) -> list[Login]:
    """Insert everything, and say how far it is by `report`. Nothing is queued, nothing is sent."""
    has_papers = papers.may_be_issued()
    logins = [
        Login(people.ADMIN.email, password(ADMIN_PASSWORD)),
        Login(people.CAMILLE.email, password(CAMILLE_PASSWORD)),
    ]
    staff = create_account(people.ADMIN, logins[0].password, is_staff=True, is_superuser=True)
    camille = create_account(people.CAMILLE, logins[1].password)
    members = MemberWriter(load.seed, today, create_plans(today), staff)
    for done in members.write(load.members, camille, mark=load.mark):
        report("adhérents", done)
        reset_queries()  # with DEBUG=1, Django keeps the text of each query
    crowd = load.members + load.members // 2
    attendance = AttendanceWriter(load.seed, today, crowd, staff)
    agenda = Agenda(load.seed, today, TermsMaker.for_members(today))
    for done in attendance.write(agenda.happenings(load.events)):
        report("événements", done)
        reset_queries()
    treasury.write(Past(load.seed, today, staff), camille, has_papers=has_papers)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # so many new rows at once mislead its planner until it counts them
    return logins


def password(well_known: str) -> str:
    return well_known if settings.DEBUG else secrets.token_urlsafe(16)


def create_account(who: Person, raw_password: str, **fields: bool) -> User:
    """With a verified address, so that it signs in at once, and a fixed salt, so that loads are alike."""
    user = User(
        email=who.email,
        password=make_password(raw_password, salt=uuid5(NAMESPACE_URL, who.email).hex),
        first_name=who.first_name,
        last_name=who.last_name,
        **fields,
    )
    user.save()
    user.emailaddress_set.create(email=who.email, verified=True, primary=True)  # type: ignore[attr-defined]
    return user
