"""The page that says what becomes of an event."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from events.life import Life
from events.models import AccessNeed, Answer, Booking, Feedback, Place, Question, Registration
from events.plots import Curve, bar
from tests.admin import search
from tests.events.test_admin import BOOKINGS, REGISTRATIONS, STATE
from tests.events.test_admin import page_of as change_page_of
from tests.factories import (
    create_booking,
    create_event,
    create_price,
    create_promo_code,
    create_staff,
    create_user,
    pay,
    register,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client):
    client.force_login(create_staff())
    return client


def page_of(event):
    return reverse("admin:events_event_life", args=[event.pk])


def create_full_event(bookings=1):
    """One booking of each state for each of `bookings`, with answers and needs."""
    event = create_event(capacity=20 * bookings)
    price = create_price(event, 20, name="Plein", quota=12 * bookings)
    question = event.questions.create(label="Repas", kind=Question.Kind.CHOICE, choices="Poisson\nLégumes")
    for _ in range(bookings):
        for state in STATE:
            booking = create_booking(event, state, places=2, price=price)
            if state == STATE.CONFIRMED:
                Booking.objects.filter(pk=booking.pk).update(confirmed_at=timezone.now())
            place = booking.registrations.first()
            Answer.objects.create(question=question, booking=booking, registration=place, text="Légumes")
            AccessNeed.objects.create(registration=place, text="Fauteuil roulant")
    return event


# The page


def test_an_event_nobody_booked_has_a_page_with_words(staff):
    page = staff.get(page_of(create_event())).text

    assert "Aucune réservation pour le moment." in page
    assert "Aucune place confirmée pour le moment." in page
    assert "Personne n’attend." in page
    assert "Personne n’a indiqué de besoin." in page


def test_the_page_counts_the_states_and_never_says_a_need(staff):
    event = create_full_event()

    page = staff.get(page_of(event)).text

    assert "<strong>6</strong> places prises sur 20" in page
    assert (
        '<desc id="bar-text">confirmée\u00a0: 2, à payer\u00a0: 2, place proposée\u00a0: 2, libre\u00a0: 14</desc>'
        in page
    )
    assert "5 personnes ont indiqué un besoin." in page
    assert "Fauteuil" not in page


def test_the_page_costs_the_same_for_few_and_for_many(staff):
    few, many = create_full_event(), create_full_event(bookings=12)
    staff.get(page_of(few))
    with CaptureQueriesContext(connection) as one:
        staff.get(page_of(few))

    with CaptureQueriesContext(connection) as twelve:
        staff.get(page_of(many))

    assert len(twelve) == len(one)


def test_the_page_has_no_style_and_no_script_of_its_own(staff):
    page = staff.get(page_of(create_full_event())).text

    assert "style=" not in page.split('id="content-main"')[1].split('id="footer"')[0]


def test_each_number_leads_to_just_these_rows(staff):
    event = create_full_event()
    create_full_event()
    price = event.prices.get()

    for row in Life(event).states:
        assert len(search(staff, BOOKINGS, event=event.pk, state__exact=row.state.value)) == row.bookings
    taken = search(staff, REGISTRATIONS, price__id__exact=price.pk, place="taken")
    waiting = search(staff, REGISTRATIONS, price__id__exact=price.pk, place="waiting")
    (life_price,) = Life(event).prices
    assert (len(taken), len(waiting)) == (life_price.places_taken, life_price.in_queue) == (6, 2)


def test_the_form_of_an_event_leads_to_its_life(staff):
    event = create_event()

    assert f'href="{page_of(event)}"' in staff.get(change_page_of(event)).text


@pytest.mark.parametrize(
    ("rights", "status"),
    [(["view_event", "view_booking"], 200), (["view_event"], 403), (["view_booking"], 403), ([], 403)],
)
def test_the_page_asks_for_the_rights_to_see_events_and_bookings(client, rights, status):
    user = create_user(is_staff=True, second_factor=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=rights))
    client.force_login(user)

    assert client.get(page_of(create_event())).status_code == status


def test_who_has_no_right_to_money_needs_and_messages_sees_no_way_to_them(client):
    user = create_user(is_staff=True, second_factor=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=["view_event", "view_booking"]))
    client.force_login(user)

    page = client.get(page_of(create_full_event())).text

    assert "Reste à régler" not in page
    assert reverse("admin:events_accessneed_changelist") not in page
    assert "ecrire" not in page


# What it counts


def test_places_given_back_alone_are_not_counted():
    event = create_event()
    booking = register(event, places=3)
    booking.cancel(booking.registrations.last())

    life = Life(event)

    assert [(row.state, row.bookings, row.places) for row in life.states] == [(STATE.CONFIRMED, 1, 2)]
    assert life.taken == {STATE.CONFIRMED: 2}


def test_codes_count_the_places_that_use_them():
    event = create_event(price=20)
    create_promo_code(event, percent=50)
    register(event, places=2, code="bienvenue")
    register(event, code="bienvenue").cancel()

    (code,) = Life(event).codes

    assert code.used == 2


def test_kept_places_are_shown_apart():
    event = create_event(capacity=10)
    create_price(event, quota=4, kept_until=timezone.now() + timedelta(days=1))

    assert Life(event).kept == 4


def test_money_is_what_came_in_what_is_awaited_and_what_goes_back():
    event = create_event(price=20, cancellation_fee=5)
    paid, _due = register(event), register(event, places=2)
    pay(paid)
    register(create_event(price=20))
    paid.cancel()

    assert Life(event).money == (Decimal(20), Decimal(40), Decimal(15))


def test_money_awaited_is_what_is_missing_to_the_cent_once_less_is_asked_or_some_is_promised_back():
    event = create_event(price=Decimal("20.10"), allows_invoice=True)
    part, less, _whole = (register(event, invoice_to="CHU") for _ in range(3))
    part.charge.record_payment(method="cheque", amount=Decimal("10.10"), reference="1")
    part.charge.owe_refund(Decimal("5.20"), reason="gesture")
    less.charge.reduce(Decimal("0.30"), reason="geste")

    asked = part.charge.amount_due, less.charge.amount_due, Decimal("20.10")
    assert asked == (10, Decimal("19.80"), Decimal("20.10"))
    assert Life(event).money == (Decimal("10.10"), Decimal("49.90"), Decimal("5.20"))


def test_the_queue_is_in_its_order_with_the_size_of_each_party():
    event = create_event(capacity=2)
    register(event, places=2)
    register(event, name="Ana", places=2)
    register(event, name="Bo")

    assert [(booking.name, booking.kept) for booking in Life(event).waiting] == [("Ana", 2), ("Bo", 1)]


# The curve


def confirm_on(event, day, *, places=1, cancelled=None):
    at = timezone.make_aware(timezone.datetime.combine(day, timezone.datetime.min.time()))
    booking = create_booking(event, places=places)
    Booking.objects.filter(pk=booking.pk).update(confirmed_at=at)
    if cancelled:
        gone = timezone.make_aware(timezone.datetime.combine(cancelled, timezone.datetime.min.time()))
        Registration.objects.filter(booking=booking).update(cancelled_at=gone)


def test_days_add_what_came_and_take_off_what_left():
    event = create_event()
    confirm_on(event, date(2026, 11, 1), places=2)
    confirm_on(event, date(2026, 11, 3), cancelled=date(2026, 11, 5))
    confirm_on(event, date(2026, 11, 3))

    assert Life(event).days == [
        (date(2026, 11, 1), 2),
        (date(2026, 11, 3), 4),
        (date(2026, 11, 5), 3),
    ]


def test_a_day_ends_at_midnight_in_paris():
    event = create_event()
    booking = create_booking(event)
    late = timezone.datetime.fromisoformat("2026-11-01T23:30:00+00:00")
    Booking.objects.filter(pk=booking.pk).update(confirmed_at=late)

    assert [row.day for row in Life(event).days] == [date(2026, 11, 2)]


def test_the_curve_climbs_by_steps_under_its_limit():
    days = [(date(2026, 11, 2), 5), (date(2026, 11, 4), 8)]

    curve = Curve.of(days, last=date(2026, 11, 5), limit=10)

    assert (curve.first, curve.last, curve.top) == (date(2026, 11, 1), date(2026, 11, 5), 10)
    assert curve.path == "M0 200.00H150.00V100.00H450.00V40.00H600"
    assert curve.limit_y == "0.00"


def test_a_curve_without_limit_ends_at_its_own_top():
    curve = Curve.of([(date(2026, 11, 2), 3)], last=date(2026, 11, 2), limit=None)

    assert (curve.top, curve.limit_y) == (3, "")
    assert Curve.of([], last=date(2026, 11, 2), limit=4) is None


def test_the_curve_of_a_past_event_ends_with_it():
    event = create_event(starts_at=timezone.datetime.fromisoformat("2026-10-01T18:00:00+02:00"))

    with time_machine.travel("2026-11-01 12:00 +01:00"):
        assert Life(event).last_day == date(2026, 10, 1)


def test_a_bar_is_cut_in_percent_and_leaves_out_what_is_empty():
    parts = bar([("confirmed", "confirmée", 3), ("held", "à payer", 0), ("free", "libre", 1)])

    assert [(part.name, part.start, part.length) for part in parts] == [
        ("confirmed", "0.000%", "75.000%"),
        ("free", "75.000%", "25.000%"),
    ]
    assert bar([("free", "libre", 0)]) == []


# Answers


@pytest.mark.parametrize(
    ("kind", "texts", "expected"),
    [
        (Question.Kind.CHOICE, ["a", "a", "b"], [("a", 2, 67), ("b", 1, 33), ("c", 0, 0)]),
        (Question.Kind.SEVERAL, ["a\nb", "b"], [("a", 1, 50), ("b", 2, 100), ("c", 0, 0)]),
        (Question.Kind.YES_NO, ["oui", "non", "oui"], [("oui", 2, 67), ("non", 1, 33)]),
        (Question.Kind.CHOICE, ["d"], [("a", 0, 0), ("b", 0, 0), ("c", 0, 0), ("d", 1, 100)]),
    ],
)
def test_choices_are_counted_those_of_before_too(kind, texts, expected):
    event = create_event()
    question = event.questions.create(label="?", kind=kind, choices="a\nb\nc")
    for text in texts:
        register(event, places=[Place("Lou", answers={question: text})])

    (answers,) = Life(event).answers

    assert [tuple(choice) for choice in answers.choices] == expected
    assert answers.count == len(texts)


def test_numbers_have_an_average_and_texts_a_list():
    event = create_event()
    number = event.questions.create(label="Combien", kind=Question.Kind.NUMBER)
    text = event.questions.create(label="Pourquoi", kind=Question.Kind.LONG)
    register(event, places=[Place("Lou", answers={number: "2", text: "Pour voir"})])
    register(event, places=[Place("Ana", answers={number: "5.5", text: "Par hasard"})])
    cancelled = register(event, places=[Place("Bo", answers={number: "100", text: "Non"})])
    cancelled.cancel()

    counted, said = Life(event).answers

    assert (counted.average, counted.count) == (Decimal("3.75"), 2)
    assert said.texts == ["Par hasard", "Pour voir"]


def test_a_question_nobody_answered_is_shown_empty(staff):
    event = create_event()
    for kind in Question.Kind:
        event.questions.create(label=kind.label, kind=kind, choices="a\nb")

    page = staff.get(page_of(event))

    assert page.text.count("0 réponse<") + page.text.count("0 réponses<") == len(Question.Kind)


# Afterwards


def test_opinions_are_summed_up(staff):
    event = create_event(starts_in=timedelta(days=-3))
    for rating, would_recommend in ((5, True), (4, True), (2, False), (4, None)):
        Feedback.objects.create(event=event, rating=rating, would_recommend=would_recommend)

    life, page = Life(event), staff.get(page_of(event)).text

    assert [(mark.number, mark.share) for mark in life.marks] == [(1, 25), (2, 50), (0, 0), (1, 25), (0, 0)]
    assert "en moyenne <strong>3,8</strong> sur 5, 2 sur 3 le recommanderaient" in page


def test_an_event_without_opinion_says_nothing_of_them(staff):
    assert "Les avis" not in staff.get(page_of(create_event())).text.split('id="content-main"')[1]
