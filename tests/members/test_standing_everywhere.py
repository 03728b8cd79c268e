"""One answer to « where does this member stand »: the very same object and words on each page that says it."""

from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.factories import create_staff, create_user
from tests.members.states import STATES, member_in

pytestmark = pytest.mark.django_db
ON_THE_LIST = {"active", "active on credit", "grace", "honorary", "decided active"}
NEVER_A_MEMBER = {"applicant", "none"}


@pytest.fixture
def staff():
    client = Client()
    client.force_login(create_staff())
    return client


@pytest.fixture(params=STATES)
def state(request):
    return request.param


@pytest.fixture
def member(state):
    user = create_user("camille@example.org")
    return member_in(state, user=user, email=user.email)


def says(page, *sentences):
    text = unescape(page.text)
    return [sentence for sentence in sentences if sentence not in text] == []


def test_the_account_says_the_standing_and_why(client, member):
    standing = member.standing()
    client.force_login(member.user)

    page = client.get(reverse("account"))

    (shown,) = page.context["members"]
    assert shown.standing() == standing
    assert says(page, f"{standing.title}.", *standing.reasons)


def test_the_card_says_the_same(client, member):
    standing = member.standing()
    client.force_login(member.user)

    page = client.get(reverse("members:card"))

    (card,) = page.context["cards"]
    assert card.standing == standing
    assert says(page, *([] if standing.is_current else [f"{standing.title}.", standing.explanation]))


def test_the_page_of_the_staff_says_the_same(staff, member):
    standing = member.standing()

    page = staff.get(reverse("admin:members_member_change", args=[member.pk]))

    assert page.context["panel"].standing == standing
    assert says(page, standing.title, *standing.reasons)
    assert reverse("members:card_check", args=[member.card_code]) in page.text


def test_the_list_of_the_staff_says_the_same(staff, member):
    page = staff.get(reverse("admin:members_member_changelist"))

    assert says(page, f'<td class="field-standing">{member.standing().title}</td>')


def test_the_voters_page_says_the_same(staff, member, state):
    standing = member.standing(on=timezone.localdate())

    page = staff.get(reverse("admin:members_member_voters"))

    listed = [(voter.member, found) for voter, found in page.context["listed_rows"]]
    absent = page.context["absent_rows"]
    if state in ON_THE_LIST:
        assert (listed, absent) == ([(member, standing)], [])
        assert says(page, standing.title)
    elif state in NEVER_A_MEMBER:
        assert (listed, absent) == ([], [])
    else:
        assert (listed, absent) == ([], [(member, standing)])
        assert says(page, standing.title, standing.explanation)
