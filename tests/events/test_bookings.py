"""A booking after it was made: a party that shrinks, a place handed over, approval, money given back."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from events.models import (
    AccessNeed,
    EventFull,
    EventOver,
    OfferGone,
    Place,
    PriceRefused,
    Question,
    Registration,
)
from mailing.models import Email
from payments.models import Charge, Refund
from tests.events.test_event import STATE, states, subjects
from tests.factories import (
    create_event,
    create_member,
    create_membership,
    create_promo_code,
    create_staff,
    create_user,
    pay,
    register,
)

pytestmark = pytest.mark.django_db


def refunds():
    return [(refund.amount, refund.reason) for refund in Refund.objects.order_by("pk")]


# Giving places back


def test_one_of_three_cancels_and_the_others_stay():
    event = create_event(price=Decimal(20), capacity=3)
    booking = register(event, places=3)
    pay(booking)
    register(event)

    booking.cancel(booking.places[1])

    booking.refresh_from_db()
    assert (booking.state, len(booking.places)) == (STATE.CONFIRMED, 2)
    assert refunds() == [(Decimal(20), Refund.Reason.CANCELLED)]
    assert states(event) == [STATE.CONFIRMED, STATE.OFFERED]


def test_the_last_place_given_back_ends_the_booking():
    booking = register(create_event(), places=2)

    for place in booking.places:
        booking.cancel(place)

    booking.refresh_from_db()
    assert booking.state == STATE.CANCELLED


def test_a_place_given_back_twice_is_owed_once():
    booking = register(create_event(price=Decimal(20)), places=2)
    pay(booking)
    place = booking.places[0]

    booking.cancel(place)
    booking.cancel(place)

    assert refunds() == [(Decimal(20), Refund.Reason.CANCELLED)]


def test_a_place_given_back_before_paying_is_asked_for_no_more():
    booking = register(create_event(price=Decimal(20)), places=3)
    before = booking.charge

    booking.cancel(booking.places[0])

    booking.refresh_from_db()
    before.refresh_from_db()
    assert (booking.state, booking.charge.amount) == (STATE.HELD, Decimal(40))
    assert booking.charge.payable_until == booking.expires_at
    assert (before.cancelled_at is None, before.amount_due) == (False, 0)


def test_paying_what_was_asked_before_a_place_was_given_back_is_owed_back_whole():
    booking = register(create_event(price=Decimal(20)), places=2)
    before = booking.charge
    booking.cancel(booking.places[0])

    before.record_payment(method="sandbox", amount=before.amount, reference="tard")

    booking.refresh_from_db()
    assert booking.state == STATE.HELD
    assert refunds() == [(Decimal(40), Refund.Reason.CANCELLED)]


def test_when_only_a_free_place_is_left_there_is_nothing_to_pay():
    event = create_event(price=Decimal(20), member_price=Decimal(0))
    user = create_user()
    create_membership(create_member(user=user))
    booking = register(event, user.email, user=user, places=2)

    booking.cancel(booking.places[1])

    booking.refresh_from_db()
    assert booking.state == STATE.CONFIRMED


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({}, [20]),
        ({"cancellation_fee": Decimal(5)}, [15]),
        ({"cancellation_fee": Decimal(50)}, []),
        ({"refunds_until": timezone.now() + timedelta(days=5)}, [20]),
        ({"refunds_until": timezone.now() - timedelta(days=5)}, []),
    ],
)
def test_what_comes_back_is_the_policy_of_the_event(policy, expected):
    booking = register(create_event(price=Decimal(20), **policy))
    pay(booking)

    booking.cancel()

    assert [amount for amount, _reason in refunds()] == expected


def test_a_called_off_event_gives_everything_back_whatever_its_policy():
    event = create_event(price=Decimal(20), cancellation_fee=Decimal(5))
    booking = register(event, places=2)
    pay(booking)
    booking.cancel(booking.places[0])

    event.cancel()

    assert [amount for amount, _reason in refunds()] == [15, 25]


def test_an_invoice_stays_due_when_it_is_too_late_to_cancel():
    policy = {"allows_invoice": True, "refunds_until": timezone.now() - timedelta(days=1)}
    booking = register(create_event(price=Decimal(20), **policy), invoice_to="CHU")

    booking.cancel()

    assert Charge.objects.get().amount_due == Decimal(20)


def test_a_cancelled_paid_place_is_owed_back():
    booking = register(create_event(price=Decimal(20)))
    pay(booking)

    booking.cancel()

    assert Refund.objects.get().amount == Decimal(20)


def test_paying_a_cancelled_booking_owes_the_money_back_and_gives_no_place():
    booking = register(create_event(price=Decimal(20)))
    booking.cancel()

    pay(booking)

    booking.refresh_from_db()
    assert booking.state == STATE.CANCELLED
    assert Refund.objects.get().reason == Refund.Reason.CANCELLED


# Handing over


def test_a_place_handed_over_has_a_new_name_a_new_link_and_tells_both():
    event = create_event(title="Débat")
    booking = register(event, "zoe@example.org")
    place = booking.places[0]
    old = place.code

    place.hand_over(name="Ali", email="ALI@example.org")

    place.refresh_from_db()
    assert (place.name, place.email, place.code == old) == ("Ali", "ali@example.org", False)
    assert subjects("ali@example.org") == ["Une place vous est donnée\u00a0: Débat"]
    assert subjects("zoe@example.org")[-1] == "La place a changé de nom\u00a0: Débat"


def test_who_had_the_place_is_never_told_where_its_new_page_is():
    booking = register(
        create_event(), places=[Place("Zoé", "zoe@example.org"), Place("Ann", "ann@example.org")]
    )
    place = booking.places[1]

    place.hand_over(name="Ali", email="ali@example.org")

    place.refresh_from_db()
    sent = Email.objects.filter(to="ann@example.org").latest("pk")
    entries = str(sent.attachments)
    assert "STATUS:CANCELLED" in entries
    assert str(place.code) not in entries + sent.text + sent.html


def test_what_somebody_needs_or_answered_does_not_pass_to_who_takes_the_place():
    event = create_event()
    meal = Question.objects.create(event=event, label="Repas")
    place = register(
        event, places=[Place("Zoé", answers={meal: "Halal"}, access_need="Fauteuil roulant")]
    ).places[0]

    place.hand_over(name="Ali", email="ali@example.org")

    assert (AccessNeed.objects.count(), place.answers.count()) == (0, 0)


def test_a_place_at_a_personal_price_is_not_handed_over():
    event = create_event(price=Decimal(20), member_price=Decimal(0))
    user = create_user()
    create_membership(create_member(user=user))
    place = register(event, user.email, user=user).places[0]

    with pytest.raises(PriceRefused):
        place.hand_over(name="Ali", email="ali@example.org")

    assert Registration.objects.get().email == user.email


def test_a_place_given_back_or_begun_is_not_handed_over():
    event = create_event()
    gone, kept = register(event).places[0], register(event).places[0]
    gone.booking.cancel()

    with pytest.raises(OfferGone):
        gone.hand_over(name="Ali", email="ali@example.org")
    with time_machine.travel(event.starts_at), pytest.raises(EventOver):
        kept.hand_over(name="Ali", email="ali@example.org")


def test_five_people_may_share_one_address():
    booking = register(create_event(), "famille@example.org", places=5)

    assert (booking.state, {place.email for place in booking.places}) == (
        STATE.CONFIRMED,
        {"famille@example.org"},
    )
    assert len(subjects("famille@example.org")) == 1


# Answers and needs


def test_answers_are_kept_for_the_booking_and_for_each_person():
    event = create_event()
    meal = Question.objects.create(event=event, label="Repas")
    origin = Question.objects.create(event=event, label="Connu par", asked_of=Question.AskedOf.BOOKING)
    people = [Place("Zoé", answers={meal: "Oui"}), Place("Ali", answers={meal: ""})]

    booking = register(event, places=people, answers={origin: "Affiche"})

    kept = [
        (answer.text, answer.registration and answer.registration.name) for answer in booking.answers.all()
    ]
    assert sorted(kept, key=str) == [("Affiche", None), ("Oui", "Zoé")]


def test_a_need_goes_to_the_accessibility_contact_alone_and_its_answer_is_kept():
    event = create_event(accessibility_email="acces@example.org")
    register(event, "zoe@example.org", places=[Place("Zoé", access_need="Fauteuil roulant")])
    staff = create_staff()

    AccessNeed.objects.get().reply("Entrée par la cour, sans marche.", by=staff)

    need = AccessNeed.objects.get()
    carriers = Email.objects.filter(text__contains="Fauteuil roulant").values_list("to", flat=True)
    assert list(carriers) == ["acces@example.org"]
    assert (need.answered_by, need.answered_at is not None) == (staff, True)
    assert "Entrée par la cour" in Email.objects.filter(to="zoe@example.org").latest("pk").text


def test_a_code_and_an_answer_of_a_refused_booking_leave_nothing_behind():
    event = create_event(price=Decimal(20), capacity=1, has_waiting_list=False)
    create_promo_code(event, percent=50)
    register(event)

    with pytest.raises(EventFull):
        register(event, places=[Place("Zoé", access_need="Boucle magnétique")], code="BIENVENUE")

    assert (event.bookings.count(), AccessNeed.objects.count()) == (1, 0)
    assert Email.objects.filter(key__startswith="events.access").count() == 0
