from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from events.models import Booking, Event, Place, Theme, Training
from mailing.models import Email
from payments.models import Refund
from tests.admin import act, assert_same_queries, search, told, typed, unlabelled
from tests.factories import (
    create_booking,
    create_event,
    create_partner,
    create_price,
    create_promo_code,
    create_staff,
    create_training,
    create_user,
    register,
)

pytestmark = pytest.mark.django_db
STATE = Booking.State
EVENTS = reverse("admin:events_event_changelist")
BOOKINGS = reverse("admin:events_booking_changelist")
REGISTRATIONS = reverse("admin:events_registration_changelist")
ADD = reverse("admin:events_event_add")


@pytest.fixture
def staff(client):
    client.force_login(create_staff())
    return client


def page_of(event):
    return reverse("admin:events_event_change", args=[event.pk])


def form_of(client, event=None, **changes):
    """What the browser sends for this event, or for a new one, once `changes` are typed."""
    if event:
        return typed(client.get(page_of(event)), **changes)
    starts_at = timezone.localtime(timezone.now() + timedelta(days=9))
    moments = {"starts_at": starts_at, "ends_at": starts_at + timedelta(hours=2)}
    new = {"title": "Une rencontre", "slug": "une-rencontre", "kind": "rencontre", "summary": "On en parle"}
    new |= {"venue": "Ici"} | {name: f"{moment:%Y-%m-%dT%H:%M}" for name, moment in moments.items()}
    return typed(client.get(ADD), **new | changes)


def states(event):
    return list(event.bookings.order_by("pk").values_list("state", flat=True))


# Writing an event


def test_a_new_event_is_a_draft_whatever_is_forged(staff):
    response = staff.post(ADD, form_of(staff, status="published"))

    assert response.status_code == 302
    assert Event.objects.get().status == Event.Status.DRAFT


def test_hours_are_typed_and_shown_in_paris(staff):
    staff.post(ADD, form_of(staff, starts_at="2026-07-01T18:30", ends_at="2026-07-01T20:00"))

    event = Event.objects.get()
    page = staff.get(page_of(event)).text
    assert event.starts_at.isoformat() == "2026-07-01T16:30:00+00:00"
    assert 'type="datetime-local" name="starts_at" value="2026-07-01T18:30"' in page


def test_an_hour_that_does_not_exist_is_refused(staff):
    response = staff.post(ADD, form_of(staff, starts_at="2027-03-28T02:30", ends_at="2027-03-28T05:00"))

    assert response.status_code == 200
    assert list(response.context["adminform"].errors) == ["starts_at"]


def test_an_event_is_saved_and_published_by_one_button(staff):
    staff.post(ADD, form_of(staff, _publish="yes"))

    assert Event.objects.get().status == Event.Status.PUBLISHED


def test_a_draft_that_does_not_validate_is_not_published(staff):
    event = create_event(status=Event.Status.DRAFT)

    staff.post(page_of(event), form_of(staff, event, venue="", _publish="yes"))

    event.refresh_from_db()
    assert event.status == Event.Status.DRAFT


def test_only_a_draft_offers_to_be_published(staff):
    pages = {status: staff.get(page_of(create_event(status=status))).text for status in Event.Status.values}

    assert [status for status, page in pages.items() if "_publish" in page] == ["draft"]


def test_a_forged_status_is_ignored(staff):
    event = create_event()

    staff.post(page_of(event), form_of(staff, event, status="draft", title="Autre titre"))

    event.refresh_from_db()
    assert (event.status, event.title) == (Event.Status.PUBLISHED, "Autre titre")


def test_only_what_was_changed_is_written(staff, monkeypatch):
    """Somebody cancels the event between the reading of the row and its writing."""
    event = create_event()

    def cancel_meanwhile(form):
        Event.objects.filter(pk=event.pk).update(status=Event.Status.CANCELLED, summary="Changé entre-temps")
        return form.cleaned_data["capacity"]

    monkeypatch.setattr("events.admin.forms.EventForm.clean_capacity", cancel_meanwhile)
    staff.post(page_of(event), form_of(staff, event, title="Autre titre"))

    event.refresh_from_db()
    assert (event.title, event.status) == ("Autre titre", Event.Status.CANCELLED)
    assert event.summary == "Changé entre-temps"


def test_themes_and_partners_alone_count_as_a_change_for_the_feeds(staff):
    event = create_event()
    theme, partner, before = (
        Theme.objects.create(name="santé", slug="sante"),
        create_partner(),
        event.updated_at,
    )

    staff.post(page_of(event), form_of(staff, event, themes=[theme.pk], partners=[partner.pk]))

    event.refresh_from_db()
    assert (list(event.themes.all()), list(event.partners.all())) == ([theme], [partner])
    assert event.updated_at > before


