import pytest

from members.models import Invitation, MailDomain, Mandate
from members.seats import AlreadyInvited, DomainTaken, LastRepresentative, NoSeatLeft
from tests.factories import create_mandate, create_organisation, create_user


def outcomes(results):
    return sorted(type(result).__name__ for result in results)


@pytest.fixture
def titular():
    return create_mandate(create_organisation(seats=4), create_user("titulaire@demo.example"), is_voting=True)


def test_two_invitations_accepted_at_once_for_the_last_seat_seat_one_person(at_once, titular):
    organisation = titular.organisation
    users = [create_user(f"personne{number}@example.org") for number in range(3)]
    invitations = [organisation.invite(user.email, by=titular.user) for user in users]
    organisation.seats = 2
    organisation.save(update_fields=["seats"])

    results = at_once(
        *[lambda one=one, user=user: one.accept(user) for one, user in zip(invitations, users, strict=True)]
    )

    assert outcomes(results) == ["Mandate", "NoSeatLeft", "NoSeatLeft"]
    assert organisation.mandates.count() == 2
    assert Invitation.objects.exclude(accepted_at=None).count() == 1


def test_colleagues_who_join_by_the_domain_at_once_take_the_seats_there_are(at_once, titular):
    domain = titular.organisation.add_domain("demo.example", by=titular.user)
    users = [create_user(f"personne{number}@demo.example") for number in range(8)]

    results = at_once(*[lambda user=user: MailDomain.objects.get().join(user) for user in users])

    assert outcomes(results) == ["Mandate"] * 3 + ["NoSeatLeft"] * 5
    assert domain.organisation.mandates.count() == 4


def test_one_person_who_clicks_twice_has_one_seat(at_once, titular):
    invitation, user = (
        titular.organisation.invite("lou@example.org", by=titular.user),
        create_user("lou@example.org"),
    )

    results = at_once(*[lambda: Invitation.objects.get(pk=invitation.pk).accept(user)] * 4)

    assert {result.pk for result in results} == {Mandate.objects.get(user=user).pk}


def test_invitations_at_once_promise_no_more_than_there_are_seats(at_once, titular):
    organisation = titular.organisation

    results = at_once(
        *[
            lambda number=number: organisation.invite(f"personne{number}@example.org", by=titular.user)
            for number in range(6)
        ]
    )

    assert [type(result) for result in results].count(NoSeatLeft) == 3
    assert organisation.invitations.open().count() == 3


def test_one_person_invited_at_once_is_invited_once(at_once, titular):
    results = at_once(*[lambda: titular.organisation.invite("lou@example.org", by=titular.user)] * 4)

    assert [type(result) for result in results].count(AlreadyInvited) == 3
    assert Invitation.objects.count() == 1


def test_two_organisations_that_claim_a_domain_at_once_leave_it_to_one(at_once, titular):
    other = create_organisation("Autre")

    results = at_once(
        *[
            lambda one=one: one.add_domain("demo.example", by=titular.user)
            for one in (titular.organisation, other)
        ]
    )

    assert outcomes(results) == [DomainTaken.__name__, MailDomain.__name__]


def test_two_representatives_who_leave_at_once_leave_one(at_once, titular):
    other = create_mandate(titular.organisation, create_user())

    results = at_once(*[lambda one=one: one.withdraw(by=one.user) for one in (titular, other)])

    assert [type(result) for result in results].count(LastRepresentative) == 1
    assert Mandate.objects.filter(withdrawn_at=None).count() == 1


def test_two_who_are_given_the_vote_at_once_leave_one_vote(at_once, titular):
    deputies = [create_mandate(titular.organisation, role=Mandate.Role.DEPUTY) for _ in range(3)]
    terms = {"role": "deputy", "is_voting": True, "is_dues_contact": False, "ends_on": None}

    results = at_once(*[lambda one=one: one.change(**terms, by=titular.user) for one in deputies])

    assert results == [None, None, None]
    assert Mandate.objects.filter(is_voting=True).count() == 1
