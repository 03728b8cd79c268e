"""What the demonstration holds: every situation, and nothing that the verbs would not have written."""

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from django.db.models import Count, F, Q, Sum
from django.test import override_settings
from django.utils import timezone

from accounts.models import User
from events import reminders
from events.models import (
    AccessNeed,
    Answer,
    Booking,
    Event,
    Feedback,
    Price,
    PromoCode,
    Question,
    Registration,
    ReminderRule,
    Resource,
    Slot,
    Speaker,
    Training,
)
from events.tasks import release_expired_holds
from mailing.models import Email
from members import renewals
from members.models import Application, DirectoryEntry, Kind, Mandate, Member, Membership, Plan
from members.tasks import purge_abandoned
from payments.models import Charge
from tests.factories import create_partner
from tests.iamm.test_load_demo import load_demo

pytestmark = pytest.mark.django_db
CLEAN = [Plan, Member, Membership, Application, Training, Event, Price, PromoCode, Question]
CLEAN += [Booking, Registration, Answer, AccessNeed, Speaker, Slot, Resource, ReminderRule, Feedback, Charge]


@pytest.fixture(scope="module")
def demo(rows_of_module):
    with override_settings(DEBUG=True):
        partner = create_partner()
        load_demo(members=80, events=40)
    return partner


def test_every_address_is_a_demo_one(demo):
    addresses = [
        model.objects.exclude(email__endswith="@example.org").count()
        for model in (User, Member, Application, Booking, Registration, Charge)
    ]

    assert addresses == [0] * 6


def test_periods_of_a_member_never_overlap(demo):
    twins = Q(
        member__memberships__starts_on__lte=F("ends_on"), member__memberships__ends_on__gte=F("starts_on")
    )

    overlapping = Membership.objects.filter(twins).exclude(member__memberships=F("pk"))

    assert not overlapping.exists()


def test_members_are_in_every_situation(demo):
    today = timezone.localdate()
    periods = Member.objects.annotate(periods=Count("memberships"))

    assert periods.filter(periods__gt=1).exists()
    assert Member.objects.current(on=today).exists()
    assert Membership.objects.effective().filter(starts_on__gt=today).exists()
    assert Member.objects.with_end().filter(last_day__lt=today - timedelta(days=45)).exists()
    assert Member.objects.with_end().filter(last_day__range=(today, today + timedelta(days=30))).exists()
    assert Application.objects.to_pay().exists()


def test_the_directory_is_alive_and_the_demo_member_is_in_it(demo):
    shown = DirectoryEntry.objects.shown(on=timezone.localdate())
    share = shown.count() / Member.objects.current(on=timezone.localdate()).count()

    assert 0.1 < share < 0.6
    assert shown.filter(member__email="camille@example.org").count() == 1
    assert shown.filter(skills=None).count() == 0


def test_each_organisation_has_one_vote_and_no_more_people_than_seats(demo):
    organisations = Member.objects.filter(kind=Kind.ORGANISATION, mandates__isnull=False).distinct()
    live = Mandate.objects.live(on=timezone.localdate())

    assert organisations.exists()
    for organisation in organisations:
        assert live.filter(organisation=organisation, is_voting=True, role="titular").count() == 1
        assert organisation.seats_left >= 0
    assert live.filter(user__email="camille@example.org").count() == 1


def test_a_period_costs_the_price_of_its_plan_that_day(demo):
    for membership in Membership.objects.select_related("plan", "charge"):
        paid_on = timezone.localdate(membership.charge.created_at)
        assert membership.charge.amount == membership.plan.price_on(paid_on).amount
        assert membership.ends_on == membership.plan.last_day(membership.starts_on)


def test_a_charge_is_paid_exactly_when_payments_cover_it(demo):
    owned = Q(membership__isnull=False) | Q(booking__isnull=False)
    for charge in Charge.objects.with_amounts().filter(owned):
        received_once = sum(payment.amount for payment in charge.payments.all() if payment.amount > 0)
        assert received_once == (charge.asked if charge.paid_at else Decimal(0))
        settled = sum(refund.amount for refund in charge.refunds.all() if refund.payment_id)
        assert charge.received == received_once - settled
        owed_back = sum(refund.amount for refund in charge.refunds.all())
        assert charge.paid_at is None or charge.owed == charge.asked - owed_back


