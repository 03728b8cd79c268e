from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from events.models import Booking, Event, Registration
from mailing.models import Email
from tests.factories import (
    create_booking,
    create_event,
    create_member,
    create_membership,
    create_user,
    register,
)

pytestmark = pytest.mark.django_db


def post(client, event, **fields):
    form = {"name": "Zoé Démo", "email": "zoe@example.org", "request_key": uuid4()}
    return client.post(reverse("events:event_register", args=[event.slug]), form | fields)


def errors(response):
    return [message for messages in response.context["form"].errors.values() for message in messages]


def test_a_visitor_registers_without_an_account_and_reaches_the_booking_page(client):
    event = create_event()

    response = post(client, event)

    booking = Booking.objects.get()
    assert (response.status_code, response["Location"]) == (302, booking.get_absolute_url())
    assert "Votre place est confirmée" in client.get(response["Location"]).content.decode()


def test_a_paid_registration_leads_to_its_payment(client):
    response = post(client, create_event(price=Decimal(20)))

    assert response["Location"] == Booking.objects.get().charge.get_absolute_url()
    assert "Payer 20,00\u00a0€" in client.get(response["Location"]).content.decode()


def test_a_signed_in_person_is_prefilled_and_gets_the_member_price(client):
    user = create_user(first_name="Zoé", last_name="Démo")
    create_membership(create_member(user=user))
    event = create_event(price=Decimal(20), member_price=Decimal(12))
    client.force_login(user)

    page = client.get(reverse("events:event_register", args=[event.slug]))
    post(client, event, email=user.email, price_1=page.context["form"]["price_1"].initial)

    assert page.context["form"].initial["email"] == user.email
    assert page.context["form"].initial["name"] == "Zoé Démo"
    assert [price.amount for price in page.context["prices"]] == [20, 12]
    assert Booking.objects.get().charge.amount == Decimal(12)


def test_a_stranger_cannot_ask_for_the_member_price(client):
    event = create_event(price=Decimal(20), member_price=Decimal(0))

    post(client, event, price="0", member_price="0", user="1")

    assert Booking.objects.get().charge.amount == Decimal(20)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"status": Event.Status.CANCELLED}, "Les inscriptions à cet événement ne sont pas ouvertes."),
        (
            {"registration_closes_at": timezone.now() - timedelta(days=1)},
            "Les inscriptions à cet événement ne sont pas ouvertes.",
        ),
        (
            {"starts_in": timedelta(days=-1)},
            "Cet événement a commencé ou est passé\u00a0: on ne peut plus s’y inscrire.",
        ),
    ],
)
def test_a_refusal_is_named_and_loses_nothing_of_what_was_typed(client, fields, message):
    response = post(client, create_event(**fields))

    assert response.status_code == 409
    assert errors(response) == [message]
    assert 'value="zoe@example.org"' in response.content.decode()
    assert Booking.objects.count() == 0


def test_a_full_event_without_waiting_list_says_so(client):
    event = create_event(capacity=1, has_waiting_list=False)
    register(event)

    response = post(client, event)

    assert (response.status_code, errors(response)) == (409, ["Il n’y a plus assez de places."])


def test_a_draft_is_nobodys_business(client):
    assert post(client, create_event(status=Event.Status.DRAFT)).status_code == 404


def test_who_is_registered_already_gets_the_link_by_mail_and_not_on_the_page(client):
    event = create_event()
    booking = register(event, "zoe@example.org")

    response = post(client, event)
    post(client, event)

    assert response.status_code == 409
    assert str(booking.token) not in response.content.decode()
    assert Email.objects.filter(key__startswith="events.link.").count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "x" * 300 + "@example.org"),
        ("email", "pas une adresse"),
        ("email", "zoe@example.org\0"),
        ("email", "zoe@example.org\nBcc: tous@example.org"),
        ("name", ""),
        ("name", "Z" * 201),
        ("name", "Zoé\0"),
        ("name", "<b>Zoé</b>"),
        ("name", "Gagnez sur https://example.org"),
        ("name", "Zoé\r\nBcc: tous@example.org"),
        ("request_key", "1"),
        ("request_key", ""),
    ],
)
def test_bad_input_is_refused_beside_its_field(client, field, value):
    response = post(client, create_event(), **{field: value})

    assert response.status_code == 400
    assert list(response.context["form"].errors) == [field]
    assert (Booking.objects.count(), Email.objects.count()) == (0, 0)


def test_two_clicks_lead_to_the_same_booking(client):
    event, key = create_event(), uuid4()

    first, second = post(client, event, request_key=key), post(client, event, request_key=key)

    assert first["Location"] == second["Location"]
    assert Registration.objects.count() == 1


def test_a_booking_is_cancelled_from_its_page(client):
    booking = register(create_event())

    response = client.post(reverse("bookings:booking_cancel", args=[booking.token]), follow=True)

    assert Booking.objects.get().state == Booking.State.CANCELLED
    assert "Cette inscription est annulée" in response.content.decode()


def test_a_booking_is_not_cancelled_by_a_link(client):
    booking = register(create_event())

    assert client.get(reverse("bookings:booking_cancel", args=[booking.token])).status_code == 405
    assert Booking.objects.get().state == Booking.State.CONFIRMED


def test_a_booking_cannot_be_cancelled_once_the_event_has_begun(client):
    event = create_event()
    booking = register(event)
    Event.objects.filter(pk=event.pk).update(starts_at=timezone.now() - timedelta(minutes=1))

    response = client.post(reverse("bookings:booking_cancel", args=[booking.token]), follow=True)

    assert "ne peut plus être annulée" in response.content.decode()
    assert Booking.objects.get().state == Booking.State.CONFIRMED


def test_a_token_that_does_not_exist_is_not_found(client):
    assert client.get(reverse("bookings:booking", args=[uuid4()])).status_code == 404


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("confirmed", "Votre place est confirmée"),
        ("held", "Il reste à payer"),
        ("waiting", "Vous êtes sur la liste d’attente"),
        ("expired", "Le délai pour payer est passé"),
        ("cancelled", "Cette inscription est annulée"),
    ],
)
def test_the_booking_page_has_words_for_each_state(client, state, words):
    event = create_event(price=Decimal(20))
    booking = register(event)
    expires_at = timezone.now() + timedelta(minutes=20)
    Booking.objects.update(state=state, expires_at=expires_at)

    page = client.get(booking.get_absolute_url()).content.decode()

    assert words in page


def test_the_join_link_is_for_confirmed_people_only_and_from_the_day_before(client, time_machine_travel):
    event = create_event(
        capacity=1, online_url="https://visio.example.org/salle", starts_in=timedelta(hours=36)
    )
    confirmed, waiting = register(event), register(event)

    def shown():
        pages = [client.get(booking.get_absolute_url()).content.decode() for booking in (confirmed, waiting)]
        return ["visio.example.org" in page for page in pages]

    assert shown() == [False, False]
    with time_machine_travel(hours=13):
        assert shown() == [True, False]
    assert "visio.example.org" not in client.get(event.get_absolute_url()).content.decode()


def test_a_full_event_says_how_many_wait(client):
    event = create_event(capacity=1)
    create_booking(event)
    create_booking(event, Booking.State.WAITING)

    page = client.get(reverse("events:event_register", args=[event.slug])).content.decode()

    assert "où 1 place est déjà demandée" in page
    assert "Rejoindre la liste d’attente" in page
