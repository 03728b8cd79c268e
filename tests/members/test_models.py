from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from mailing.models import Email
from members.models import Application, Member, Membership, PeriodOverlap, Plan
from members.offers import PlanClosed
from payments.models import Charge
from tests.factories import (
    create_charge,
    create_college,
    create_member,
    create_membership,
    create_organisation,
    create_plan,
    create_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def today():
    """Noon in Paris on an ordinary day."""
    with time_machine.travel("2026-11-23 12:00 +01:00", tick=False):
        yield date(2026, 11, 23)


def apply(plan, email="zoe@example.org", *, user=None, key=None, member=None):
    person = {"first_name": "Zoé", "last_name": "Démo", "email": email}
    return Application.submit(plan, **person, request_key=key or uuid4(), user=user, member=member)


def pay(application, reference=None):
    charge = application.charge
    charge.record_payment(method="sandbox", amount=charge.amount, reference=reference or str(charge.pk))
    application.refresh_from_db()
    return application.membership


# Plans


def test_a_price_is_that_of_its_day():
    plan = create_plan(price=Decimal(30), since=date(2025, 1, 1))
    plan.prices.create(amount=Decimal(40), since=date(2026, 1, 1))

    days = [date(2024, 12, 31), date(2025, 12, 31), date(2026, 1, 1)]
    prices = [plan.price_on(day) for day in days]

    assert [price and price.amount for price in prices] == [None, Decimal(30), Decimal(40)]


def test_the_price_in_a_list_is_the_price_of_the_row(today):
    plan = create_plan(price=Decimal(30), since=date(2025, 1, 1))
    plan.prices.create(amount=Decimal(40), since=today + timedelta(days=1))

    assert Plan.objects.with_price(on=today).get().price == plan.price_on(today).amount == Decimal(30)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        (date(2026, 11, 23), 12, date(2027, 11, 22)),
        (date(2026, 1, 1), 12, date(2026, 12, 31)),
        (date(2024, 2, 29), 12, date(2025, 2, 27)),
        (date(2027, 3, 1), 12, date(2028, 2, 29)),
        (date(2026, 1, 31), 1, date(2026, 2, 27)),
        (date(2026, 8, 31), 6, date(2027, 2, 27)),
        (date(2026, 12, 15), 1, date(2027, 1, 14)),
    ],
)
def test_the_last_day_of_a_period_is_inclusive(start, months, end):
    assert create_plan(months=months).last_day(start) == end


def test_only_an_open_plan_with_a_price_can_be_joined(today):
    open_plan = create_plan()
    create_plan(is_open=False)
    create_plan(price=None)
    create_plan(since=today + timedelta(days=1))

    assert list(Plan.objects.open()) == [open_plan]


# Up to date


def test_up_to_date_is_one_rule_for_a_row_and_for_a_list(today):
    day = timedelta(days=1)
    cases = {
        "courante": (today - 10 * day, today + 10 * day),
        "finit aujourd’hui": (today - 10 * day, today),
        "commence aujourd’hui": (today, today + 10 * day),
        "finie hier": (today - 10 * day, today - day),
        "commence demain": (today + day, today + 10 * day),
    }
    for name, (starts_on, ends_on) in cases.items():
        create_membership(create_member(last_name=name), starts_on=starts_on, ends_on=ends_on)
    cancelled = create_membership(create_member(last_name="annulée"))
    cancelled.cancel()
    create_member(last_name="jamais")

    current = set(Member.objects.current(on=today).values_list("last_name", flat=True))

    assert current == {"courante", "finit aujourd’hui", "commence aujourd’hui"}
    assert {member.last_name for member in Member.objects.all() if member.is_current} == current


def test_the_last_day_lasts_until_midnight_in_paris():
    membership = create_membership(starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31))

    with time_machine.travel("2026-12-31 23:59 +01:00", tick=False):
        assert membership.member.is_current
    with time_machine.travel("2027-01-01 00:00 +01:00", tick=False):
        assert not membership.member.is_current


def test_up_to_date_until_the_end_of_an_unbroken_run(today):
    member = create_member()
    create_membership(member, starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31))
    create_membership(member, starts_on=date(2027, 1, 1), ends_on=date(2027, 12, 31))
    create_membership(member, starts_on=date(2028, 2, 1), ends_on=date(2028, 12, 31))

    assert member.current_until == date(2027, 12, 31)


