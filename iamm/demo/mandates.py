"""Who sits in a demo organisation: a titular who votes, perhaps a deputy, and a few colleagues."""

from datetime import date, timedelta
from random import Random

from accounts.models import User
from iamm.demo import people
from members.models import Mandate, Member

SEATS = 6
FIRST = 1_000_000  # beyond the people of any load


def create_mandates(
    seed: int, index: int, organisation: Member, *, today: date, titular: User | None
) -> list[Mandate]:
    """`titular` is the account that represents it, where one does; the others have none yet. Sets the seats."""
    rng = Random(f"{seed}/mandates/{index}")  # noqa: S311 - demo data must come out the same again
    organisation.seats = SEATS
    roles = [
        Mandate.Role.TITULAR,
        *rng.choices(["deputy", "colleague"], k=1),
        *["colleague"] * rng.randrange(4),
    ]
    mandates = []
    for number, role in enumerate(roles):
        who = people.person(seed, FIRST + index * SEATS + number)
        is_first = number == 0
        account = titular if is_first else None
        mandates.append(
            Mandate(
                organisation=organisation,
                role=role,
                first_name=account.first_name if account else who.first_name,
                last_name=account.last_name if account else who.last_name,
                email=account.email if account else who.email,
                user=account,
                is_voting=is_first,
                is_dues_contact=is_first,
                starts_on=organisation.joined_on,
                ends_on=today + timedelta(days=300) if role == "deputy" else None,
            )
        )
    return mandates