def test_events_never_hold_more_than_their_places(demo):
    for event in Event.objects.with_places().exclude(capacity=None):
        assert event.room().committed() <= event.capacity
        assert event.in_queue == 0 or event.taken == event.capacity


def test_a_price_never_has_more_places_than_its_quota_nor_a_code_more_uses(demo):
    prices = Price.objects.with_places().exclude(quota=None)
    codes = PromoCode.objects.exclude(max_uses=None)

    assert all(price.taken <= price.quota for price in prices)
    assert any(price.is_sold_out for price in prices)
    assert all(code.uses <= code.max_uses for code in codes)
    assert any(code.uses == code.max_uses for code in codes)


def test_a_paid_place_is_confirmed_exactly_when_its_charge_is_paid(demo):
    priced = Booking.objects.filter(charge__isnull=False)
    confirmed = priced.filter(state=Booking.State.CONFIRMED)
    unpaid = priced.filter(state__in=[Booking.State.HELD, Booking.State.EXPIRED])

    assert confirmed.exists()
    assert not confirmed.filter(charge__paid_at=None, invoice_to="").exists()
    assert unpaid.exists()
    assert not unpaid.exclude(charge__paid_at=None).exists()
    for state in (Booking.State.CONFIRMED, Booking.State.HELD):
        owing = Booking.objects.filter(state=state, registrations__amount__gt=0)
        assert not owing.filter(charge=None).exists()


def test_a_sum_due_has_a_line_for_each_place_and_gives_back_what_was_given_back(demo):
    for booking in Booking.objects.filter(charge__isnull=False).select_related("event", "charge"):
        places, lines = booking.registrations.all(), booking.charge.lines.all()
        given_back = [place.amount for place in places if place.cancelled_at]
        fee = booking.event.cancellation_fee
        back = booking.charge.refunds.aggregate(total=Sum("amount"))["total"] or 0

        assert sorted(line.amount for line in lines) == sorted(
            place.amount for place in places if place.amount
        )
        if booking.event.status != Event.Status.CANCELLED:
            assert back == sum(max(amount - fee, 0) for amount in given_back)


def test_a_place_costs_what_its_price_and_its_code_say(demo):
    for place in Registration.objects.select_related("price", "promo_code"):
        chosen = place.amount if place.price and place.price.is_chosen else None
        assert place.amount == (place.price.amount_for(chosen, place.promo_code) if place.price else 0)


def test_a_personal_price_is_had_once_by_an_account_that_is_up_to_date(demo):
    mine = Registration.objects.live().filter(price__for_whom__in=Price.PERSONAL)

    assert mine.exists()
    for place in mine.select_related("booking__user", "price"):
        assert place.email in place.booking.user.verified_emails
        assert place.price.is_for(place.booking.user)
    assert mine.values("booking__user", "price").distinct().count() == mine.count()


def test_events_are_in_every_situation(demo):
    states = {event.availability for event in Event.objects.with_places().exclude(status=Event.Status.DRAFT)}

    assert states == set(Event.Availability)
    assert set(Event.objects.values_list("format", flat=True)) == set(Event.Format.values)
    assert set(Event.objects.values_list("status", flat=True)) == set(Event.Status.values)
    assert set(Event.objects.values_list("kind", flat=True)) == set(Event.Kind.values)
    assert Event.objects.filter(partners=demo).exists()
    assert Training.objects.published().with_next_session().filter(next_session_at__isnull=False).exists()


