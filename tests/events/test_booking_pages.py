"""The pages of those who hold places, or wait for some."""

import re
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db.models import F
from django.urls import reverse

from events.models import Booking, Event, Registration
from tests.events.test_views import post
from tests.factories import (
    create_event,
    create_member,
    create_membership,
    create_user,
    pay,
    register,
)

pytestmark = pytest.mark.django_db
STATE = Booking.State
FAMILY = {"count": 3, "name_2": "Ali Démo", "email_2": "ali@example.org", "name_3": "Léa Démo"}


def names(booking):
    return [(place.name, place.email) for place in booking.places]


def url(name, *args):
    return reverse(f"bookings:{name}", args=args)


def test_an_offer_is_accepted_from_its_page_and_not_by_opening_the_link(client):
    event = create_event(capacity=1)
    holder, waiting = register(event), register(event)
    holder.cancel()

    page = client.get(waiting.get_absolute_url()).content.decode()
    waiting.refresh_from_db()
    state_after_reading = waiting.state
    response = client.post(url("booking_answer", waiting.token), {"answer": "accept"}, follow=True)

    assert "Laisser à quelqu’un d’autre" in page
    assert state_after_reading == STATE.OFFERED
    assert "Votre place est confirmée" in response.content.decode()


def test_a_paid_offer_accepted_leads_to_its_payment(client):
    event = create_event(price=Decimal(20), capacity=1)
    holder, waiting = register(event), register(event)
    holder.cancel()

    response = client.post(url("booking_answer", waiting.token), {"answer": "accept"})

    waiting.refresh_from_db()
    assert response["Location"] == waiting.charge.get_absolute_url()


@pytest.mark.parametrize("answer", ["accept", "decline", "", "autre"])
def test_an_answer_to_an_offer_that_somebody_took_before_changes_nothing(client, answer):
    booking = register(create_event())

    response = client.post(url("booking_answer", booking.token), {"answer": answer}, follow=True)

    assert "Cette proposition n’est plus valable" in response.content.decode()
    assert Booking.objects.get().state == STATE.CONFIRMED


def test_one_name_of_three_is_corrected(client):
    booking = register(create_event(), places=3)
    place = booking.places[1]

    client.post(url("booking_place", booking.token, place.pk), {"act": "rename", "name": "Zoé Démo"})

    assert [place.name for place in booking.places] == ["Alex Démo", "Zoé Démo", "Alex Démo 2"]


def test_one_place_of_three_is_handed_over(client):
    booking = register(create_event(), places=3)
    place = booking.places[1]
    form = {"act": "hand_over", "to-name": "Ami Démo", "to-email": "ami@example.org"}

    client.post(url("booking_place", booking.token, place.pk), form)

    assert client.get(url("place", place.code)).status_code == 404
    place.refresh_from_db()
    page = client.get(url("place", place.code)).content.decode()
    assert "Ami Démo" in page
    assert str(booking.token) not in page


def test_one_place_of_three_is_given_back(client):
    booking = register(create_event(), places=3)

    client.post(url("booking_place", booking.token, booking.places[2].pk), {"act": "cancel"})

    assert len(booking.places) == 2


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"act": "rename", "name": ""}, "rename"),
        ({"act": "rename", "name": "www.example.org"}, "rename"),
        ({"act": "hand_over", "to-name": "Ami", "to-email": "ami"}, "hand_over"),
    ],
)
def test_bad_input_on_a_place_is_refused_beside_its_field(client, form, field):
    booking = register(create_event())

    response = client.post(url("booking_place", booking.token, booking.places[0].pk), form)

    assert response.status_code == 400
    assert len(response.context[field].errors) == 1
    assert booking.places[0].name == "Alex Démo"


def test_a_place_of_somebody_elses_booking_is_not_found(client):
    event = create_event()
    mine, theirs = register(event), register(event)

    response = client.post(url("booking_place", mine.token, theirs.places[0].pk), {"act": "cancel"})

    assert response.status_code == 404
    assert states_of(theirs) == [None]


