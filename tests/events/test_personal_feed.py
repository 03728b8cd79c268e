"""The secret address at which a calendar reads what an account holds."""

from datetime import timedelta
from uuid import uuid4

import icalendar
import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from events.models import Booking, CalendarFeed, Registration
from tests.factories import create_booking, create_event, create_user

pytestmark = pytest.mark.django_db
STATE = Booking.State


@pytest.fixture
def user():
    return create_user("zoe@example.org")


def read(client, feed):
    response = client.get(feed.get_absolute_url())
    assert response.status_code == 200
    return icalendar.Calendar.from_ical(response.content)


def statuses(client, feed):
    return {str(entry["uid"]).split("@")[0]: str(entry["status"]) for entry in read(client, feed).events}


def test_everything_that_the_account_holds_is_there_with_its_state(client, user):
    mine = {
        state: create_booking(create_event(), state, user=user, email=user.email)
        for state in (STATE.CONFIRMED, STATE.WAITING, STATE.CANCELLED, STATE.EXPIRED)
    }
    create_booking(create_event())

    found = statuses(client, CalendarFeed.renew(user))

    assert found == {
        f"reservation-{mine[STATE.CONFIRMED].pk}": "CONFIRMED",
        f"reservation-{mine[STATE.WAITING].pk}": "TENTATIVE",
        f"reservation-{mine[STATE.CANCELLED].pk}": "CANCELLED",
        f"reservation-{mine[STATE.EXPIRED].pk}": "CANCELLED",
    }


def test_what_was_booked_without_an_account_is_there_by_its_address(client, user):
    booking = create_booking(create_event(), email=user.email)

    assert statuses(client, CalendarFeed.renew(user)) == {f"reservation-{booking.pk}": "CONFIRMED"}


def test_a_place_in_the_booking_of_somebody_else_is_there_by_itself(client, user):
    booking = create_booking(create_event(), places=2)
    place = booking.places[1]
    Registration.objects.filter(pk=place.pk).update(email=user.email)

    feed = CalendarFeed.renew(user)

    assert statuses(client, feed) == {f"place-{place.pk}": "CONFIRMED"}
    assert str(booking.token) not in client.get(feed.get_absolute_url()).text


def test_a_place_given_back_is_cancelled_there_too(client, user):
    booking = create_booking(create_event(), places=2)
    place = booking.places[1]
    Registration.objects.filter(pk=place.pk).update(email=user.email)

    booking.cancel(place)

    assert statuses(client, CalendarFeed.renew(user)) == {f"place-{place.pk}": "CANCELLED"}


def test_an_address_that_is_not_verified_shows_nothing(client, user):
    user.emailaddress_set.update(verified=False)
    create_booking(create_event(), email=user.email)

    assert statuses(client, CalendarFeed.renew(user)) == {}


@pytest.mark.parametrize(("days", "count"), [(59, 1), (61, 0)])
def test_the_past_is_there_for_sixty_days(client, user, days, count):
    event = create_event(starts_in=timedelta(days=-days), lasts=timedelta(0, 1))
    create_booking(event, email=user.email)

    assert len(statuses(client, CalendarFeed.renew(user))) == count


def test_a_cancelled_event_is_cancelled_there(client, user):
    event = create_event()
    booking = create_booking(event, email=user.email)
    feed = CalendarFeed.renew(user)
    [before] = read(client, feed).events

    event.cancel()

    [after] = read(client, feed).events
    assert (after["uid"], after["status"]) == (f"reservation-{booking.pk}@localhost", "CANCELLED")
    assert after["sequence"] > before["sequence"]


def test_it_is_a_feed_that_calendars_read_again(client, user):
    calendar = read(client, CalendarFeed.renew(user))

    assert calendar["method"] == "PUBLISH"
    assert str(calendar["x-wr-calname"]) == "Mes rendez-vous – IA Montpellier Méditerranée"
    assert calendar["refresh-interval"].to_ical() == b"PT2H"


def test_it_costs_as_many_queries_for_one_booking_as_for_twenty(client, user):
    feed = CalendarFeed.renew(user)
    counts = []
    for more in (1, 19):
        for _ in range(more):
            create_booking(create_event(), email=user.email)
        cache.clear()
        with CaptureQueriesContext(connection) as queries:
            entries = statuses(client, feed)
        counts.append((len(entries), len(queries)))

    assert [entries for entries, _queries in counts] == [1, 20]
    assert counts[0][1] == counts[1][1]


# The secret


def test_an_unknown_address_and_a_revoked_one_are_answered_alike(client, user):
    revoked = CalendarFeed.renew(user)
    CalendarFeed.renew(user)

    answers = [client.get(f"/compte/calendrier/{token}.ics") for token in (revoked.token, uuid4())]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert len({len(answer.content) for answer in answers}) == 1


def test_a_closed_account_shows_nothing_any_more(client, user):
    feed = CalendarFeed.renew(user)
    user.is_active = False
    user.save()

    assert client.get(feed.get_absolute_url()).status_code == 404


def test_an_address_is_not_read_without_end(client, user, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"calendar": "2/1m/ip"}
    feed = CalendarFeed.renew(user)

    answers = [client.get(feed.get_absolute_url()).status_code for _ in range(3)]

    assert answers == [200, 200, 429]


def test_no_cache_on_the_way_keeps_it(client, user):
    response = client.get(CalendarFeed.renew(user).get_absolute_url())

    assert {"no-store", "private"} <= set(response.headers["Cache-Control"].split(", "))


# On the page of the account


def test_the_account_makes_its_address_then_another_that_revokes_it(client, user):
    client.force_login(user)
    assert "Créer mon adresse" in client.get("/compte/").text

    page = client.post("/compte/calendrier/nouvelle-adresse/", follow=True)
    first = CalendarFeed.objects.get(user=user)
    assert f"http://localhost:8000{first.get_absolute_url()}</code>" in page.text
    assert f'href="webcal://localhost:8000{first.get_absolute_url()}"' in page.text

    page = client.post("/compte/calendrier/nouvelle-adresse/", follow=True)
    assert str(first.token) not in page.text
    assert client.get(first.get_absolute_url()).status_code == 404
    assert "L’ancienne ne donne plus rien." in page.text


def test_only_a_form_of_the_account_makes_an_address(client, user):
    assert client.post("/compte/calendrier/nouvelle-adresse/").status_code == 302
    client.force_login(user)
    assert client.get("/compte/calendrier/nouvelle-adresse/").status_code == 405
    assert CalendarFeed.objects.count() == 0