def test_every_input_of_the_event_form_has_a_label(staff):
    Theme.objects.create(name="santé", slug="sante")
    create_partner()

    assert unlabelled(staff.get(ADD)) == []
    assert unlabelled(staff.get(page_of(create_event()))) == []


# Places


def test_a_capacity_below_the_places_taken_is_refused_beside_the_field(staff):
    event = create_event(capacity=3)
    register(event)
    register(event)

    response = staff.post(page_of(event), form_of(staff, event, capacity=1))

    event.refresh_from_db()
    message = "2 places sont déjà prises\u00a0: on ne peut pas descendre en dessous."
    assert response.context["adminform"].errors == {"capacity": [message]}
    assert event.capacity == 3


def test_a_capacity_can_go_down_to_the_places_taken(staff):
    event = create_event(capacity=3)
    register(event)

    staff.post(page_of(event), form_of(staff, event, capacity=1))

    event.refresh_from_db()
    assert event.capacity == 1


@pytest.mark.parametrize(
    ("capacity", "expected"),
    [(2, ["confirmed", "offered", "waiting"]), ("", ["confirmed", "offered", "offered"])],
)
def test_raising_the_capacity_serves_those_who_wait(staff, capacity, expected):
    event = create_event(capacity=1)
    for _ in range(3):
        register(event)

    response = staff.post(page_of(event), form_of(staff, event, capacity=capacity), follow=True)

    served = expected.count("offered")
    assert states(event) == expected
    assert any(message.startswith(f"{served} réservation") for message in told(response))


def test_the_list_counts_the_places_taken_and_the_queue(staff):
    event = create_event(capacity=2)
    for _ in range(3):
        register(event)
    create_booking(event, state=STATE.HELD, expires_at=timezone.now() - timedelta(minutes=1))

    page = staff.get(EVENTS).text

    assert '<td class="field-places">2/2 + 1 en attente</td>' in page
    assert f'<a href="{REGISTRATIONS}?event={event.pk}">Voir la liste</a>' in page


def test_a_quota_below_what_is_taken_is_refused_beside_the_field(staff):
    event = create_event()
    price = create_price(event, quota=5)
    register(event, places=2, price=price)

    response = staff.post(page_of(event), form_of(staff, event, **{"prices-0-quota": 1}))

    price.refresh_from_db()
    message = "2 places sont déjà prises à ce tarif\u00a0: on ne peut pas descendre en dessous."
    assert list(response.context["errors"]) == [[message]]
    assert price.quota == 5


@pytest.mark.parametrize(
    ("rows", "used"), [("prices", "Plein"), ("promo_codes", "BIENVENUE"), ("questions", "Repas")]
)
def test_what_bookings_use_is_kept_and_said_in_words(staff, rows, used):
    event = create_event()
    price, code = create_price(event, 10, name="Plein"), create_promo_code(event, percent=10)
    question = event.questions.create(label="Repas")
    register(event, places=[Place("Lou", price=price, answers={question: "Oui"})], code=code.code)

    response = staff.post(page_of(event), form_of(staff, event, **{f"{rows}-0-DELETE": "on"}))

    kept = getattr(event, rows).count()
    (message,) = response.context["errors"]
    assert (response.status_code, kept) == (200, 1)
    assert f"s’en servent, donc on ne le supprime pas\u00a0: «\u00a0{used}\u00a0»." in message
    assert "Lou" not in message


def test_what_no_booking_uses_is_deleted(staff):
    event = create_event()
    create_price(event)

    staff.post(page_of(event), form_of(staff, event, **{"prices-0-DELETE": "on"}))

    assert event.prices.count() == 0


def test_an_event_people_come_to_is_not_moved_into_the_past(staff):
    event = create_event()
    register(event)

    response = staff.post(page_of(event), form_of(staff, event, starts_at="2026-01-05T18:30"))

    assert response.context["adminform"].errors == {
        "starts_at": ["Des personnes sont inscrites\u00a0: la nouvelle date est déjà passée."]
    }


def test_an_end_before_the_start_is_refused_in_words(staff):
    event = create_event()

    response = staff.post(page_of(event), form_of(staff, event, ends_at="2026-01-05T18:30"))

    assert response.context["adminform"].form.non_field_errors() == ["La fin doit suivre le début."]


def test_registration_does_not_close_before_it_opens(staff):
    moments = {"registration_opens_at": "2026-12-02T10:00", "registration_closes_at": "2026-12-01T10:00"}

    response = staff.post(ADD, form_of(staff, **moments))

    message = "Les inscriptions fermeraient avant d’ouvrir."
    assert response.context["adminform"].errors == {"registration_closes_at": [message]}