def test_events_have_every_kind_of_terms(demo):
    ahead = Event.objects.upcoming()
    prices = Price.objects.filter(event__in=ahead)

    assert ahead.annotate(n=Count("prices")).filter(n__gte=3).exists()
    assert set(prices.values_list("for_whom", flat=True)) == set(Price.ForWhom.values)
    assert prices.filter(is_chosen=True).exists()
    assert prices.filter(quota__gt=0, for_whom=Price.ForWhom.PUBLIC).exists()
    assert any(price.is_kept and 0 < price.places_kept < price.quota for price in prices)
    assert ahead.filter(promo_codes__isnull=False).exists()
    assert ahead.annotate(n=Count("audiences")).filter(n__gte=2).exists()
    assert ahead.filter(needs_approval=True).exists()
    assert ahead.filter(is_members_only=True, bookings__state=Booking.State.CONFIRMED).exists()
    assert ahead.filter(questions__isnull=False).exists()


def test_events_have_speakers_and_a_programme_and_past_ones_leave_something(demo):
    shown = Event.objects.exclude(status=Event.Status.DRAFT)
    past = shown.filter(ends_at__lt=timezone.now(), status=Event.Status.PUBLISHED)

    assert not shown.filter(appearances=None).exists()
    assert not shown.filter(slots=None).exists()
    assert not past.filter(resources=None).exists()
    assert set(Resource.objects.values_list("is_public", flat=True)) == {True, False}
    assert not Resource.objects.exclude(event__in=past).exists()
    for event in shown:
        slots = list(event.slots.all())
        assert (slots[0].starts_at, slots[-1].ends_at) == (event.starts_at, event.ends_at)
        assert all(one.ends_at <= other.starts_at for one, other in pairwise(slots))


def test_bookings_are_in_every_situation(demo):
    live = Booking.objects.filter(event__starts_at__gt=timezone.now())
    sized = live.annotate(n=Count("registrations", filter=Q(registrations__cancelled_at=None)))

    assert set(live.values_list("state", flat=True)) == set(Booking.State.values)
    assert {1, 2, 3} <= set(sized.filter(state=Booking.State.CONFIRMED).values_list("n", flat=True))
    assert sized.filter(state=Booking.State.WAITING, n__gte=2).exists()
    assert live.exclude(invoice_to="").filter(state=Booking.State.CONFIRMED, charge__paid_at=None).exists()
    assert live.filter(
        state=Booking.State.CONFIRMED, registrations__cancelled_at__isnull=False, charge__isnull=False
    ).exists()
    assert AccessNeed.objects.open().exists()
    assert AccessNeed.objects.exclude(answered_at=None).exists()
    assert Answer.objects.filter(registration=None).exists()
    assert Answer.objects.exclude(registration=None).exists()


def test_a_required_question_is_answered_by_each_who_is_asked(demo):
    for question in Question.objects.filter(is_required=True):
        bookings = question.event.bookings.all()
        asked = bookings
        if question.asked_of == Question.AskedOf.ATTENDEE:
            asked = Registration.objects.filter(booking__in=bookings)
        assert question.answers.count() == asked.count()


def test_the_demo_member_has_something_of_each(demo):
    camille = User.objects.get(email="camille@example.org")
    mine = Booking.objects.filter(user=camille, event__starts_at__gt=timezone.now())

    assert camille.member.is_current
    assert set(mine.values_list("state", flat=True)) == set(Booking.LIVE)
    assert any(len(booking.places) == 3 for booking in mine)
    assert Charge.objects.visible_to(camille).unpaid().count() == 1


def test_rows_are_as_the_forms_and_the_admin_would_have_them(demo):
    for model in CLEAN:
        for row in model.objects.order_by("pk")[:40]:
            row.full_clean()


def test_the_load_sends_nothing_and_the_first_run_of_the_schedule_little(demo):
    before = Email.objects.count()
    assert set(Email.objects.values_list("state", flat=True)) <= {Email.State.SENT}

    release_expired_holds()
    purge_abandoned()
    assert Email.objects.count() == before
    reminders.send_reminders(now=timezone.now())
    renewals.send_reminders(on=timezone.localdate())
    assert 0 < Email.objects.count() - before <= 80
