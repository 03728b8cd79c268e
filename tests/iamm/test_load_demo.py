from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from itertools import pairwise

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db.models import Count, F, Q, Sum
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
from members.models import Application, Consent, DirectoryEntry, Kind, Mandate, Member, Membership, Plan
from members.tasks import purge_abandoned
from payments.models import Charge, Payment, Refund
from tests.factories import create_member, create_partner

pytestmark = pytest.mark.django_db
CLEAN = [Plan, Member, Membership, Application, Training, Event, Price, PromoCode, Question]
CLEAN += [Booking, Registration, Answer, AccessNeed, Speaker, Slot, Resource, ReminderRule, Feedback, Charge]
EVENTS = 34  # each situation once, and chance


def load_demo(*, members=30, events=EVENTS, seed=1, **options):
    out = StringIO()
    options = {"yes_this_is_demo_data": False, "force": False} | options
    call_command(
        "load_demo", members=members, events=events, seed=seed, stdout=out, stderr=StringIO(), **options
    )
    return out.getvalue()


def snapshot():
    """Every row without the keys the database gives, which differ from one load to the next."""
    return [
        list(
            Member.objects.order_by("email").values_list("email", "first_name", "organisation", "joined_on")
        ),
        list(Membership.objects.order_by("member__email", "starts_on").values_list("starts_on", "ends_on")),
        list(Event.objects.order_by("slug").values_list("slug", "title", "starts_at", "capacity")),
        list(Event.objects.order_by("slug", "audiences__slug").values_list("slug", "audiences__slug")),
        list(Price.objects.order_by("event__slug", "position").values_list("event__slug", "name", "amount")),
        list(PromoCode.objects.order_by("event__slug", "code").values_list("code", "max_uses")),
        list(Booking.objects.order_by("token").values_list("token", "email", "state", "expires_at")),
        list(Registration.objects.order_by("code").values_list("code", "booking__token", "email", "amount")),
        list(Answer.objects.order_by("booking__token", "pk").values_list("booking__token", "text")),
        list(Slot.objects.order_by("event__slug", "starts_at").values_list("title", "speakers__name")),
        list(Resource.objects.order_by("url").values_list("url", "is_public")),
        list(AccessNeed.objects.order_by("registration__code").values_list("text", "answer")),
        list(Charge.objects.order_by("uuid").values_list("uuid", "email", "paid_at", "cancelled_at")),
        list(Payment.objects.order_by("method", "reference").values_list("reference", "amount", "valued_on")),
        list(User.objects.order_by("email").values_list("email", "password")),
        list(DirectoryEntry.objects.order_by("member__email", "skills").values_list("headline", "skills")),
    ]


def delete_everything():
    protected = (
        Answer,
        Registration,
        Booking,
        Refund,
        Application,
        Membership,
        Consent,
        Mandate,
        Event,
        Member,
    )
    for model in protected:
        model.objects.all().delete()
    for charge in Charge.objects.all():
        charge.payments.all()._raw_delete("default")
        charge.adjustments.all()._raw_delete("default")
        charge.lines.all()._raw_delete("default")
    Charge.objects.all().delete()
    User.objects.all().delete()


def test_the_same_seed_gives_the_same_rows(settings):
    settings.DEBUG = True
    create_partner()

    load_demo()
    first = snapshot()
    delete_everything()
    load_demo()

    assert snapshot() == first


def test_another_seed_gives_other_rows(settings):
    settings.DEBUG = True

    load_demo(seed=1)
    first = snapshot()
    delete_everything()
    load_demo(seed=2)

    assert snapshot() != first


def test_there_are_as_many_rows_as_asked(settings):
    settings.DEBUG = True

    load_demo(members=12, events=5)

    assert (Member.objects.count(), Event.objects.count()) == (12, 5)


def test_a_second_run_adds_nothing(settings):
    settings.DEBUG = True
    load_demo()
    before = snapshot()

    said = load_demo()

    assert said == "Ces données de démonstration sont déjà chargées : rien à faire.\n"
    assert snapshot() == before


def test_another_load_beside_the_first_is_refused(settings):
    settings.DEBUG = True
    load_demo()

    with pytest.raises(CommandError, match="repartez d’une base vide"):
        load_demo(seed=2)


def test_real_members_are_left_alone_unless_forced(settings):
    settings.DEBUG = True
    create_member(email="quelquun@example.com")

    with pytest.raises(CommandError, match="vrais adhérents"):
        load_demo(members=5, events=0)
    load_demo(members=5, events=0, force=True)

    assert Member.objects.count() == 6


def test_outside_debug_it_must_be_meant_and_passwords_are_secret(settings):
    settings.DEBUG = False

    with pytest.raises(CommandError, match="--yes-this-is-demo-data"):
        load_demo(members=5, events=0)
    said = load_demo(members=5, events=0, yes_this_is_demo_data=True)

    assert "demonstration-admin" not in said
    assert not User.objects.get(email="admin@example.org").check_password("demonstration-admin")


def test_the_printed_logins_open_the_accounts(settings, client):
    settings.DEBUG = True

    said = load_demo(members=5, events=0)

    for email, password in [
        ("admin@example.org", "demonstration-admin"),
        ("camille@example.org", "demonstration-camille"),
    ]:
        assert f"{email}  mot de passe : {password}" in said
        assert client.login(email=email, password=password)
    assert User.objects.get(is_superuser=True).email == "admin@example.org"


@pytest.fixture
def demo(settings):
    settings.DEBUG = True
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
    for charge in Charge.objects.with_amounts():
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
    assert Email.objects.count() == 0

    release_expired_holds()
    purge_abandoned()
    assert Email.objects.count() == 0
    reminders.send_reminders(now=timezone.now())
    renewals.send_reminders(on=timezone.localdate())
    assert 0 < Email.objects.count() <= 80


@pytest.mark.parametrize("day", [date(2028, 2, 29), date(2027, 10, 31), date(2027, 1, 1), date(2027, 8, 31)])
def test_it_loads_on_odd_days(settings, day):
    settings.DEBUG = True

    with time_machine.travel(f"{day}T10:00:00+01:00", tick=False):
        load_demo()

        states = {event.availability for event in Event.objects.with_places()}
        assert {Event.Availability.OVER, Event.Availability.QUEUE} <= states
        renewals.send_reminders(on=timezone.localdate())
        assert Email.objects.count() <= 15
