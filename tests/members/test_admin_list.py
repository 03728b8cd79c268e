"""The list of members: what it is narrowed to, and what finds somebody."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from members.models import Member
from members.standing import UP_TO_DATE, Status
from tests.admin import assert_same_queries, search
from tests.factories import (
    create_college,
    create_member,
    create_membership,
    create_organisation,
    create_plan,
    create_staff,
)
from tests.members.states import STATES, day, member_in, on_credit

pytestmark = pytest.mark.django_db
MEMBERS = reverse("admin:members_member_changelist")
IN_A_LIST = [
    Status.ACTIVE,
    Status.GRACE,
    Status.LAPSED,
    Status.RESIGNED,
    Status.EXCLUDED,
    Status.DECEASED,
    Status.HONORARY,
]


@pytest.fixture
def staff(client):
    client.force_login(create_staff())
    return client


@pytest.fixture
def everybody():
    return {state: member_in(state, last_name=state) for state in STATES}


@pytest.mark.parametrize("shift", [0, -1, -50, -200, 11, 90, 200])
def test_the_status_in_sql_is_that_of_the_standing_for_each_state_and_day(everybody, shift):
    on = timezone.localdate() + timedelta(days=shift)
    standings = {member.pk: member.standing(on=on).status for member in Member.objects.with_standing()}

    for status in IN_A_LIST:
        found = set(Member.objects.in_status(status, on=on).values_list("pk", flat=True))
        assert found == {pk for pk, one in standings.items() if one == status}
    current = set(Member.objects.current(on=on).values_list("pk", flat=True))
    assert current == {pk for pk, one in standings.items() if one in UP_TO_DATE}


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ("current", {"active", "active on credit", "grace", "honorary", "decided active"}),
        ("grace", {"grace"}),
        ("expired", {"lapsed", "lapsed credit", "decided lapsed"}),
        ("never", {"applicant", "honorary", "decided active", "none"}),
        ("gone", {"resigned", "excluded", "deceased"}),
        ("honorary", {"honorary"}),
    ],
)
def test_members_are_narrowed_to_a_state(staff, everybody, state, found):
    assert {member.last_name for member in search(staff, MEMBERS, state=state)} == found


def test_members_are_narrowed_to_who_was_up_to_date_on_a_past_day(staff):
    past = create_membership(starts_on=day(-800), ends_on=day(-400)).member
    create_membership()

    assert search(staff, MEMBERS, current_on=day(-500).isoformat()) == [past]
    assert search(staff, MEMBERS, current_on=day(-500).isoformat(), state="current") == []


def test_a_day_that_is_none_is_said_beside_its_field_and_stays_typed(staff):
    create_membership()

    page = staff.get(MEMBERS, {"current_on": "le 3 mai", "q": "Démo"})

    assert list(page.context["cl"].result_list) == []
    assert "Saisissez une date valide." in page.text
    assert 'value="le 3 mai"' in page.text
    assert '<input type="hidden" name="q" value="Démo">' in page.text


def test_members_are_narrowed_by_plan_credit_college_kind_and_year(staff):
    old, new = create_plan(), create_plan()
    changed = create_member(joined_on=timezone.localdate())
    create_membership(changed, plan=old, starts_on=day(-400), ends_on=day(-40))
    create_membership(changed, plan=new, starts_on=day(-39))
    credit = create_member(joined_on=day(-800))
    on_credit(credit, until=3)
    organisation = create_organisation(college=create_college("Économie", "economie"), joined_on=day(-800))

    assert search(staff, MEMBERS, plan=new.pk) == [changed]
    assert search(staff, MEMBERS, plan=old.pk) == []
    assert search(staff, MEMBERS, period="credit") == [credit]
    assert search(staff, MEMBERS, period="this_year") == [changed]
    assert search(staff, MEMBERS, college__id__exact=organisation.college.pk) == [organisation]
    assert search(staff, MEMBERS, kind__exact="organisation") == [organisation]


def test_a_plan_that_is_no_number_narrows_nothing(staff):
    member = create_member()

    assert search(staff, MEMBERS, plan="x") == [member]


@pytest.mark.parametrize("term", ["A-{pk:06d}", "a{pk}", "{pk}"])
def test_a_member_is_found_by_its_number(staff, term):
    member = create_member()
    create_member()

    assert search(staff, MEMBERS, q=term.format(pk=member.pk)) == [member]


@pytest.mark.parametrize("term", ["732829320", "732 829 320 00074", "73282932000074"])
def test_an_organisation_is_found_by_its_number_however_it_is_spaced(staff, term):
    found = create_organisation(siret="73282932000074")
    create_organisation(siret="44306184100047")

    assert search(staff, MEMBERS, q=term) == [found]


@pytest.mark.parametrize("term", ["0467112233", "04 67 11 22 33", "+33467112233", "04.67.11.22.33"])
def test_a_member_is_found_by_phone_however_it_was_written(staff, term):
    found = create_member(phone="04 67 11 22 33")
    create_member(phone="04 67 99 99 99")

    assert search(staff, MEMBERS, q=term) == [found]


def test_a_number_too_large_for_any_row_finds_nobody(staff):
    create_member()

    assert search(staff, MEMBERS, q="A-999999999999999999") == []


def test_filters_and_search_cost_the_same_for_one_and_for_many(staff):
    on = timezone.localdate().isoformat()

    assert_same_queries(staff, f"{MEMBERS}?q=Démo&state=current&current_on={on}", lambda: create_membership())