# Renewing


def test_renewing_early_loses_no_day(today):
    member = create_member()
    create_membership(member, starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31))

    renewed = member.add_membership(create_plan())

    assert (renewed.starts_on, renewed.ends_on) == (date(2027, 1, 1), date(2027, 12, 31))


def test_renewing_after_a_gap_starts_today(today):
    member = create_member()
    create_membership(member, starts_on=date(2025, 1, 1), ends_on=date(2025, 12, 31))

    assert member.add_membership(create_plan()).starts_on == today


def test_renewing_on_the_last_day_starts_tomorrow(today):
    member = create_member()
    create_membership(member, starts_on=date(2025, 11, 24), ends_on=today)

    assert member.add_membership(create_plan()).starts_on == today + timedelta(days=1)


def test_a_cancelled_period_is_no_obstacle(today):
    member = create_member()
    create_membership(member).cancel()

    assert member.add_membership(create_plan()).starts_on == today


@pytest.mark.parametrize(
    "starts_on",
    [date(2026, 6, 1), date(2025, 6, 1), date(2026, 12, 31), date(2025, 1, 2)],
    ids=["inside", "over the start", "on the last day", "touching the first day"],
)
def test_periods_never_overlap(today, starts_on):
    member = create_member()
    create_membership(member, starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31))

    with pytest.raises(PeriodOverlap):
        member.add_membership(create_plan(), starts_on=starts_on)

    assert member.memberships.count() == 1


def test_an_overlap_is_told_in_a_form(today):
    membership = create_membership(starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31))
    inside = Membership(
        member=membership.member, plan=membership.plan, starts_on=date(2026, 3, 1), ends_on=date(2026, 4, 1)
    )

    with pytest.raises(ValidationError, match="chevauchent"):
        inside.full_clean()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no exclusion constraint")
def test_the_database_itself_refuses_an_overlap():
    membership = create_membership()

    with pytest.raises(IntegrityError, match="membership_periods_never_overlap"), transaction.atomic():
        create_membership(membership.member, plan=membership.plan)


def test_the_database_refuses_a_period_that_ends_before_it_starts():
    with pytest.raises(IntegrityError), transaction.atomic():
        create_membership(starts_on=date(2026, 1, 2), ends_on=date(2026, 1, 1))


def test_a_member_typed_with_capitals_is_seen_by_their_account():
    member = Member(last_name="Démo", email="Zoe@Example.org", college=create_college())
    member.full_clean()
    member.save()

    assert list(Member.objects.visible_to(create_user("zoe@example.org"))) == [member]


def test_one_member_an_address_whatever_its_case():
    create_member(email="zoe@example.org")

    with pytest.raises(IntegrityError), transaction.atomic():
        create_member(email="ZOE@example.org")


# Applying


def test_a_paid_application_makes_a_member_a_period_and_one_mail(today):
    application = apply(create_plan(price=Decimal(40)))

    membership = pay(application)

    assert (membership.starts_on, membership.ends_on) == (today, date(2027, 11, 22))
    assert str(membership.member) == "Zoé Démo"
    assert membership.charge == application.charge
    assert [(email.to, email.subject) for email in Email.objects.all()] == [
        ("zoe@example.org", "Votre adhésion est active jusqu’au 22 novembre 2027")
    ]


def test_nothing_is_granted_before_the_money(today):
    application = apply(create_plan())

    assert application.membership is None
    assert Member.objects.count() == 0


def test_what_is_shown_before_paying_is_what_is_given(today):
    member = create_member(email="zoe@example.org")
    create_membership(member, starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31))
    application = apply(create_plan(), user=create_user("zoe@example.org"), member=member)

    membership = pay(application)

    promised = application.starts_on, application.ends_on
    assert promised == (membership.starts_on, membership.ends_on) == (date(2027, 1, 1), date(2027, 12, 31))


@pytest.mark.parametrize("account", [None, "curieux@example.org"])
def test_whoever_types_an_address_does_not_learn_until_when_it_is_a_members(today, account):
    member = create_member(email="zoe@example.org")
    create_membership(member, starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31))
    application = apply(create_plan(), user=account and create_user(account))

    assert (application.starts_on, application.ends_on) == (today, date(2027, 11, 22))


