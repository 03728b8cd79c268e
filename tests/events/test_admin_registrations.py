from datetime import timedelta

import pytest
from django.urls import reverse

from events.models import Booking, Registration
from tests.admin import act, assert_same_queries, search, told
from tests.events.test_admin import REGISTRATIONS, STATE, states
from tests.factories import create_charge, create_event, create_registration, create_staff, register

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client):
    client.force_login(create_staff())
    return client


def test_cancelling_a_registration_frees_its_place_for_the_queue(staff):
    event = create_event(capacity=1)
    first = register(event)
    register(event)

    asked = act(staff, REGISTRATIONS, "cancel", first.registration)
    before = states(event)
    response = act(staff, REGISTRATIONS, "cancel", first.registration, confirmed="yes")

    assert "sera prévenue par e-mail" in asked.text
    assert before == [STATE.CONFIRMED, STATE.WAITING]
    assert states(event) == [STATE.CANCELLED, STATE.CONFIRMED]
    assert told(response) == ["1 inscription annulée."]


def test_registrations_that_cannot_be_cancelled_are_named(staff):
    past = create_registration(create_event(starts_in=timedelta(days=-1)))
    cancelled = create_registration(create_event(), state=STATE.CANCELLED)

    response = act(staff, REGISTRATIONS, "cancel", past, cancelled, confirmed="yes")

    past.refresh_from_db()
    assert past.state == STATE.CONFIRMED
    assert sorted(told(response)) == sorted(
        [
            f"{past}\u00a0: l’événement a commencé ou est passé.",
            f"{cancelled}\u00a0: cette inscription n’est plus en cours.",
            "0 inscription annulée.",
        ]
    )


def test_registrations_are_found_by_name_address_event_state_and_date(staff):
    event = create_event(title="Bilan")
    found = create_registration(event, name="Lou Bruyère", email="lou@example.org")
    past = create_registration(create_event(starts_in=timedelta(days=-3)), state=STATE.CANCELLED)

    for query in ({"q": "bruyère"}, {"q": "lou@example"}, {"q": "bilan"}, {"state__exact": "confirmed"}):
        assert search(staff, REGISTRATIONS, **query) == [found]
    assert search(staff, REGISTRATIONS, event__id__exact=event.pk) == [found]
    assert search(staff, REGISTRATIONS, when="past") == [past]


@pytest.mark.parametrize("model", ["registration", "booking"])
def test_the_lists_of_an_event_cost_the_same_for_one_and_for_many(staff, model):
    event = create_event()

    def create():
        Booking.objects.filter(registration=create_registration(event)).update(charge=create_charge())

    assert_same_queries(staff, reverse(f"admin:events_{model}_changelist"), create)


@pytest.mark.parametrize("model", [Registration, Booking])
def test_registrations_and_bookings_are_read_and_nothing_else(staff, model):
    registration = create_registration(create_event())
    row = registration if model is Registration else registration.booking
    pages = [
        reverse(f"admin:events_{model._meta.model_name}_{page}", args=[row.pk])
        for page in ("change", "delete")
    ]

    page = staff.get(pages[0])
    answers = [staff.post(address, {"name": "Autre", "post": "yes"}).status_code for address in pages]
    answers.append(staff.get(reverse(f"admin:events_{model._meta.model_name}_add")).status_code)

    row.refresh_from_db()
    assert page.status_code == 200
    assert (answers, row.name) == ([403, 403, 403], "Alex Démo")
