"""After the event: thanks, three questions, what staff read of the answers."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from events import reminders, tasks
from events.models import Booking, Event, Feedback, FeedbackClosed
from mailing.models import Email, List, OptOut
from tests.admin import assert_same_queries, search
from tests.factories import create_booking, create_event, create_staff, create_user

pytestmark = pytest.mark.django_db
ANSWERS = reverse("admin:events_feedback_changelist")
ANSWER = {"rating": 4, "useful": "Les exemples", "would_recommend": True}


@pytest.fixture
def event():
    """Two hours, that ended yesterday."""
    return create_event(starts_in=timedelta(days=-1))


def address(place):
    return f"{place.get_absolute_url()}avis/"


# Thanks


def thank(now):
    with time_machine.travel(now, tick=False):
        return reminders.send_reminders(now=now)


@pytest.mark.parametrize(
    ("ends_at", "due_at"),
    [
        (datetime(2026, 12, 17, 19, tzinfo=UTC), datetime(2026, 12, 18, 9, tzinfo=UTC)),
        (datetime(2026, 12, 17, 23, 30, tzinfo=UTC), datetime(2026, 12, 19, 9, tzinfo=UTC)),  # past midnight
        (datetime(2027, 3, 27, 19, tzinfo=UTC), datetime(2027, 3, 28, 8, tzinfo=UTC)),  # clocks forward
        (datetime(2027, 10, 30, 19, tzinfo=UTC), datetime(2027, 10, 31, 9, tzinfo=UTC)),  # and back
    ],
)
def test_thanks_leave_the_day_after_at_ten_in_paris_once(ends_at, due_at):
    event = create_event(starts_at=ends_at - timedelta(hours=2))
    create_booking(event, confirmed_at=ends_at - timedelta(days=10))

    moments = [
        due_at - timedelta(minutes=1),
        due_at,
        due_at + timedelta(minutes=10),
        due_at + timedelta(days=3),
    ]

    assert [thank(moment) for moment in moments] == [0, 1, 0, 0]


def test_thanks_are_for_who_came_once_an_address_with_a_form_each():
    event = create_event(starts_in=timedelta(days=-1))
    long_ago = timezone.now() - timedelta(days=10)
    family = create_booking(event, places=2, email="famille@example.org", confirmed_at=long_ago)
    create_booking(event, Booking.State.WAITING, confirmed_at=long_ago)

    assert thank(timezone.now() + timedelta(days=1)) == 1

    text = Email.objects.get().text
    assert [address(place) in text for place in family.places] == [True, True]
    assert f"http://localhost:8000{event.get_absolute_url()}\n" in text


def test_who_has_left_the_questionnaires_gets_none_and_is_still_reminded_before(event):
    long_ago = timezone.now() - timedelta(days=60)
    coming = create_event(starts_in=timedelta(days=1))
    for email in ("lou@example.org", "zoe@example.org"):
        create_booking(event, email=email, confirmed_at=long_ago)
    create_booking(coming, email="lou@example.org", confirmed_at=long_ago)
    OptOut.objects.leave("Lou@example.org", List.FEEDBACK)

    thank(timezone.now() + timedelta(hours=23))

    assert sorted(Email.objects.values_list("to", "list")) == [
        ("lou@example.org", ""),
        ("zoe@example.org", "feedback"),
    ]


def test_thanks_lead_to_what_remains_of_the_event():
    event = create_event(starts_in=timedelta(days=-1))
    event.resources.create(title="Supports", url="https://example.org/supports.pdf")
    booking = create_booking(event, confirmed_at=timezone.now() - timedelta(days=10))

    thank(timezone.now() + timedelta(days=1))

    text = Email.objects.get().text
    page = f"http://localhost:8000{booking.places[0].get_absolute_url()}\n"
    assert f"Voir les supports\u00a0:\n{page}" in text


def test_a_cancelled_event_thanks_nobody(event):
    create_booking(event)
    Event.objects.update(status=Event.Status.CANCELLED)

    assert thank(timezone.now() + timedelta(days=1)) == 0


# Three questions


def test_who_came_answers_from_the_link_of_their_place_and_changes_it(client, event):
    place = create_booking(event).places[0]

    page = client.post(
        address(place), {"rating": "4", "useful": "Les exemples", "would_recommend": "True"}, follow=True
    )
    assert "Merci, votre avis est enregistré." in page.text
    client.post(address(place), {"rating": "2", "useful": "", "would_recommend": ""})

    [feedback] = Feedback.objects.all()
    assert (feedback.rating, feedback.useful, feedback.would_recommend) == (2, "", None)
    assert feedback.event == event


def test_the_form_shows_what_was_answered_and_says_who_reads_it(client, event):
    place = create_booking(event).places[0]
    place.give_feedback(**ANSWER | {"would_recommend": False})

    page = client.get(address(place)).text

    assert 'value="4" required id="id_rating_3" checked' in page
    assert 'value="False" id="id_would_recommend_1" checked' in page
    assert "Les exemples</textarea>" in page
    assert "sans voir votre nom" in page


@pytest.mark.parametrize("rating", ["", "0", "6", "trois"])
def test_the_mark_is_from_one_to_five(client, event, rating):
    place = create_booking(event).places[0]

    response = client.post(address(place), {"rating": rating})

    assert response.status_code == 400
    assert Feedback.objects.count() == 0


def test_a_missing_mark_is_asked_for_after_its_question_without_a_colon(client, event):
    [place] = create_booking(event).places

    page = client.post(address(place), {"rating": ""}).text

    assert "comment était-ce\u202f? Choisissez une réponse de 1 à 5.</a>" in page


def test_each_place_of_a_party_answers_for_itself(event):
    for place in create_booking(event, places=3).places:
        place.give_feedback(**ANSWER)

    assert event.feedback.count() == 3


@pytest.mark.parametrize(
    ("days", "words"),
    [(1, "Le questionnaire ouvre à la fin"), (-32, "Le questionnaire est fermé.")],
)
def test_the_form_is_closed_before_the_end_and_after_thirty_days(client, days, words):
    place = create_booking(create_event(starts_in=timedelta(days=days))).places[0]

    page = client.post(address(place), {"rating": "4"}, follow=True).text

    assert words in page
    assert 'name="rating"' not in page
    assert Feedback.objects.count() == 0


@pytest.mark.parametrize("state", [Booking.State.WAITING, Booking.State.CANCELLED])
def test_who_had_no_place_is_not_asked(client, event, state):
    place = create_booking(event, state).places[0]

    assert client.get(address(place)).status_code == 404
    with pytest.raises(FeedbackClosed):
        place.give_feedback(**ANSWER)


def test_an_unknown_place_is_not_found(client):
    assert client.get(f"/reservations/place/{uuid4()}/avis/").status_code == 404


def test_the_page_of_a_place_leads_to_the_form_while_it_is_open(client, event):
    place = create_booking(event).places[0]

    assert f'href="{address(place)}"' in client.get(place.get_absolute_url()).text


# What staff read


def test_once_closed_nothing_says_whose_an_answer_is(event, time_machine_travel):
    create_booking(event).places[0].give_feedback(**ANSWER)

    assert tasks.unsign_feedback() == 0
    with time_machine_travel(days=31):
        assert tasks.unsign_feedback() == 1
        assert tasks.unsign_feedback() == 0

    feedback = Feedback.objects.get()
    assert (feedback.place, feedback.rating) == (None, 4)


def test_staff_read_averages_and_texts_of_an_event_and_no_name(client, event):
    client.force_login(create_staff())
    for rating, would_recommend in ((5, True), (4, True), (2, False), (4, None)):
        place = create_booking(event, name="Zoé Secrète").places[0]
        place.give_feedback(rating=rating, useful="Les exemples", would_recommend=would_recommend)
    other = create_booking(create_event(starts_in=timedelta(days=-2))).places[0]
    other.give_feedback(rating=1, useful="", would_recommend=None)

    page = client.get(ANSWERS, {"event__id__exact": event.pk})

    assert page.context_data["summary"] == {
        "count": 4,
        "average": 3.75,
        "recommending": 2,
        "asked": 3,
        "marks": [(5, 1), (4, 2), (3, 0), (2, 1), (1, 0)],
    }
    assert "Les exemples" in page.text
    assert "Zoé Secrète" not in page.text
    assert len(search(client, ANSWERS)) == 5


def test_answers_are_read_and_never_written(client, event):
    client.force_login(create_staff())
    create_booking(event).places[0].give_feedback(**ANSWER)
    feedback = Feedback.objects.get()

    assert client.get(reverse("admin:events_feedback_add")).status_code == 403
    page = client.get(reverse("admin:events_feedback_change", args=[feedback.pk])).text
    assert '<input type="submit"' not in page


def test_answers_ask_for_their_own_right(client):
    user = create_user(is_staff=True, second_factor=True)
    client.force_login(user)
    assert client.get(ANSWERS).status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="view_feedback"))

    assert client.get(ANSWERS).status_code == 200


def test_the_list_costs_the_same_for_one_answer_as_for_a_hundred(client, event):
    client.force_login(create_staff())

    assert_same_queries(client, ANSWERS, lambda: create_booking(event).places[0].give_feedback(**ANSWER))


def test_no_answer_has_no_average():
    assert Feedback.objects.summary()["average"] is None
