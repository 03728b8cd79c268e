"""What staff see of bookings and do to them: each act is a verb, its refusals are words."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from events.models import AccessNeed, Answer, Booking, Event, Place, Registration
from events.models.series import Series
from mailing.models import Email
from payments.models import Refund
from tests.admin import act, assert_same_queries, search, told, unlabelled
from tests.events.test_admin import BOOKINGS, REGISTRATIONS, STATE, states
from tests.factories import (
    create_booking,
    create_charge,
    create_event,
    create_price,
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


def page_of(booking, verb="change"):
    return reverse(f"admin:events_booking_{verb}", args=[booking.pk])


def history():
    return [entry.get_change_message() for entry in LogEntry.objects.order_by("pk")]


def written_to(booking):
    """The last mail of the booking's contact."""
    return Email.objects.filter(to=booking.email).first()


# Lists


def test_what_waits_for_the_team_comes_first(staff):
    event = create_event()
    asked = create_booking(event, STATE.REQUESTED)
    confirmed = create_booking(event)

    assert search(staff, BOOKINGS) == [asked, confirmed]


def test_a_queue_is_listed_in_the_order_in_which_it_is_served(staff):
    event, now = create_event(), timezone.now()
    late = create_booking(event, STATE.WAITING, queued_at=now)
    early = create_booking(event, STATE.WAITING, queued_at=now - timedelta(days=1))
    create_booking(event)
    create_booking(create_event(), STATE.WAITING)

    assert search(staff, BOOKINGS, event=event.pk, state__exact="waiting") == [early, late]


def test_bookings_are_found_by_who_comes_event_date_and_money(staff):
    event = create_event(title="Bilan", starts_in=timedelta(days=-3))
    past = create_booking(event, name="Lou Bruyère")
    past.registrations.update(name="Sacha Invité", email="sacha@example.org")
    paying = create_event(price=20)
    due, back = register(paying), register(paying)
    pay(back)
    back.cancel()

    for query in ({"q": "bruyère"}, {"q": "sacha@"}, {"q": "invité"}, {"q": "bilan"}, {"when": "past"}):
        assert search(staff, BOOKINGS, **query) == [past]
    assert search(staff, BOOKINGS, event=event.pk) == [past]
    assert search(staff, BOOKINGS, event=paying.pk, money="due") == [due]
    assert search(staff, BOOKINGS, money="refund") == [back]
    assert search(staff, BOOKINGS, money="received") == [back]


def test_places_are_found_by_event_state_price_and_date(staff):
    event = create_event()
    price = create_price(event)
    found = create_booking(event, price=price, name="Lou Bruyère").registrations.get()
    past = create_event(starts_in=timedelta(days=-3))
    waiting = create_booking(past, STATE.WAITING).registrations.get()

    for query in (
        {"q": "bruyère"},
        {"place": "confirmed"},
        {"place": "taken"},
        {"event": event.pk},
        {"price__id__exact": price.pk},
        {"when": "upcoming"},
    ):
        assert search(staff, REGISTRATIONS, **query) == [found]
    assert search(staff, REGISTRATIONS, place="waiting", when="past") == [waiting]


@pytest.mark.parametrize("address", ["abc", "-1"])
def test_a_filter_that_means_nothing_filters_nothing(staff, address):
    booking = create_booking(create_event())

    assert search(staff, BOOKINGS, event=address) == [booking]


@pytest.mark.parametrize("model", ["registration", "booking"])
def test_the_lists_cost_the_same_for_one_and_for_many(staff, model):
    event = create_event()

    def create():
        booking = create_booking(event, price=create_price(event))
        booking.charge = create_charge()
        booking.save()

    assert_same_queries(staff, reverse(f"admin:events_{model}_changelist"), create)


# One booking


def test_a_booking_shows_its_places_and_answers_and_no_need(staff):
    event = create_event()
    booking = create_booking(event, places=2)
    first, second = booking.registrations.all()
    question = event.questions.create(label="Quel repas")
    Answer.objects.create(question=question, booking=booking, registration=second, text="Sans gluten")
    AccessNeed.objects.create(registration=first, text="Fauteuil roulant")

    page = staff.get(page_of(booking)).text

    assert f'<a href="{reverse("admin:events_registration_change", args=[first.pk])}">Alex Démo</a>' in page
    assert "Quel repas" in page
    assert "Sans gluten" in page
    assert "Fauteuil" not in page


@pytest.mark.parametrize("places", [1, 5])
def test_a_booking_costs_the_same_for_one_place_and_for_five(staff, places, django_assert_max_num_queries):
    booking = create_booking(create_event(), places=places, price=create_price(create_event()))

    with django_assert_max_num_queries(16):
        staff.get(page_of(booking))


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        (STATE.REQUESTED, {"approve", "refuse", "cancel"}),
        (STATE.WAITING, {"promote", "move", "cancel"}),
        (STATE.CONFIRMED, {"move", "cancel"}),
        (STATE.REFUSED, set()),
        (STATE.CANCELLED, set()),
    ],
)
def test_a_booking_offers_what_its_state_allows(staff, state, offered):
    booking = create_booking(create_event(), state)

    page = staff.get(page_of(booking)).text

    links = {verb for verb in ("refuse", "promote", "move") if page_of(booking, verb) in page}
    buttons = {verb for verb in ("approve", "cancel") if f'name="action" value="{verb}"' in page}
    assert links | buttons == offered


