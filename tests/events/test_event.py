import pytest

from events.models import Registration
from tests.factories import create_event, register

pytestmark = pytest.mark.django_db
STATE = Registration.State


def states(event):
    return list(event.registrations.order_by("pk").values_list("state", flat=True))


def test_a_free_place_is_confirmed_at_once():
    booking = register(create_event(capacity=1))

    assert booking.registration.state == STATE.CONFIRMED
