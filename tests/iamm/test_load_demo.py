from datetime import date, timedelta
from decimal import Decimal
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db.models import Count, F, Q
from django.utils import timezone

from accounts.models import User
from events import reminders
from events.models import Booking, Event, Registration, Training
from events.tasks import release_expired_holds
from mailing.models import Email
from members import renewals
from members.models import Application, Member, Membership, Plan
from members.tasks import purge_abandoned
from payments.models import Charge, Payment, Refund
from tests.factories import create_member, create_partner

pytestmark = pytest.mark.django_db
EVENTS = 26  # each situation once, and chance


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
        list(Event.objects.order_by("slug").values_list("slug", "title", "starts_at", "capacity", "price")),
        list(Registration.objects.order_by("booking__token").values_list("booking__token", "email", "state")),
        list(Charge.objects.order_by("uuid").values_list("uuid", "email", "paid_at", "cancelled_at")),
        list(Payment.objects.order_by("method", "reference").values_list("reference", "amount", "valued_on")),
        list(User.objects.order_by("email").values_list("email", "password")),
    ]


def delete_everything():
    for model in (Registration, Booking, Refund, Application, Membership, Member, Event):
        model.objects.all().delete()
    for charge in Charge.objects.all():
        charge.payments.all()._raw_delete("default")
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
    assert Application.objects.waiting().exists()


def test_a_period_costs_the_price_of_its_plan_that_day(demo):
    for membership in Membership.objects.select_related("plan", "charge"):
        paid_on = timezone.localdate(membership.charge.created_at)
        assert membership.charge.amount == membership.plan.price_on(paid_on)
        assert membership.ends_on == membership.plan.last_day(membership.starts_on)


def test_a_charge_is_paid_exactly_when_payments_cover_it(demo):
    for charge in Charge.objects.with_amounts():
        received_once = sum(payment.amount for payment in charge.payments.all() if payment.amount > 0)
        assert received_once == (charge.owed if charge.paid_at else Decimal(0))
        settled = sum(refund.amount for refund in charge.refunds.all() if refund.payment_id)
        assert charge.received == received_once - settled


def test_events_never_hold_more_than_their_places(demo):
    for event in Event.objects.with_places().exclude(capacity=None):
        assert event.taken <= event.capacity
        assert event.in_queue == 0 or event.taken == event.capacity


def test_a_paid_place_is_confirmed_exactly_when_its_charge_is_paid(demo):
    priced = Registration.objects.filter(event__price__gt=0).exclude(
        booking__user__email="camille@example.org"
    )
    confirmed = priced.filter(state=Registration.State.CONFIRMED)
    unpaid = priced.filter(state__in=[Registration.State.HELD, Registration.State.EXPIRED])

    assert confirmed.exists()
    assert not confirmed.filter(booking__charge__paid_at=None).exists()
    assert not confirmed.exclude(booking__charge__lines__amount=F("event__price")).exists()
    assert unpaid.exists()
    assert not unpaid.exclude(booking__charge__paid_at=None).exists()
    assert not Registration.objects.filter(event__price=0, booking__charge__isnull=False).exists()


def test_events_are_in_every_situation(demo):
    states = {event.availability for event in Event.objects.with_places().exclude(status=Event.Status.DRAFT)}

    assert states == set(Event.Availability)
    assert set(Event.objects.values_list("format", flat=True)) == set(Event.Format.values)
    assert set(Event.objects.values_list("status", flat=True)) == set(Event.Status.values)
    assert set(Event.objects.values_list("kind", flat=True)) == set(Event.Kind.values)
    assert Event.objects.filter(partners=demo).exists()
    assert Training.objects.published().with_next_session().filter(next_session_at__isnull=False).exists()


def test_the_demo_member_has_a_place_a_rank_and_something_to_pay(demo):
    camille = User.objects.get(email="camille@example.org")
    mine = Registration.objects.filter(booking__user=camille, event__starts_at__gt=timezone.now())

    assert camille.member.is_current
    assert set(mine.values_list("state", flat=True)) == {"confirmed", "waiting", "held"}
    assert Charge.objects.visible_to(camille).unpaid().count() == 1


def test_rows_are_as_the_forms_and_the_admin_would_have_them(demo):
    for model in (Plan, Member, Membership, Application, Training, Event, Booking, Registration, Charge):
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
