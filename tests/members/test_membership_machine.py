"""Anything that a member, the staff and the clock may do to a membership, in any order. What must hold, holds after each step."""

from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count, pairwise
from uuid import uuid4

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from members import plan_changes
from members.models import AlreadyGone, Application, ApplicationOpen, Member, Membership, PeriodOverlap
from members.offers import OfferRefused
from payments.models import Charge, Refund
from tests.factories import create_member, create_plan, create_user

pytestmark = pytest.mark.django_db
PLANS = [
    {"months": 12, "renewal_opens_days": 400},
    {"months": 1, "grace_days": 10, "renewal_opens_days": 60},
    {"period": "calendar", "late_join": "by_month", "grace_days": 20, "renewal_opens_days": 400},
    {
        "period": "calendar",
        "late_join": "next_free",
        "free_from_month": 9,
        "free_from_day": 1,
        "renewal_opens_days": 90,
        "max_terms": 2,
    },
    {"months": 6, "backdates": True, "max_terms": 3},
]
PRICES = [Decimal("40.00"), Decimal("7.99"), Decimal("36.50"), Decimal("50.00"), Decimal("19.95")]
which = st.integers(0, len(PLANS) - 1)
number = count(1)


def days_of(period):
    return [
        period.starts_on + timedelta(days=number)
        for number in range((period.ends_on - period.starts_on).days + 1)
    ]


class Life(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.clock = time_machine.travel(datetime.fromisoformat("2026-01-31T10:00+01:00"), tick=False)
        self.traveller = self.clock.start()
        self.undo = transaction.atomic()
        self.undo.__enter__()

    def teardown(self):
        transaction.set_rollback(True)
        self.undo.__exit__(None, None, None)
        self.clock.stop()

    @initialize()
    def meet(self):
        self.plans = [create_plan(price=price, **fields) for price, fields in zip(PRICES, PLANS, strict=True)]
        self.user = create_user()
        self.member = create_member(user=self.user, email=self.user.email)
        self.granted = Decimal(0)

    @property
    def today(self):
        return timezone.localdate()

    @property
    def has_left(self):
        return self.member.departures.in_force(on=self.today).exists()

    def covered(self):
        """Each day of each effective period. None is in two: see `periods_never_overlap`."""
        return {day for period in self.member.memberships.effective() for day in days_of(period)}

    @contextmanager
    def no_day_lost(self):
        """What was covered still is, except after a departure; yields the days that were gained, once they are."""
        has_left, before, gained = self.has_left, self.covered(), set()
        yield gained
        after = self.covered()
        gained |= after - before
        assert has_left or before <= after

    def pay(self, charge):
        charge.record_payment(method="transfer", amount=charge.amount, reference=f"machine-{next(number)}")

    # Rules

    @rule(days=st.integers(1, 200))
    def time_passes(self, days):
        self.traveller.shift(timedelta(days=days))

    @rule(which=which, terms=st.integers(1, 3))
    def apply(self, which, terms):
        identity = {"first_name": "Camille", "last_name": "Démo", "email": self.user.email}
        with suppress(OfferRefused, ApplicationOpen):
            Application.submit(
                self.plans[which],
                request_key=uuid4(),
                user=self.user,
                member=self.member,
                terms=terms,
                **identity,
            )

    @precondition(lambda self: Charge.objects.unpaid().exists())
    @rule()
    def pay_what_is_due(self):
        """No day that was covered is sold again, and at least one is gained where a period opens."""
        application = Application.objects.get(charge=Charge.objects.unpaid().get())
        with self.no_day_lost() as gained:
            self.pay(application.charge)
        application.refresh_from_db()

        if application.replaces_id:
            assert not gained
        elif application.state == Application.State.DONE:
            period = application.membership
            sold = (period.ends_on - max(period.starts_on, self.today)).days + 1
            assert len([day for day in gained if day >= self.today]) == sold > 0
        else:
            assert application.state == Application.State.PAID

    @precondition(lambda self: Charge.objects.unpaid().exists())
    @rule()
    def give_up(self):
        Application.objects.open().get().abandon()

    @rule(which=which)
    def change_plan(self, which):
        running = next((one for one in self.member.memberships.all() if one.covers(self.today)), None)
        if running is None:
            return
        with (
            self.no_day_lost() as gained,
            suppress(plan_changes.NotChangeable, ApplicationOpen, OfferRefused),
        ):
            plan_changes.change(running, self.plans[which], request_key=uuid4(), user=self.user)
        assert not gained

    @rule(which=which)
    def staff_grant(self, which):
        """Right after the last period, unless it would run into one that was set for later."""
        has_left, before = self.has_left, self.covered()
        with self.no_day_lost(), suppress(PeriodOverlap):
            period = self.member.add_membership(self.plans[which])
            assert self.today <= period.starts_on
            assert has_left or not before & set(days_of(period))

    @rule(which=which, ahead=st.integers(-300, 300))
    def staff_grant_on_a_day(self, which, ahead):
        with self.no_day_lost(), suppress(PeriodOverlap):
            self.member.add_membership(self.plans[which], starts_on=self.today + timedelta(days=ahead))

    @rule(ahead=st.integers(0, 30))
    def leave(self, ahead):
        with suppress(AlreadyGone):
            self.member.leave("resigned", left_on=self.today + timedelta(days=ahead))

    @precondition(lambda self: self.member.departures.filter(cancelled_at=None, rejoined_on=None).exists())
    @rule()
    def it_was_a_mistake(self):
        self.member.departures.filter(cancelled_at=None, rejoined_on=None).get().cancel()

    # What must hold

    @invariant()
    def periods_never_overlap(self):
        periods = self.member.memberships.effective().order_by("starts_on")
        assert [(a, b) for a, b in pairwise(periods) if a.ends_on >= b.starts_on] == []

    @invariant()
    def cents_are_those_that_were_charged(self):
        """What periods cost is what came in for them, less what a change of plan gives back."""
        placed = Application.objects.filter(state=Application.State.DONE)
        received = sum(one.charge.amount_received for one in placed if one.charge)
        given_back = sum(one.amount for one in Refund.objects.filter(reason=Refund.Reason.PLAN_CHANGE))
        amounts = [one.amount for one in Membership.objects.all()]
        assert sum(amount for amount in amounts if amount > 0) == received
        assert given_back <= min(received, -sum(amount for amount in amounts if amount < 0))

    @invariant()
    def one_rule_says_who_is_up_to_date(self):
        fresh = Member.objects.with_standing().get()
        for ahead in (-200, -30, 0, 30, 200):
            day = self.today + timedelta(days=ahead)
            assert fresh.standing(on=day).is_current == Member.objects.current(on=day).exists()

    @invariant()
    def a_day_in_force_is_one_that_is_covered(self):
        fresh = Member.objects.with_standing().get()
        standing = fresh.standing()
        if standing.status == "active":
            assert standing.until in self.covered()


@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
def test_whatever_happens_no_day_is_lost_or_sold_twice():
    steps = settings(
        max_examples=8,
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        phases=[Phase.generate],
    )
    run_state_machine_as_test(Life, settings=steps)