def states_of(booking):
    return list(booking.registrations.values_list("cancelled_at", flat=True))


def test_a_place_that_is_gone_cannot_be_changed_any_more(client):
    booking = register(create_event(), places=2)
    gone = booking.places[0]
    booking.cancel(gone)

    response = client.post(
        url("booking_place", booking.token, gone.pk), {"act": "rename", "name": "Zoé"}, follow=True
    )

    assert "Cette place ne peut plus être modifiée." in response.content.decode()
    assert Registration.objects.get(pk=gone.pk).name == "Alex Démo"


def test_a_personal_price_is_given_back_and_not_handed_over(client):
    user = create_user()
    create_membership(create_member(user=user))
    event = create_event(price=Decimal(20), member_price=Decimal(0))
    booking = register(event, user.email, user=user)
    form = {"act": "hand_over", "to-name": "Ami", "to-email": "ami@example.org"}

    response = client.post(url("booking_place", booking.token, booking.places[0].pk), form, follow=True)

    assert "tarif personnel" in response.content.decode()


def test_who_comes_gives_their_own_place_back_and_no_other(client):
    booking = register(create_event(price=Decimal(20)), places=2)
    pay(booking)

    response = client.post(url("place_cancel", booking.places[0].code), follow=True)

    assert "Cette place est annulée" in response.content.decode()
    booking.refresh_from_db()
    assert (booking.state, len(booking.places)) == (STATE.CONFIRMED, 1)


@pytest.mark.parametrize("name", ["booking", "place"])
def test_a_guessed_address_is_not_found(client, name):
    assert client.get(url(name, uuid4())).status_code == 404


def test_the_pages_of_holders_are_kept_out_of_caches_and_of_search_engines(client):
    booking = register(create_event())

    for page in (booking, booking.places[0]):
        response = client.get(page.get_absolute_url())
        assert "no-store" in response["Cache-Control"]
        assert '<meta name="robots" content="noindex">' in response.content.decode()


def test_the_fee_and_the_deadline_are_told_before_booking(client):
    event = create_event(price=Decimal(20), cancellation_fee=Decimal(5))

    page = client.get(reverse("events:event_register", args=[event.slug])).content.decode()

    assert "moins 5,00\u00a0€ de frais" in page


def test_an_event_reduced_below_its_bookings_by_hand_still_shows_its_pages(client):
    event = create_event(capacity=3)
    register(event, places=3)
    Event.objects.update(capacity=1)

    assert "Complet" in client.get(event.get_absolute_url()).content.decode()
    assert post(client, event).status_code == 302
    assert Booking.objects.latest("pk").state == STATE.WAITING


def test_a_booking_of_the_past_says_nothing_of_how_to_cancel_or_to_come(client):
    event = create_event(price=Decimal(20), access="Tram 1", accessibility="Rampe")
    booking = register(event)
    pay(booking)
    before = client.get(booking.get_absolute_url()).text
    Event.objects.update(
        starts_at=F("starts_at") - timedelta(days=400), ends_at=F("ends_at") - timedelta(days=400)
    )

    after = client.get(booking.get_absolute_url()).text

    words = ["est remboursée", "Tram 1", "Rampe"]
    assert [word in before for word in words] == [True, True, True]
    assert [word in after for word in words] == [False, False, False]


def test_a_place_of_the_past_was_confirmed_and_has_no_ticket(client):
    event = create_event()
    [place] = register(event).places
    Event.objects.update(
        starts_at=F("starts_at") - timedelta(days=400), ends_at=F("ends_at") - timedelta(days=400)
    )

    page = client.get(place.get_absolute_url()).text

    assert "Votre place était confirmée" in page
    assert url("place_ticket", place.code) not in page
    assert url("place_ics", place.code) not in page


def test_enter_books_and_does_not_add_a_person(client):
    event = create_event()

    page = client.get(reverse("events:event_register", args=[event.slug]), {"count": 2}).text

    first = re.search(r'<button[^>]* type="submit"[^>]*>', page.partition(" novalidate>")[2])
    assert first is not None
    assert " name=" not in first[0]