def test_a_period_starts_when_it_is_paid(today):
    application = apply(create_plan())

    with time_machine.travel("2026-12-03 12:00 +01:00"):
        membership = pay(application)

    assert membership.starts_on == date(2026, 12, 3)


def test_a_free_plan_is_active_at_once(today):
    application = apply(create_plan(price=Decimal(0)))

    assert application.charge is None
    assert application.membership.starts_on == today


def test_a_renewal_with_the_same_address_in_another_case_is_the_same_member(today):
    member = create_member(email="zoe@example.org")

    membership = pay(apply(create_plan(), "ZOE@Example.org"))

    assert membership.member == member


def test_an_account_renews_its_own_membership_whatever_address_it_types(today):
    user = create_user()
    member = create_member(user=user)

    membership = pay(apply(create_plan(), "autre@example.org", user=user))

    assert membership.member == member


def test_an_account_does_not_get_hold_of_the_member_of_an_address_it_has_not_proved(today):
    curious, owner = create_user("curieux@example.org"), create_user("zoe@example.org")

    plan = create_plan(renewal_opens_days=400)

    pay(apply(plan, "zoe@example.org", user=curious))
    membership = pay(apply(plan, "zoe@example.org", user=owner))

    assert list(Member.objects.visible_to(curious)) == []
    assert list(Member.objects.visible_to(owner)) == [membership.member]


def test_two_clicks_are_one_application(today):
    plan, key = create_plan(), uuid4()

    assert apply(plan, key=key) == apply(plan, key=key)
    assert Charge.objects.count() == 1


@pytest.mark.parametrize("fields", [{"is_open": False}, {"price": None}])
def test_a_closed_plan_takes_nobody(fields):
    with pytest.raises(PlanClosed):
        apply(create_plan(**fields))

    assert Application.objects.count() == 0


def test_an_application_paid_twice_gives_one_period(today):
    application = apply(create_plan())

    pay(application, "1")
    pay(application, "2")

    assert Membership.objects.count() == 1
    assert application.charge.refunds.count() == 1


def test_an_unpaid_application_is_forgotten_after_a_month(today):
    forgotten, paid = apply(create_plan()), apply(create_plan(), "paie@example.org")
    pay(paid)

    with time_machine.travel(timezone.now() + timedelta(days=32)):
        recent = apply(create_plan(), "neuve@example.org")
        assert Application.objects.purge_abandoned() == 1
        assert Application.objects.purge_abandoned() == 0

    forgotten.refresh_from_db()
    forgotten.charge.refresh_from_db()
    assert (forgotten.email, forgotten.charge.email, forgotten.charge.name) == ("", "", "")
    assert list(Application.objects.open()) == [recent]


def test_an_application_paid_while_the_purge_goes_on_is_kept(today):
    application = apply(create_plan())
    read_before = Application.objects.get(pk=application.pk)
    pay(application)

    read_before.abandon()

    application.refresh_from_db()
    assert (application.email, application.state) == ("zoe@example.org", "done")
    assert (application.charge.cancelled_at, application.charge.refunds.count()) == (None, 0)


def test_money_for_a_forgotten_application_is_owed_back(today):
    application = apply(create_plan())
    application.abandon()

    charge = Charge.objects.get()
    charge.record_payment(method="transfer", amount=Decimal(40), reference="tardif")

    assert charge.refunds.get().amount == Decimal(40)
    assert Membership.objects.count() == 0


def test_a_charge_that_is_not_dues_makes_no_member():
    charge = create_charge(40)

    charge.record_payment(method="sandbox", amount=Decimal(40), reference="1")

    assert Member.objects.count() == 0


def test_a_person_whose_address_an_organisation_uses_has_a_record_of_their_own(today):
    """The contact of an association joins for themselves too, with the same mailbox."""
    organisation = create_organisation(email="zoe@example.org")

    membership = pay(apply(create_plan()))

    assert (membership.member.kind, str(membership.member)) == ("person", "Zoé Démo")
    assert organisation.memberships.count() == 0
