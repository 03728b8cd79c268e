"""What a place costs is ours to compute: who may have which price, how many, until when, and what a code changes."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from events.models import CodeRefused, Event, EventFull, Place, Price, PriceRefused, TooManyPlaces
from tests.events.test_event import STATE, states
from tests.factories import (
    create_booking,
    create_college,
    create_event,
    create_member,
    create_membership,
    create_organisation,
    create_price,
    create_promo_code,
    create_training,
    create_user,
    register,
)

pytestmark = pytest.mark.django_db
WHY = PriceRefused.Why
CODE = CodeRefused.Why
FOR = Price.ForWhom


def create_adherent(**fields):
    """An account whose membership is up to date."""
    user = create_user()
    create_membership(create_member(user=user, **fields))
    return user


def refusal(event, *args, **options):
    with pytest.raises((PriceRefused, CodeRefused)) as refused:
        register(event, *args, **options)
    assert event.bookings.count() == event.bookings.live().count()
    return refused.value.why


def amounts(booking):
    return [place.amount for place in booking.places]


def test_an_event_without_a_price_is_free_for_everybody():
    booking = register(create_event())

    assert (booking.state, amounts(booking), booking.charge) == (STATE.CONFIRMED, [0], None)


def test_the_member_price_is_for_an_account_that_is_up_to_date():
    event = create_event(price=Decimal(20), member_price=Decimal(12))

    paid = [event.price_for(user).amount for user in (None, create_user(), create_adherent())]

    assert paid == [20, 20, 12]


def test_a_lapsed_member_pays_the_public_price():
    event = create_event(price=Decimal(20), member_price=Decimal(12))
    user, today = create_user(), timezone.localdate()
    ended = {"starts_on": today - timedelta(days=400), "ends_on": today - timedelta(days=1)}
    create_membership(create_member(user=user), **ended)

    assert event.price_for(user).amount == Decimal(20)


def test_a_member_does_not_lend_the_member_price_to_another_address():
    event = create_event(price=Decimal(20), member_price=Decimal(0))
    user = create_adherent()

    friend = register(event, "ami@example.org", user=user)
    own = register(event, user.email, user=user)

    assert (friend.charge.amount, own.state) == (Decimal(20), STATE.CONFIRMED)


def test_a_member_who_brings_two_friends_pays_one_member_price():
    event = create_event(price=Decimal(20), member_price=Decimal(12))
    user = create_adherent()

    booking = register(event, user.email, user=user, places=3)

    assert amounts(booking) == [12, 20, 20]


def test_the_member_price_cannot_be_had_twice_by_one_account():
    event = create_event(price=Decimal(20), member_price=Decimal(12))
    user, member = create_adherent(), event.prices.get(for_whom=FOR.MEMBERS)

    assert refusal(event, user.email, user=user, places=2, price=member) == WHY.NOT_FOR_YOU


def test_two_addresses_of_one_account_do_not_have_two_personal_prices():
    event = create_event(price=Decimal(20), member_price=Decimal(12))
    college = create_college("Chercheurs", "chercheurs")
    own = create_price(event, Decimal(5), for_whom=FOR.COLLEGE, college=college)
    user = create_adherent(college=college)
    user.emailaddress_set.create(email="autre@example.org", verified=True)
    register(event, user.email, user=user, price=own)

    member = event.prices.get(for_whom=FOR.MEMBERS)
    assert refusal(event, "autre@example.org", user=user, price=member) == WHY.NOT_FOR_YOU


@pytest.mark.parametrize("for_whom", [FOR.MEMBERS, FOR.COLLEGE, FOR.ORGANISATION])
def test_a_reserved_price_is_refused_to_a_stranger_who_asks_for_it(for_whom):
    event = create_event(price=Decimal(20))
    named = {
        FOR.COLLEGE: {"college": create_college()},
        FOR.ORGANISATION: {"organisation": create_organisation()},
    }
    reserved = create_price(event, for_whom=for_whom, **named.get(for_whom, {}))

    assert refusal(event, price=reserved) == WHY.NOT_FOR_YOU
    assert refusal(event, price=reserved, user=create_user()) == WHY.NOT_FOR_YOU


def test_a_college_price_is_for_its_members_only():
    event = create_event(price=Decimal(20))
    college = create_college("Chercheurs", "chercheurs")
    create_price(event, Decimal(5), for_whom=FOR.COLLEGE, college=college)
    inside, outside = create_adherent(college=college), create_adherent()

    assert [event.price_for(user).amount for user in (inside, outside)] == [5, 20]


def test_an_organisation_brings_as_many_of_its_people_as_its_price_has_places():
    event = create_event(price=Decimal(20))
    user, organisation = create_user(), create_organisation()
    organisation.user = user
    organisation.save()
    create_membership(organisation)
    price = create_price(event, Decimal(0), for_whom=FOR.ORGANISATION, organisation=organisation, quota=4)

    booking = register(event, user.email, user=user, places=4, price=price)

    assert (booking.state, amounts(booking)) == (STATE.CONFIRMED, [0, 0, 0, 0])
    assert refusal(event, "autre@example.org", user=user, price=price) == WHY.SOLD_OUT


def test_the_student_price_is_chosen_and_never_presumed():
    event = create_event(price=Decimal(20))
    students = create_price(event, Decimal(5), for_whom=FOR.STUDENTS)

    assert amounts(register(event)) == [20]
    assert amounts(register(event, price=students)) == [5]


def test_the_price_told_is_the_one_that_anybody_pays():
    event = create_event(price=Decimal(20), member_price=Decimal(12))
    create_price(event, Decimal(5), for_whom=FOR.STUDENTS)

    assert (event.price, event.member_price, event.is_price_a_start) == (20, 12, False)

    create_price(event, Decimal(15), name="Tôt")

    assert (event.price, event.is_price_a_start) == (15, True)


def test_a_price_of_another_event_is_unknown():
    event, other = create_event(price=Decimal(20)), create_event(price=Decimal(1))

    assert refusal(event, price=other.prices.get()) == WHY.UNKNOWN


@pytest.mark.parametrize("window", [{"opens_at": timedelta(days=1)}, {"closes_at": timedelta(days=-1)}])
def test_a_price_is_sold_in_its_window_only(window):
    event = create_event(price=Decimal(20))
    early = create_price(event, Decimal(10), **{name: timezone.now() + when for name, when in window.items()})

    assert refusal(event, price=early) == WHY.NOT_ON_SALE
    assert amounts(register(event)) == [20]


def test_without_a_price_on_sale_registration_is_closed():
    event = create_event()
    create_price(event, Decimal(10), closes_at=timezone.now() - timedelta(days=1))

    assert event.availability == Event.Availability.CLOSED


def test_a_chosen_amount_has_a_minimum_and_is_otherwise_the_persons_own():
    event = create_event()
    free = create_price(event, Decimal(5), is_chosen=True)

    generous = register(event, places=[Place("Zoé", price=free, amount=Decimal("12.50"))])
    least = register(event, places=[Place("Ali", price=free)])

    assert (amounts(generous), amounts(least)) == ([Decimal("12.50")], [Decimal(5)])
    assert refusal(event, places=[Place("Léa", price=free, amount=Decimal("4.99"))]) == WHY.TOO_LITTLE


def test_an_amount_sent_for_a_fixed_price_is_not_looked_at():
    event = create_event(price=Decimal(20))

    booking = register(event, places=[Place("Zoé", price=event.prices.get(), amount=Decimal("0.01"))])

    assert booking.charge.amount == Decimal(20)


def test_a_sold_out_price_leaves_the_others():
    event = create_event(price=Decimal(20), capacity=10)
    early = create_price(event, Decimal(10), quota=2)
    register(event, places=2, price=early)

    assert refusal(event, price=early) == WHY.SOLD_OUT
    assert states(event) == [STATE.HELD]
    assert register(event, price=event.prices.get(amount=20)).state == STATE.HELD


def test_when_every_price_is_sold_out_one_waits():
    event = create_event(capacity=10)
    only = create_price(event, Decimal(0), quota=2)
    register(event, places=2, price=only)

    assert event.availability == Event.Availability.QUEUE
    assert register(event).state == STATE.WAITING


def test_kept_places_are_for_whom_they_are_kept_until_they_return_to_the_public():
    event = create_event(capacity=5)
    create_price(event, name="Public")
    kept = create_price(
        event,
        for_whom=FOR.ORGANISATION,
        organisation=create_organisation(),
        quota=3,
        kept_until=timezone.now() + timedelta(days=7),
    )
    register(event, places=2)

    assert event.places_left == 0
    assert register(event).state == STATE.WAITING

    Price.objects.filter(pk=kept.pk).update(kept_until=timezone.now() - timedelta(minutes=1))
    event.serve_queue()

    assert states(event) == [STATE.CONFIRMED, STATE.OFFERED]


def test_kept_places_are_taken_with_the_code_that_opens_their_price():
    event = create_event(capacity=5)
    create_price(event, name="Public")
    until = timezone.now() + timedelta(days=7)
    organisation = create_organisation()
    kept = create_price(
        event, for_whom=FOR.ORGANISATION, organisation=organisation, quota=3, kept_until=until
    )
    create_promo_code(event, "CHU2026", price=kept)
    register(event, places=2)

    booking = register(event, places=3, price=kept, code="chu 2026")

    assert booking.state == STATE.CONFIRMED
    assert event.places_taken == 5


# Parties, invoices, the database


def test_a_party_is_charged_a_line_a_place():
    event = create_event(title="Débat", price=Decimal(20))

    booking = register(event, name="Zoé", places=2)

    lines = [(line.label, line.amount) for line in booking.charge.lines.all()]
    assert lines == [("Débat – Zoé (Plein tarif)", 20), ("Débat – Zoé 1 (Plein tarif)", 20)]


@pytest.mark.parametrize("places", [4, 50])
def test_a_party_larger_than_the_event_allows_is_refused(places):
    with pytest.raises(TooManyPlaces):
        register(create_event(max_places=3), places=places)


def test_a_party_larger_than_the_event_is_refused_even_a_place_in_the_queue():
    with pytest.raises(EventFull):
        register(create_event(capacity=2), places=3)


def test_a_party_larger_than_its_quota_does_not_wait_for_ever():
    event = create_event(capacity=10)
    small = create_price(event, quota=2)
    register(event, places=2, price=small)

    with pytest.raises(EventFull):
        register(event, places=3, price=small)


def test_an_organisation_may_pay_later_where_the_event_allows_it():
    allowed, refused = (create_event(price=Decimal(20), allows_invoice=yes) for yes in (True, False))

    later = register(allowed, invoice_to="CHU, Montpellier")
    now = register(refused, invoice_to="CHU, Montpellier")

    assert (later.state, later.charge.amount_due, later.charge.payable_until) == (STATE.CONFIRMED, 20, None)
    assert (now.state, now.invoice_to) == (STATE.HELD, "")


def test_a_session_is_charged_as_training():
    event = create_event(kind=Event.Kind.TRAINING, training=create_training(), price=Decimal(300))

    booking = register(event)

    assert [line.nature for line in booking.charge.lines.all()] == ["training"]


@pytest.mark.parametrize(
    "fields",
    [
        {"amount": Decimal(-1)},
        {"for_whom": FOR.COLLEGE},
        {"for_whom": FOR.ORGANISATION},
        {"kept_until": timezone.now()},
    ],
)
def test_the_database_refuses_an_impossible_price(fields):
    event = create_event()

    with pytest.raises(IntegrityError), transaction.atomic():
        create_price(event, **fields)


def test_places_already_taken_at_a_price_count_in_lists_as_alone(django_assert_num_queries):
    event = create_event(capacity=9)
    price = create_price(event, quota=4)
    create_booking(event, places=3, price=price)
    create_booking(event, STATE.CANCELLED, places=3, price=price)

    [listed] = Event.objects.with_places()

    with django_assert_num_queries(0):
        assert (listed.places_taken, listed.places_left, listed.price) == (3, 1, 0)
    assert Event.objects.get().places_left == 1
