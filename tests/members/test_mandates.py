from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from events.models import Price
from journal.models import Entry
from mailing.models import Email
from members.models import Mandate, Member
from members.seats import LastRepresentative, MandateOver, VoteNeedsMandate
from members.tasks import warn_of_ending_mandates
from tests.factories import (
    create_event,
    create_mandate,
    create_membership,
    create_organisation,
    create_price,
    create_user,
)

pytestmark = pytest.mark.django_db
Role = Mandate.Role


def days(number):
    return timezone.localdate() + timedelta(days=number)


@pytest.fixture
def organisation():
    return create_organisation("Coopérative d’essai", seats=5)


@pytest.fixture
def titular(organisation):
    return create_mandate(organisation, create_user("titulaire@example.org"), is_voting=True)


def change(mandate, **terms):
    fields = {"role": mandate.role, "is_voting": mandate.is_voting, "is_dues_contact": False, "ends_on": None}
    mandate.change(**fields | terms, by=create_user())


def voters(organisation):
    return list(organisation.mandates.live(on=timezone.localdate()).filter(is_voting=True))


# Dates


@pytest.mark.parametrize(
    ("first", "last", "is_withdrawn", "is_live"),
    [
        (0, None, False, True),
        (1, None, False, False),
        (-9, -1, False, False),
        (-9, 0, False, True),
        (-9, 0, True, False),
        (-9, 1, True, True),
    ],
)
def test_the_dates_of_a_mandate_say_the_same_in_sql_and_in_python(first, last, is_withdrawn, is_live):
    mandate = create_mandate(
        starts_on=days(first),
        ends_on=None if last is None else days(last),
        withdrawn_at=timezone.now() if is_withdrawn else None,
    )

    assert mandate.is_live(days(0)) == is_live
    assert Mandate.objects.live(on=days(0)).exists() == is_live
    assert Mandate.objects.unfinished(on=days(0)).exists() == mandate.is_unfinished(days(0))


def test_a_mandate_withdrawn_today_was_live_yesterday(titular, organisation):
    colleague = create_mandate(organisation, role=Role.COLLEAGUE)

    colleague.withdraw(by=titular.user)

    assert colleague.is_live(days(-1))
    assert not colleague.is_live(days(0))


# Leaving


def test_a_seat_that_is_withdrawn_ends_the_rights_at_once_and_frees_the_seat(titular, organisation):
    create_membership(organisation)
    user = create_user("collegue@example.org")
    colleague = create_mandate(organisation, user, role=Role.COLLEAGUE)
    assert list(Member.objects.benefiting(user)) == [organisation]

    colleague.withdraw(by=titular.user)

    assert list(Member.objects.benefiting(user)) == []
    assert organisation.seats_taken == 1
    assert list(Email.objects.values_list("to", "subject")) == [
        ("collegue@example.org", "Votre place chez Coopérative d’essai a pris fin")
    ]
    entry = Entry.objects.about(colleague).get()
    assert (entry.actor, set(entry.changes)) == (titular.user, {"ends_on", "withdrawn_at"})


def test_who_has_lost_the_right_to_act_does_not_keep_it_by_the_address_of_the_record(titular, organisation):
    """The first titular of an organisation is who applied: the record has their address too."""
    Member.objects.filter(pk=organisation.pk).update(email=titular.email)
    other = create_mandate(organisation, create_user())
    before = Member.objects.visible_to(titular.user).get()

    change(titular, role=Role.COLLEAGUE, is_voting=False)
    as_colleague = Member.objects.visible_to(titular.user).count()
    titular.withdraw(by=other.user)

    assert before == organisation
    assert (as_colleague, Member.objects.visible_to(titular.user).count()) == (0, 0)
    assert not Member.objects.benefiting(titular.user).exists()


def test_withdrawing_twice_changes_nothing(titular, organisation):
    colleague = create_mandate(organisation, role=Role.COLLEAGUE)
    colleague.withdraw(by=titular.user)
    first = colleague.withdrawn_at

    colleague.withdraw(by=titular.user)

    assert colleague.withdrawn_at == first
    assert Email.objects.count() == 1


def test_who_leaves_gets_no_message_about_it(titular, organisation):
    user = create_user()
    create_mandate(organisation, user, role=Role.COLLEAGUE).withdraw(by=user)

    assert Email.objects.count() == 0


def test_a_seat_taken_today_can_be_given_back_today_and_taken_again(titular, organisation):
    user = create_user()
    seat = create_mandate(organisation, user, role=Role.COLLEAGUE, starts_on=days(0))
    seat.withdraw(by=user)

    again = organisation.seat(user, user.email)

    assert again != seat
    assert list(organisation.mandates.live(on=days(0)).of(user)) == [again]