@pytest.mark.parametrize("model", [Registration, Booking])
def test_places_and_bookings_are_never_edited_by_hand(staff, model):
    booking = create_booking(create_event())
    row = booking if model is Booking else booking.registrations.get()
    name = model._meta.model_name
    pages = [reverse(f"admin:events_{name}_{page}", args=[row.pk]) for page in ("change", "delete")]

    page = staff.get(pages[0])
    answers = [staff.post(address, {"name": "Autre", "post": "yes"}).status_code for address in pages]
    answers.append(staff.get(reverse(f"admin:events_{name}_add")).status_code)

    row.refresh_from_db()
    assert page.status_code == 200
    assert (answers, row.name) == ([403, 403, 403], "Alex Démo")


# Approving and refusing


def test_requests_are_approved_in_the_order_in_which_they_were_made(staff):
    event = create_event(capacity=1, needs_approval=True)
    first, second = register(event), register(event)

    asked = act(staff, BOOKINGS, "approve", second, first)
    before = states(event)
    response = act(staff, BOOKINGS, "approve", second, first, confirmed="yes")

    assert "La personne est prévenue" in asked.text
    assert before == [STATE.REQUESTED, STATE.REQUESTED]
    assert states(event) == [STATE.CONFIRMED, STATE.WAITING]
    assert told(response) == ["2 demandes acceptées."]
    assert history() == ["Demande acceptée."] * 2


def test_what_cannot_be_approved_is_named(staff):
    confirmed = create_booking(create_event())
    late = create_booking(create_event(starts_in=timedelta(days=-1)), STATE.REQUESTED)

    response = act(staff, BOOKINGS, "approve", confirmed, late, confirmed="yes")

    assert sorted(told(response)) == sorted(
        [
            f"{confirmed}\u00a0: cette réservation n’est plus à valider.",
            f"{late}\u00a0: l’événement a commencé ou est passé.",
            "0 demande acceptée.",
        ]
    )


def test_a_refusal_says_why_to_the_person(staff):
    booking = register(create_event(needs_approval=True))

    empty = staff.post(page_of(booking, "refuse"), {"reason": " "})
    response = staff.post(page_of(booking, "refuse"), {"reason": "Réservé aux élus."}, follow=True)

    booking.refresh_from_db()
    assert (empty.status_code, list(empty.context["errors"])) == (400, ["reason"])
    assert (booking.state, booking.staff_reason) == (STATE.REFUSED, "Réservé aux élus.")
    assert "Réservé aux élus." in written_to(booking).text
    assert told(response) == history() == ["Demande refusée."]


def test_a_request_is_refused_once(staff):
    booking = create_booking(create_event(), STATE.REFUSED)

    response = staff.post(page_of(booking, "refuse"), {"reason": "Non."}, follow=True)

    assert told(response) == ["Cette réservation n’est plus à valider."]
    assert history() == []


# Promoting


def test_a_place_offered_out_of_order_keeps_its_reason(staff):
    event = create_event(capacity=1)
    blocking = register(event)
    first, second = register(event), register(event)
    Registration.objects.filter(booking=blocking).update(cancelled_at=timezone.now())

    page = staff.get(page_of(second, "promote"))
    response = staff.post(page_of(second, "promote"), {"reason": "Intervenante"}, follow=True)

    first.refresh_from_db()
    second.refresh_from_db()
    assert "au rang 2" in page.text
    assert (first.state, second.state) == (STATE.WAITING, STATE.OFFERED)
    assert second.staff_reason == "Intervenante"
    assert told(response) == history() == ["Place proposée hors de l’ordre\u00a0: Intervenante"]


def test_nobody_is_promoted_into_a_full_event(staff):
    event = create_event(capacity=1)
    register(event)
    waiting = register(event)

    response = staff.post(page_of(waiting, "promote"), {"reason": "Amie"})

    waiting.refresh_from_db()
    assert response.status_code == 400
    assert "Il n’y a pas assez de places pour cette réservation." in response.text
    assert (waiting.state, waiting.staff_reason, history()) == (STATE.WAITING, "", [])


# Moving


