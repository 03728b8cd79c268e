"""Anything that people, staff and the clock may do to the places of an event, in any order. What must hold, holds after each step."""

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
import time_machine
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from events.models import (
    Booking,
    CapacityTooLow,
    CodeRefused,
    EventFull,
    EventOver,
    OfferGone,
    Place,
    PriceRefused,
    Registration,
    RegistrationClosed,
)
from events.models.places import may_offer
from mailing.models import Email
from payments.models import Charge, Payment, Refund
from tests.factories import create_event, create_price, create_promo_code

pytestmark = pytest.mark.django_db
STATE = Booking.State
REFUSALS = (EventFull, PriceRefused, CodeRefused, RegistrationClosed)
MAILS = {STATE.WAITING: "waiting", STATE.OFFERED: "offered", STATE.CONFIRMED: "confirmed"}
numbers = st.integers(min_value=0, max_value=50)
party = st.tuples(st.integers(1, 3), st.integers(0, 2))  # how many, at which price


class Places(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.clock = time_machine.travel(datetime.fromisoformat("2026-12-01T10:00+01:00"), tick=False)
        self.traveller = self.clock.start()
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.before = {}

    def teardown(self):
        transaction.set_rollback(True)
        self.undo.__exit__(None, None, None)
        self.clock.stop()

    @initialize(
        capacity=st.integers(2, 5),
        quota=st.integers(1, 3),
        keeps=st.booleans(),
        crowd=st.lists(party, min_size=5, max_size=10),
    )
    def open(self, capacity, quota, keeps, crowd):
        """More people come at once than there are places, so that what follows happens to a queue."""
        self.event = create_event(capacity=capacity, starts_in=timedelta(days=6), max_places=3)
        kept_until = timezone.now() + timedelta(days=3) if keeps else None
        self.prices = [
            create_price(self.event, Decimal(20), name="Plein tarif"),
            create_price(self.event, Decimal(10), name="Tôt", quota=quota),
            create_price(self.event, Decimal(0), name="Gardées", quota=min(quota, 2), kept_until=kept_until),
        ]
        self.code = create_promo_code(self.event, percent=50, max_uses=3)
        for size, price in crowd:
            self.ask(size, price)

    # What may happen

    @rule(asked=party, has_code=st.booleans())
    def book(self, asked, has_code):
        self.ask(*asked, code="BIENVENUE" if has_code else "")

    @rule(asked=party, minutes=st.sampled_from([22, 60]))
    def book_before_the_clock_has_told(self, asked, minutes):
        """Holds have run out, and nothing has served the queue since."""
        self.traveller.shift(timedelta(minutes=minutes))
        self.ask(*asked)

    def ask(self, size, price, code=""):
        places = [Place(f"Personne {index}", price=self.prices[price]) for index in range(size)]
        person = {"name": "Alex", "email": f"{uuid4()}@example.org", "request_key": uuid4()}
        count = Booking.objects.count()
        try:
            self.event.register(**person, places=places, code=code)
        except REFUSALS:
            assert Booking.objects.count() == count

    @precondition(lambda self: Charge.objects.exists())
    @rule(which=numbers)
    def pay(self, which):
        """In time, late, or after all: the provider takes the money whenever people send it."""
        charges = list(Charge.objects.filter(payments=None).order_by("pk"))
        if charges:
            charge = charges[which % len(charges)]
            charge.record_payment(method="sandbox", amount=charge.amount, reference=str(charge.pk))

    @rule(which=numbers, is_one=st.booleans())
    def cancel(self, which, is_one):
        booking = self.pick(Booking.objects.live(), which)
        if booking:
            try:
                booking.cancel(booking.places[0] if is_one else None)
            except EventOver:
                assert self.event.has_begun

    @rule(which=numbers, takes_it=st.booleans())
    def answer(self, which, takes_it):
        booking = self.pick(Booking.objects.filter(state=STATE.OFFERED), which)
        if booking:
            try:
                booking.accept() if takes_it else booking.cancel()
            except (OfferGone, EventOver):
                assert not booking.holds_places or self.event.has_begun

    @rule(which=numbers)
    def hand_over(self, which):
        place = self.pick(Registration.objects.live(), which)
        if place:
            try:
                place.hand_over(name="Ami", email=f"{uuid4()}@example.org")
            except EventOver:
                assert self.event.has_begun

    @rule(capacity=st.integers(1, 8))
    def change_capacity(self, capacity):
        try:
            self.event.change_capacity(capacity)
        except CapacityTooLow as refusal:
            assert refusal.taken > capacity  # noqa: PT017 - a refusal is one of two right answers

    @rule()
    def tick(self):
        self.event.release_expired()

    @rule(minutes=st.sampled_from([5, 21, 60, 300, 600, 1440, 2900]))
    def time_passes(self, minutes):
        self.traveller.shift(timedelta(minutes=minutes))

    def pick(self, rows, which):
        rows = list(rows.order_by("pk"))
        return rows[which % len(rows)] if rows else None

    # What must hold. Counted here anew, row by row, and not by what is being tested.

    @property
    def holders(self):
        now = timezone.now()
        return [
            booking
            for booking in Booking.objects.order_by("queued_at", "pk").prefetch_related("registrations")
            if booking.state == STATE.CONFIRMED
            or (booking.state in {STATE.HELD, STATE.OFFERED} and booking.expires_at > now)
        ]

    @staticmethod
    def size(bookings):
        """Live places by price."""
        return Counter(
            place.price_id for one in bookings for place in one.registrations.all() if not place.cancelled_at
        )

    @invariant()
    def no_more_places_than_there_are(self):
        taken = self.size(self.holders)
        self.event.refresh_from_db()
        assert taken.total() <= self.event.capacity
        for price in self.prices:
            assert price.quota is None or taken[price.pk] <= price.quota
        uses = [
            place
            for booking in Booking.objects.filter(state__in=Booking.LIVE)
            for place in booking.registrations.filter(cancelled_at=None, promo_code=self.code)
        ]
        assert len(uses) <= 3

    def fits(self, taken, wanted):
        both = taken + wanted
        kept = {
            price.pk: price.quota
            for price in self.prices
            if price.kept_until and price.kept_until > timezone.now()
        }

        def promised(counts):
            return counts.total() + sum(max(quota - counts[price], 0) for price, quota in kept.items())

        has_quota = all(price.quota is None or both[price.pk] <= price.quota for price in self.prices)
        capacity = self.event.capacity
        is_kept_for_others = promised(both) > max(capacity, promised(taken))
        return both.total() <= capacity and has_quota and not is_kept_for_others

    def served(self, taken, queue):
        """Who of the queue would have places if it were served now, in its order."""
        taken, happy = taken.copy(), set()
        for booking in queue:
            if self.fits(taken, wanted := self.size([booking])):
                taken += wanted
                happy.add(booking.pk)
        return happy

    @invariant()
    def nobody_is_overtaken_by_somebody_who_fits_no_better(self):
        holders = self.holders
        waiting = list(
            Booking.objects.filter(state=STATE.WAITING)
            .order_by("queued_at", "pk")
            .prefetch_related("registrations")
        )
        new = [
            one for one in holders if self.before.get(one.pk) in {None, STATE.WAITING, STATE.EXPIRED, "late"}
        ]
        if self.event.is_queue_open:
            for index, one in enumerate(new):
                is_late_payer = self.before.get(one.pk) in {STATE.EXPIRED, "late"}
                earlier = [
                    w for w in waiting if is_late_payer or (w.queued_at, w.pk) < (one.queued_at, one.pk)
                ]
                after_it = {later.pk for later in new[index:]}
                taken = self.size(holder for holder in holders if holder.pk not in after_it)
                could = self.served(taken, earlier)
                assert could <= self.served(taken + self.size([one]), earlier)
        live = {one.pk for one in holders}
        self.before = {
            pk: "late" if state in Booking.UNTIL and pk not in live else state
            for pk, state in Booking.objects.values_list("pk", "state")
        }

    @invariant()
    def after_serving_the_queue_nobody_waits_who_would_fit(self):
        if not may_offer(timezone.now()) or not self.event.is_queue_open:
            return
        with transaction.atomic():
            self.event.release_expired()
            queue = Booking.objects.filter(state=STATE.WAITING).order_by("queued_at", "pk")
            assert self.served(self.size(self.holders), queue) == set()
            transaction.set_rollback(True)

    @invariant()
    def everybody_was_told_once(self):
        for booking in Booking.objects.exclude(state=STATE.CANCELLED):
            if booking.state in MAILS:
                key = f"events.{MAILS[booking.state]}.{booking.pk}"
                assert Email.objects.filter(key=key, to=booking.email).count() == 1
        keys = list(Email.objects.values_list("key", flat=True))
        assert len(keys) == len(set(keys))

    @invariant()
    def money_agrees_with_places(self):
        for booking in Booking.objects.select_related("charge"):
            if booking.state == STATE.HELD:
                assert (booking.charge.amount, booking.charge.is_payable) == (booking.amount, True)
            if booking.state == STATE.CONFIRMED and booking.amount:
                owed_back = sum(refund.amount for refund in booking.charge.refunds.all())
                assert booking.charge.paid_at is not None
                assert booking.charge.amount_received - owed_back == booking.amount
            if booking.state in {STATE.WAITING, STATE.OFFERED}:
                assert booking.charge is None
        received = Payment.objects.aggregate(n=Sum("amount"))["n"] or 0
        owed_back = Refund.objects.aggregate(n=Sum("amount"))["n"] or 0
        kept = sum(booking.amount for booking in Booking.objects.filter(state=STATE.CONFIRMED))
        assert received == owed_back + kept


def test_whatever_happens_places_queue_mails_and_money_stay_right():
    run_state_machine_as_test(
        Places,
        settings=settings(
            max_examples=8,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
