from datetime import date, timedelta
from html import unescape
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from mailing.models import Email
from members.models import Application, Kind, Member, Membership
from tests.admin import assert_same_queries, search, told, unlabelled
from tests.factories import (
    create_college,
    create_member,
    create_membership,
    create_plan,
    create_staff,
    create_user,
)

pytestmark = pytest.mark.django_db
MEMBERS = reverse("admin:members_member_changelist")
MEMBERSHIPS = reverse("admin:members_membership_changelist")
APPLICATIONS = reverse("admin:members_application_changelist")


def apply(plan, email="candidat@example.org"):
    person = {"first_name": "Alex", "last_name": "Démo", "email": email}
    return Application.submit(plan, **person, request_key=uuid4())


def today(**shift):
    return timezone.localdate() + timedelta(**shift)


@pytest.fixture
def staff(client):
    client.force_login(create_staff())
    return client


def page_to_add(member):
    return reverse("admin:members_member_membership", args=[member.pk])


# Members


def test_members_are_found_by_name_organisation_and_address(staff):
    found = create_member(last_name="Bruyère", email="bruyere@example.org")
    create_member()

    assert search(staff, MEMBERS, q="bruyère") == [found]
    assert search(staff, MEMBERS, q="bruyere@example") == [found]


def test_members_are_sorted_into_current_expired_and_never(staff):
    never = create_member(last_name="A")
    current = create_membership(create_member(last_name="B")).member
    expired = create_membership(
        create_member(last_name="C"), starts_on=today(days=-400), ends_on=today(days=-1)
    ).member
    cancelled = create_membership(create_member(last_name="D"))
    cancelled.cancel()

    assert search(staff, MEMBERS, state="current") == [current]
    assert search(staff, MEMBERS, state="expired") == [expired]
    assert search(staff, MEMBERS, state="never") == [never, cancelled.member]


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "said", "last_day"),
    [
        (date(2026, 1, 1), date(2026, 12, 31), "À jour jusqu’au 31 décembre 2026 inclus", "31 décembre 2026"),
        (date(2025, 1, 1), date(2025, 12, 31), "Pas à jour", "31 décembre 2025"),
        (date(2026, 7, 1), date(2027, 6, 30), "Candidat", "30 juin 2027"),
    ],
)
def test_the_list_says_where_a_member_stands(staff, time_machine, starts_on, ends_on, said, last_day):
    time_machine.move_to("2026-06-01 12:00+02:00")
    create_membership(starts_on=starts_on, ends_on=ends_on)

    page = unescape(staff.get(MEMBERS).text)

    assert f'<td class="field-standing">{said}</td>' in page
    assert f'<td class="field-last_day">{last_day}</td>' in page


def test_the_list_says_who_has_never_joined(staff):
    create_member()

    assert '<td class="field-standing">Jamais adhéré</td>' in staff.get(MEMBERS).text


def test_the_list_of_members_costs_the_same_for_one_and_for_many(staff):
    assert_same_queries(staff, MEMBERS, lambda: create_membership())


def test_a_member_is_written_by_its_form_and_no_two_share_an_address(staff):
    create_member(email="prise@example.org")
    data = {
        "kind": "person",
        "first_name": "Lou",
        "last_name": "Démo",
        "email": "PRISE@example.org",
        "college": create_college().pk,
        "joined_on": "2026-01-05",
        "user": "",
        "memberships-TOTAL_FORMS": 0,
        "memberships-INITIAL_FORMS": 0,
    }

    refused = staff.post(reverse("admin:members_member_add"), data)
    accepted = staff.post(reverse("admin:members_member_add"), data | {"email": "lou@example.org"})

    assert refused.context["errors"] == [["Cette adresse e-mail est déjà celle d’un adhérent."]]
    assert accepted.status_code == 302
    assert Member.objects.filter(email="lou@example.org", first_name="Lou").exists()


def test_every_input_of_the_member_form_has_a_label(staff):
    member = create_membership().member

    assert unlabelled(staff.get(reverse("admin:members_member_change", args=[member.pk]))) == []


# Adding a membership


def test_a_period_is_added_after_the_last_one(staff):
    membership = create_membership()
    plan = create_plan()

    response = staff.post(page_to_add(membership.member), {"plan": plan.pk, "starts_on": ""}, follow=True)

    added = membership.member.memberships.get(plan=plan)
    assert added.starts_on == membership.ends_on + timedelta(days=1)
    assert added.charge is None
    assert f"Adhésion ajoutée : {added}." in told(response)


def test_a_period_that_overlaps_is_refused_beside_its_date(staff):
    membership = create_membership()

    response = staff.post(
        page_to_add(membership.member), {"plan": membership.plan.pk, "starts_on": today().isoformat()}
    )

    assert response.status_code == 400
    assert response.context["errors"] == {"starts_on": ["Ces dates chevauchent une autre adhésion."]}
    assert Membership.objects.count() == 1


def test_a_person_is_not_offered_the_plans_of_organisations(staff):
    plan = create_plan(kind=Kind.ORGANISATION)
    member = create_member()

    response = staff.post(page_to_add(member), {"plan": plan.pk})

    assert list(response.context["errors"]) == ["plan"]
    assert not member.memberships.exists()


def test_every_input_of_the_membership_form_has_a_label(staff):
    assert unlabelled(staff.get(page_to_add(create_member()))) == []