def test_the_last_representative_cannot_leave_but_the_staff_may_end_it(titular, organisation):
    create_mandate(organisation, role=Role.COLLEAGUE)

    with pytest.raises(LastRepresentative):
        titular.withdraw(by=titular.user)
    with pytest.raises(LastRepresentative):
        change(titular, role=Role.COLLEAGUE, is_voting=False)
    titular.refresh_from_db()
    assert titular.is_live(days(0))

    titular.withdraw(by=create_user(), is_staff=True)
    assert not titular.is_live(days(0))


# Voting


def test_the_vote_given_to_one_is_taken_from_the_other(titular, organisation):
    deputy = create_mandate(organisation, role=Role.DEPUTY)

    change(deputy, is_voting=True)

    assert voters(organisation) == [deputy]


def test_the_vote_of_who_leaves_passes_on_to_the_first_titular(titular, organisation):
    create_mandate(organisation, role=Role.DEPUTY)
    second = create_mandate(organisation)

    titular.withdraw(by=create_user())

    assert voters(organisation) == [second]


def test_a_vote_given_up_passes_on(titular, organisation):
    deputy = create_mandate(organisation, role=Role.DEPUTY)

    change(titular, is_voting=False)

    assert voters(organisation) == [deputy]


def test_a_vote_that_nobody_else_may_have_is_kept(titular, organisation):
    create_mandate(organisation, role=Role.COLLEAGUE)

    change(titular, is_voting=False)

    assert voters(organisation) == [titular]


def test_a_colleague_does_not_vote(titular, organisation):
    with pytest.raises(VoteNeedsMandate):
        change(create_mandate(organisation, role=Role.COLLEAGUE), is_voting=True)

    assert voters(organisation) == [titular]


def test_the_database_refuses_two_open_votes(titular, organisation):
    with pytest.raises(IntegrityError), transaction.atomic():
        create_mandate(organisation, is_voting=True)


def test_a_mandate_that_is_over_is_not_changed(titular, organisation):
    colleague = create_mandate(organisation, role=Role.COLLEAGUE)
    stale = Mandate.objects.get(pk=colleague.pk)
    colleague.withdraw(by=titular.user)

    with pytest.raises(MandateOver):
        change(stale, role=Role.DEPUTY)


# Rights


def test_rights_follow_the_membership_of_the_organisation(titular, organisation):
    user = create_user()
    create_mandate(organisation, user, role=Role.COLLEAGUE)
    event = create_event()
    price = create_price(event, 5, for_whom=Price.ForWhom.ORGANISATION, organisation=organisation)
    assert not price.is_for(user)

    membership = create_membership(organisation)
    assert price.is_for(user)

    membership.cut(last_day=days(-1))
    assert not price.is_for(user)
    assert list(Member.objects.visible_to(titular.user)) == [organisation]


# Ending


def test_a_mandate_that_ends_within_thirty_days_is_said_once(titular, organisation, time_machine_travel):
    create_mandate(organisation, email="lou@example.org", role=Role.DEPUTY, ends_on=days(40))
    assert warn_of_ending_mandates() == 0

    with time_machine_travel(days=12):  # the run of the tenth day was missed
        assert warn_of_ending_mandates() == 2
        assert warn_of_ending_mandates() == 0

    assert set(Email.objects.values_list("to", flat=True)) == {"lou@example.org", "titulaire@example.org"}
    assert "Votre mandat (suppléant) chez Coopérative d’essai" in Email.objects.get(to="lou@example.org").text


def test_nobody_hears_of_their_mandate_in_an_organisation_that_has_left(titular, organisation):
    change(titular, ends_on=days(9))
    create_membership(organisation)
    organisation.leave("resigned", left_on=days(-1))

    assert warn_of_ending_mandates() == 0
    assert not Email.objects.exists()


def test_a_mandate_that_is_prolonged_is_said_again_before_its_new_end(titular, organisation):
    colleague = create_mandate(organisation, email="lou@example.org", role=Role.COLLEAGUE, ends_on=days(3))
    assert warn_of_ending_mandates() == 2

    colleague.change(
        role=Role.COLLEAGUE, is_voting=False, is_dues_contact=False, ends_on=days(20), by=titular.user
    )

    assert warn_of_ending_mandates() == 2


def test_nobody_hears_of_a_mandate_that_is_over_or_to_come(titular, organisation):
    create_mandate(organisation, ends_on=days(-1))
    create_mandate(organisation, starts_on=days(1), ends_on=days(9))

    assert warn_of_ending_mandates() == 0
