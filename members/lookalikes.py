"""Who among the members an applicant may already be: seen before the board accepts, never told to the applicant."""

from typing import NamedTuple

from rapidfuzz import fuzz

from members import duplicates
from members.duplicates import Person
from members.models import Application, Kind, Member
from members.models.duplicates import Reason

SHOWN = 8


class Lookalike(NamedTuple):
    member: Member
    reasons: list[str]


def lookalikes(application: Application) -> list[Lookalike]:
    """The likeliest first. A birth year alone says nothing of anybody."""
    applicant = _applicant(application)
    found: dict[int, tuple[list[str], int]] = {}
    for person in duplicates.members_of(application.plan.kind):
        if reasons := _reasons(applicant, person):
            found[person.pk] = duplicates.judge(reasons)
    best = sorted(found, key=lambda pk: (-found[pk][1], pk))[:SHOWN]
    members = Member.objects.with_standing().in_bulk(best)
    return [Lookalike(members[pk], [str(Reason(one).label) for one in found[pk][0]]) for pk in best]


def _applicant(application: Application) -> Person:
    is_organisation = application.plan.kind == Kind.ORGANISATION
    return Person(
        0,
        application.plan.kind,
        "" if is_organisation else duplicates.fold(application.first_name),
        duplicates.fold(application.organisation if is_organisation else application.last_name),
        duplicates.mailbox(application.email),
        duplicates.telephone(application.phone),
        application.siret[:9],
        None if is_organisation else application.birth_year,
    )


def _reasons(applicant: Person, person: Person) -> set[Reason]:
    shared = {(Reason.EMAIL, "email"), (Reason.PHONE, "phone"), (Reason.SIRET, "number")}
    reasons = {
        reason
        for reason, field in shared
        if getattr(applicant, field) and getattr(applicant, field) == getattr(person, field)
    }
    closeness = max(fuzz.ratio(name, person.names[0]) for name in applicant.names)
    if closeness >= duplicates.CLOSE and person.names[0]:
        reasons.add(Reason.SAME_NAME if closeness == 100 else Reason.NEAR_NAME)
    if reasons and applicant.birth_year and applicant.birth_year == person.birth_year:
        reasons.add(Reason.BIRTH_YEAR)
    return reasons