def test_adding_a_membership_asks_for_the_right_to(client):
    member, plan = create_member(), create_plan()
    user = create_user(is_staff=True, second_factor=True)
    user.user_permissions.add(Permission.objects.get(codename="view_member"))
    client.force_login(user)

    page = client.get(reverse("admin:members_member_change", args=[member.pk]))
    response = client.post(page_to_add(member), {"plan": plan.pk})

    assert page_to_add(member) not in page.text
    assert response.status_code == 403
    assert not member.memberships.exists()


# Memberships


def cancel(client, *memberships, **more):
    rows = [membership.pk for membership in memberships]
    return client.post(MEMBERSHIPS, {"action": "cancel", "_selected_action": rows, **more}, follow=True)


def test_cancelling_memberships_asks_first(staff):
    membership = create_membership()

    page = cancel(staff, membership)

    membership.refresh_from_db()
    assert page.templates[0].name == "admin/confirmation.html"
    assert membership.cancelled_at is None


def test_a_confirmed_cancellation_closes_the_period_and_a_second_one_is_refused(staff):
    membership, other = create_membership(), create_membership()
    other.cancel()

    response = cancel(staff, membership, other, confirmed="yes")

    membership.refresh_from_db()
    assert membership.cancelled_at is not None
    assert told(response) == [
        f"{other} : cette adhésion est déjà annulée.",
        "1 adhésion annulée.",
    ]
    assert not Email.objects.exists()


def test_a_membership_is_neither_edited_nor_deleted_nor_added_here(staff):
    membership = create_membership()
    pages = ["members_membership_change", "members_membership_delete"]

    answers = [
        staff.post(reverse(f"admin:{page}", args=[membership.pk]), {"ends_on": "2099-12-31", "post": "yes"})
        for page in pages
    ]
    answers.append(staff.get(reverse("admin:members_membership_add")))

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert Membership.objects.get().ends_on == membership.ends_on


def test_the_dates_of_a_membership_are_not_forged_through_its_member(staff):
    membership = create_membership()
    member = membership.member
    data = {"kind": member.kind, "first_name": "Lou", "last_name": "Démo", "email": member.email}
    data |= {"college": member.college_id, "joined_on": "2026-01-05", "memberships-TOTAL_FORMS": 1}
    data |= {"memberships-INITIAL_FORMS": 1, "memberships-0-id": membership.pk}
    data |= {"memberships-0-member": member.pk, "memberships-0-ends_on": "2099-12-31"}

    response = staff.post(reverse("admin:members_member_change", args=[member.pk]), data)

    member.refresh_from_db()
    assert (response.status_code, member.first_name) == (302, "Lou")
    assert Membership.objects.get().ends_on == membership.ends_on


def test_the_list_of_memberships_costs_the_same_for_one_and_for_many(staff):
    plan = create_plan()
    assert_same_queries(staff, MEMBERSHIPS, lambda: create_membership(plan=plan))


def test_memberships_are_sorted_by_state(staff):
    current = create_membership()
    over = create_membership(starts_on=today(days=-400), ends_on=today(days=-1))
    coming = create_membership(starts_on=today(days=1), ends_on=today(days=300))
    cancelled = create_membership()
    cancelled.cancel()

    found = {state: search(staff, MEMBERSHIPS, state=state) for state in ("current", "over", "coming")}

    assert found == {"current": [current], "over": [over], "coming": [coming]}
    assert search(staff, MEMBERSHIPS, state="cancelled") == [cancelled]


# Applications and plans


def test_applications_are_sorted_by_state_and_lead_to_what_is_due(staff):
    waiting = apply(create_plan())
    complete = apply(create_plan(price=0), email="gratuit@example.org")
    abandoned = apply(create_plan(), email="parti@example.org")
    abandoned.abandon()

    page = staff.get(APPLICATIONS, {"state": "to_pay"})

    assert list(page.context["cl"].result_list) == [waiting]
    assert reverse("admin:payments_charge_change", args=[waiting.charge.pk]) in page.text
    assert search(staff, APPLICATIONS, state="done") == [complete]
    assert search(staff, APPLICATIONS, state="abandoned") == [abandoned]


def test_the_list_of_applications_costs_the_same_for_one_and_for_many(staff):
    plan = create_plan()
    assert_same_queries(
        staff, f"{APPLICATIONS}?state=to_pay", lambda: apply(plan, email=f"{uuid4()}@example.org")
    )


def test_an_application_is_read_and_nothing_else(staff):
    application = apply(create_plan())
    address = reverse("admin:members_application_change", args=[application.pk])

    page, forged = staff.get(address), staff.post(address, {"email": "autre@example.org"})

    application.refresh_from_db()
    assert (page.status_code, forged.status_code) == (200, 403)
    assert application.email == "candidat@example.org"


def test_the_list_of_plans_shows_the_price_of_the_day(staff):
    create_plan(price=40)
    create_plan(price=None)

    page = staff.get(reverse("admin:members_plan_changelist")).text

    assert '<td class="field-price">40,00 €</td>' in page
    assert '<td class="field-price">–</td>' in page


def test_the_list_of_plans_costs_the_same_for_one_and_for_many(staff):
    assert_same_queries(staff, reverse("admin:members_plan_changelist"), create_plan)


def test_every_input_of_the_plan_form_has_a_label(staff):
    assert unlabelled(staff.get(reverse("admin:members_plan_change", args=[create_plan().pk]))) == []


def test_staff_without_rights_reach_no_page_of_the_members(client):
    client.force_login(create_user(is_staff=True, second_factor=True))

    answers = [client.get(page).status_code for page in (MEMBERS, MEMBERSHIPS, APPLICATIONS)]

    assert answers == [403, 403, 403]