def test_an_event_without_limit_says_so(staff):
    create_event()

    assert '<td class="field-places">0/sans limite</td>' in staff.get(EVENTS).text


def test_the_list_of_events_costs_the_same_for_one_and_for_many(staff):
    assert_same_queries(staff, EVENTS, lambda: create_event(capacity=5))


def test_events_are_filtered_by_date_places_and_words(staff):
    past = create_event(starts_in=timedelta(days=-3), title="Bilan")
    queued = create_event(capacity=1)
    register(queued)
    register(queued)

    assert search(staff, EVENTS, when="past") == [past]
    assert search(staff, EVENTS, when="upcoming") == [queued]
    assert search(staff, EVENTS, places="queued") == [queued]
    assert search(staff, EVENTS, q="bilan") == [past]


# Publishing and cancelling


def test_drafts_are_published_and_others_are_refused(staff):
    draft, cancelled = create_event(status=Event.Status.DRAFT), create_event(status=Event.Status.CANCELLED)

    response = act(staff, EVENTS, "publish", draft, cancelled)

    draft.refresh_from_db()
    cancelled.refresh_from_db()
    assert (draft.status, cancelled.status) == (Event.Status.PUBLISHED, Event.Status.CANCELLED)
    assert told(response) == [
        f"{cancelled}\u00a0: seul un brouillon se publie.",
        "1 événement publié.",
    ]
    assert LogEntry.objects.get().get_change_message() == "Publié."


def test_cancelling_an_event_asks_first(staff):
    event = create_event()
    register(event)

    page = act(staff, EVENTS, "cancel", event)

    event.refresh_from_db()
    assert event.status == Event.Status.PUBLISHED
    assert "seront prévenues par e-mail" in page.text
    assert f"<li>{event}</li>" in page.text


def test_a_confirmed_cancellation_tells_everybody_and_owes_what_was_paid(staff):
    event = create_event(price=20)
    booking = register(event)
    booking.charge.record_payment(method="transfer", amount=20, reference="V1")

    response = act(staff, EVENTS, "cancel", event, confirmed="yes")

    event.refresh_from_db()
    assert (event.status, states(event)) == (Event.Status.CANCELLED, [STATE.CANCELLED])
    assert Refund.objects.to_make().get().amount == 20
    assert Email.objects.filter(key__startswith="events.event_cancelled").count() == 1
    assert told(response) == ["1 événement annulé."]


def test_an_event_is_cancelled_once(staff):
    event = create_event(status=Event.Status.CANCELLED)

    response = act(staff, EVENTS, "cancel", event, confirmed="yes")

    assert told(response) == [f"{event}\u00a0: cet événement est déjà annulé.", "0 événement annulé."]


# Trainings, themes and rights


def test_the_list_of_trainings_shows_the_next_session_at_a_constant_cost(staff):
    def create():
        create_event(kind=Event.Kind.TRAINING, training=create_training())

    assert_same_queries(staff, reverse("admin:events_training_changelist"), create)


def test_a_training_with_sessions_is_not_deleted(staff):
    training = create_event(kind=Event.Kind.TRAINING, training=create_training()).training

    staff.post(reverse("admin:events_training_delete", args=[training.pk]), {"post": "yes"})

    assert Training.objects.filter(pk=training.pk).exists()


def test_an_event_with_bookings_is_not_deleted(staff):
    event = create_event()
    register(event)

    staff.post(reverse("admin:events_event_delete", args=[event.pk]), {"post": "yes"})

    assert Event.objects.filter(pk=event.pk).exists()


def test_staff_without_rights_reach_no_page(client):
    client.force_login(create_user(is_staff=True, second_factor=True))

    assert [client.get(page).status_code for page in (EVENTS, ADD, REGISTRATIONS)] == [403, 403, 403]


def test_who_may_only_look_cannot_publish_or_cancel(client):
    user = create_user(is_staff=True, second_factor=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=["view_event", "view_registration"]))
    client.force_login(user)
    draft, registration = create_event(status=Event.Status.DRAFT), create_booking(create_event())

    act(client, EVENTS, "publish", draft)
    act(client, EVENTS, "cancel", draft, confirmed="yes")
    act(client, REGISTRATIONS, "cancel", registration, confirmed="yes")
    forged = client.post(page_of(draft), form_of(client, draft, title="Autre", _publish="yes"))

    draft.refresh_from_db()
    registration.refresh_from_db()
    assert forged.status_code == 403
    assert (draft.status, registration.state) == (Event.Status.DRAFT, STATE.CONFIRMED)
    assert 'name="action" value="cancel"' not in client.get(page_of(draft)).text