def test_a_booking_moves_to_another_date_of_its_series(staff):
    series = Series.objects.create(name="Ateliers")
    here, there = create_event(series=series), create_event(series=series, capacity=3)
    create_event(title="Hors série")
    booking = register(here)

    page = staff.get(page_of(booking, "move"))
    response = staff.post(page_of(booking, "move"), {"event": there.pk}, follow=True)

    booking.refresh_from_db()
    assert list(page.context["adminform"].form.fields["event"].queryset) == [there]
    assert "(places libres\u00a0: 3)" in page.text
    assert booking.event == there
    assert written_to(booking).key.startswith("events.moved.")
    assert told(response) == history() == [f"Déplacée de «\u00a0{here}\u00a0» à «\u00a0{there}\u00a0»."]


def test_a_booking_without_series_moves_to_any_event_to_come(staff):
    booking = register(create_event())
    other, _draft = create_event(), create_event(status=Event.Status.DRAFT)
    create_event(starts_in=timedelta(days=-2))

    page = staff.get(page_of(booking, "move"))

    assert list(page.context["adminform"].form.fields["event"].queryset) == [other]
    assert unlabelled(page) == []


def test_a_booking_does_not_move_to_a_full_date(staff):
    booking, full = register(create_event()), create_event(capacity=1)
    register(full)

    response = staff.post(page_of(booking, "move"), {"event": full.pk})

    booking.refresh_from_db()
    assert "Il n’y a pas assez de places" in response.text
    assert booking.event != full


# Cancelling


def test_cancelling_a_booking_frees_its_place_and_owes_what_was_paid(staff):
    event = create_event(capacity=1, price=20)
    first = register(event)
    pay(first)
    register(event)

    asked = act(staff, BOOKINGS, "cancel", first)
    before = states(event)
    response = act(staff, BOOKINGS, "cancel", first, confirmed="yes")

    assert "sera prévenue par e-mail" in asked.text
    assert before == [STATE.CONFIRMED, STATE.WAITING]
    assert states(event) == [STATE.CANCELLED, STATE.OFFERED]
    assert Refund.objects.get().amount == Decimal(20)
    assert told(response) == ["1 réservation annulée."]
    assert history() == ["Réservation annulée."]


def test_one_place_is_cancelled_and_the_others_stay(staff):
    event = create_event(price=20)
    booking = register(event, places=3)
    pay(booking)
    place = booking.registrations.last()

    button = staff.get(reverse("admin:events_registration_change", args=[place.pk])).text
    response = act(staff, REGISTRATIONS, "cancel", place, confirmed="yes")

    booking.refresh_from_db()
    assert 'name="action" value="cancel"' in button
    assert (booking.state, len(booking.places)) == (STATE.CONFIRMED, 2)
    assert Refund.objects.get().amount == Decimal(20)
    assert told(response) == ["1 place annulée."]


@pytest.mark.parametrize(("model", "what"), [("booking", "réservation"), ("registration", "place")])
def test_what_cannot_be_cancelled_is_named(staff, model, what):
    rows = [
        create_booking(create_event(starts_in=timedelta(days=-1))),
        create_booking(create_event(), STATE.CANCELLED),
    ]
    past, cancelled = rows if model == "booking" else [row.registrations.get() for row in rows]

    response = act(
        staff, reverse(f"admin:events_{model}_changelist"), "cancel", past, cancelled, confirmed="yes"
    )

    assert sorted(told(response)) == sorted(
        [
            f"{past}\u00a0: l’événement a commencé ou est passé.",
            f"{cancelled}\u00a0: cette {what} n’est plus en cours.",
            f"0 {what} annulée.",
        ]
    )


# Rights


def test_who_may_only_look_does_nothing(client):
    viewer = create_user(is_staff=True, second_factor=True)
    viewer.user_permissions.add(
        *Permission.objects.filter(codename__in=["view_booking", "view_registration"])
    )
    client.force_login(viewer)
    event = create_event(capacity=1)
    booking, waiting = create_booking(event), create_booking(event, STATE.WAITING)
    asked = create_booking(event, STATE.REQUESTED)

    pages = [page_of(asked, "refuse"), page_of(waiting, "promote"), page_of(waiting, "move")]
    answers = [client.post(page, {"reason": "Non", "event": event.pk}).status_code for page in pages]
    act(client, BOOKINGS, "approve", asked, confirmed="yes")
    act(client, BOOKINGS, "cancel", booking, confirmed="yes")
    act(client, REGISTRATIONS, "cancel", booking.registrations.get(), confirmed="yes")

    assert answers == [403, 403, 403]
    assert states(event) == [STATE.CONFIRMED, STATE.WAITING, STATE.REQUESTED]
    assert 'name="action"' not in client.get(page_of(booking)).text


def test_a_verb_asks_for_a_form_of_ours():
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(create_staff())
    booking = create_booking(create_event(), STATE.REQUESTED)

    assert strict.post(page_of(booking, "refuse"), {"reason": "Non"}).status_code == 403


def test_places_of_a_booking_keep_who_they_are_for(staff):
    event = create_event()
    booking = register(event, places=[Place("Ana", "ana@example.org"), Place("Bo", "bo@example.org")])

    page = staff.get(page_of(booking)).text

    assert "ana@example.org" in page
    assert "bo@example.org" in page
