from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.core.files.base import ContentFile
from django.db import models
from django.urls import reverse
from django.utils import timezone

from events.models import Audience, Event, Question, Theme
from events.recurrence import Pattern, Recurrence, SeriesRefused
from tests.admin import search, told, unlabelled
from tests.factories import (
    create_event,
    create_partner,
    create_price,
    create_promo_code,
    create_resource,
    create_slot,
    create_speaker,
    create_staff,
    create_user,
    register,
)
from tests.uploads import picture

pytestmark = pytest.mark.django_db
PARIS = ZoneInfo("Europe/Paris")
WHY = SeriesRefused.Why
EVENTS = reverse("admin:events_event_changelist")


def paris(*when):
    return datetime(*when, tzinfo=PARIS)


def on_the_clock(moments):
    return [f"{timezone.localtime(moment):%d/%m %H:%M %z}" for moment in moments]


def weekly(first, count, **options):
    return on_the_clock(Recurrence(Pattern.WEEKS, count=count, **options).dates(first))


@pytest.fixture
def staff(client):
    client.force_login(create_staff())
    return client


@pytest.fixture
def _in_2026():
    with time_machine.travel("2026-01-05T10:00+01:00"):
        yield


# Dates


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (paris(2026, 3, 24, 18, 30), ["31/03 18:30 +0200", "07/04 18:30 +0200"]),
        (paris(2026, 10, 20, 18, 30), ["27/10 18:30 +0100", "03/11 18:30 +0100"]),
        (paris(2026, 3, 22, 2, 30), ["29/03 03:30 +0200", "05/04 02:30 +0200"]),
        (paris(2026, 10, 18, 2, 30), ["25/10 02:30 +0200", "01/11 02:30 +0100"]),
    ],
    ids=["to summer", "to winter", "an hour that is skipped", "an hour that comes twice"],
)
def test_the_hour_of_the_clock_stays_through_a_change_of_hour(first, expected):
    assert weekly(first, 2) == expected


def test_every_second_week():
    assert weekly(paris(2026, 1, 6, 9), 3, every=2) == [
        "20/01 09:00 +0100",
        "03/02 09:00 +0100",
        "17/02 09:00 +0100",
    ]


def test_the_second_tuesday_of_each_month():
    dates = Recurrence(Pattern.NTH_WEEKDAY, until=date(2026, 5, 31)).dates(paris(2026, 1, 13, 18))

    assert on_the_clock(dates) == [
        "10/02 18:00 +0100",
        "10/03 18:00 +0100",
        "14/04 18:00 +0200",
        "12/05 18:00 +0200",
    ]


def test_the_last_friday_of_every_other_month():
    dates = Recurrence(Pattern.LAST_WEEKDAY, every=2, count=3).dates(paris(2026, 1, 30, 12))

    assert [day.strftime("%d/%m") for day in dates] == ["27/03", "29/05", "31/07"]


def test_the_day_named_as_the_end_is_one_of_them():
    dates = Recurrence(Pattern.WEEKS, until=date(2026, 1, 20)).dates(paris(2026, 1, 6, 23, 30))

    assert on_the_clock(dates) == ["13/01 23:30 +0100", "20/01 23:30 +0100"]


@pytest.mark.parametrize(
    ("until", "why"), [(date(2026, 1, 12), WHY.NO_DATE), (date(2030, 1, 1), WHY.TOO_MANY)]
)
def test_no_date_and_too_many_are_refused(until, why):
    with pytest.raises(SeriesRefused) as refusal:
        Recurrence(Pattern.WEEKS, until=until).dates(paris(2026, 1, 6, 9))

    assert refusal.value.why == why


def test_sixty_dates_are_the_most():
    assert len(weekly(paris(2026, 1, 6, 9), 60)) == 60


# A copy


def full_event(**fields):
    """Something of everything that an event can have."""
    starts_at = paris(2026, 3, 24, 18, 30)
    moments = {
        "registration_opens_at": starts_at - timedelta(days=20),
        "registration_closes_at": starts_at - timedelta(hours=1),
        "refunds_until": starts_at - timedelta(days=2),
    }
    texts = {
        "slug": "cafe-ia",
        "access": "Tram 1",
        "accessibility": "De plain-pied",
        "image_alt": "Une salle",
    }
    image = ContentFile(picture(), "salle.png")
    event = create_event(
        starts_at=starts_at, capacity=5, needs_approval=False, image=image, **texts | moments | fields
    )
    event.themes.add(Theme.objects.create(name="santé", slug="sante"))
    event.audiences.add(Audience.objects.create(name="élus", slug="elus"))
    event.partners.add(create_partner())
    create_price(event, 10, name="Tôt", quota=3, closes_at=starts_at - timedelta(days=7))
    Question.objects.create(event=event, label="Régime", kind=Question.Kind.CHOICE, choices="a\nb")
    create_slot(event, timedelta(minutes=15), title="Ouverture").speakers.add(create_speaker(event))
    return event


@pytest.fixture
def _own_storage(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.mark.usefixtures("_in_2026", "_own_storage")
def test_a_copy_is_the_same_event_at_another_date():
    event = full_event()

    twin = event.copy(starts_at=paris(2026, 3, 31, 18, 30))

    twin.refresh_from_db()
    assert (twin.slug, twin.title, twin.status) == ("cafe-ia-2026-03-31", event.title, Event.Status.DRAFT)
    assert (twin.access, twin.accessibility, twin.capacity) == ("Tram 1", "De plain-pied", 5)
    assert (twin.image.name, twin.image_alt) == (event.image.name, "Une salle")
    for name in ("themes", "audiences", "partners", "speakers"):
        assert list(getattr(twin, name).all()) == list(getattr(event, name).all())
    assert [(price.name, price.amount, price.quota) for price in twin.prices.all()] == [("Tôt", 10, 3)]
    assert [question.choice_list for question in twin.questions.all()] == [["a", "b"]]
    [slot] = twin.slots.all()
    assert (slot.title, list(slot.speakers.all())) == ("Ouverture", list(event.speakers.all()))


@pytest.mark.usefixtures("_in_2026", "_own_storage")
def test_every_moment_of_a_copy_moves_by_as_much_on_the_clock():
    event = full_event()

    twin = event.copy(starts_at=paris(2026, 3, 31, 18, 30))

    [slot], [price] = twin.slots.all(), twin.prices.all()
    moments = [twin.ends_at, slot.starts_at, slot.ends_at, price.closes_at]
    assert on_the_clock([*moments, twin.registration_opens_at, twin.refunds_until]) == [
        "31/03 20:30 +0200",
        "31/03 18:45 +0200",
        "31/03 19:15 +0200",
        "24/03 18:30 +0100",
        "11/03 18:30 +0100",
        "29/03 18:30 +0200",
    ]
    slot.full_clean()


@pytest.mark.usefixtures("_in_2026", "_own_storage")
def test_a_copy_has_nothing_of_what_happened_to_the_event():
    event = full_event(registration_opens_at=None)
    create_promo_code(event)
    create_resource(event)
    register(event)
    event.cancel()

    twin = event.copy(starts_at=paris(2026, 3, 31, 18, 30))

    left = [getattr(twin, name).count() for name in Event.NOT_COPIED]
    assert left == [0] * len(left)
    assert (twin.registrations.count(), twin.sequence, twin.status) == (0, 0, Event.Status.DRAFT)
    assert event.bookings.count() == 1


def test_what_is_copied_and_what_is_not_is_said_of_everything_an_event_has():
    rows = {
        relation.get_accessor_name()
        for relation in Event._meta.related_objects
        if isinstance(relation, models.ManyToOneRel)
    }

    assert rows == {*Event.COPIED, *Event.NOT_COPIED}


def test_copies_on_the_same_day_have_addresses_of_their_own():
    event = create_event(slug="cafe-ia-2026-01-06")
    day = paris(2026, 2, 3, 9)

    slugs = [event.copy(starts_at=day + timedelta(hours=hours)).slug for hours in range(3)]

    assert slugs == ["cafe-ia-2026-02-03", "cafe-ia-2026-02-03-2", "cafe-ia-2026-02-03-3"]


def test_a_very_long_address_stays_within_its_limit():
    twin = create_event(slug="x" * 220).copy(starts_at=paris(2026, 2, 3, 9))

    twin.full_clean()
    assert twin.slug == "x" * 200 + "-2026-02-03"


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "expected"),
    [
        (paris(2026, 3, 22, 2, 30), paris(2026, 3, 22, 3, 15), ["29/03 03:30 +0200", "29/03 04:15 +0200"]),
        (paris(2026, 3, 21, 22), paris(2026, 3, 22, 5), ["28/03 22:00 +0100", "29/03 05:00 +0200"]),
        (paris(2026, 3, 22, 1), paris(2026, 3, 22, 2, 30), ["29/03 01:00 +0100", "29/03 03:30 +0200"]),
    ],
    ids=["begins in the hour skipped", "passes over it", "ends in it"],
)
def test_a_copy_ends_after_it_begins_on_the_night_of_a_change(starts_at, ends_at, expected):
    event = create_event(starts_at=starts_at, ends_at=ends_at)
    [day] = Recurrence(Pattern.WEEKS, count=1).dates(starts_at)

    twin = event.copy(starts_at=day)

    assert on_the_clock([twin.starts_at, twin.ends_at]) == expected


def test_a_copy_to_the_second_time_an_hour_is_said_lasts_as_long():
    event = create_event(starts_at=paris(2026, 10, 18, 2, 15), lasts=timedelta(minutes=30))

    twin = event.copy(starts_at=paris(2026, 10, 25, 2, 15).replace(fold=1))

    assert on_the_clock([twin.starts_at, twin.ends_at]) == ["25/10 02:15 +0100", "25/10 02:45 +0100"]


# A series


@pytest.mark.usefixtures("_in_2026")
def test_a_series_is_drafts_that_know_each_other():
    event = create_event(starts_at=paris(2026, 1, 13, 18), slug="cafe-ia")

    twins = event.repeat(Recurrence(Pattern.NTH_WEEKDAY, count=2))

    assert [twin.slug for twin in twins] == ["cafe-ia-2026-02-10", "cafe-ia-2026-03-10"]
    assert {twin.status for twin in twins} == {Event.Status.DRAFT}
    assert set(event.series.events.all()) == {event, *twins}


@pytest.mark.usefixtures("_in_2026")
def test_a_series_is_lengthened_without_doubling_its_dates():
    event = create_event(starts_at=paris(2026, 1, 13, 18))
    event.repeat(Recurrence(Pattern.WEEKS, count=2))

    more = event.repeat(Recurrence(Pattern.WEEKS, count=4))

    assert [f"{twin.starts_at:%d/%m}" for twin in more] == ["03/02", "10/02"]
    assert event.series.events.count() == 5
    with pytest.raises(SeriesRefused) as refusal:
        event.repeat(Recurrence(Pattern.WEEKS, count=4))
    assert refusal.value.why == WHY.NO_DATE


@pytest.mark.parametrize(
    ("lasts", "starts_at", "why"),
    [
        (timedelta(days=8), paris(2026, 1, 13, 18), WHY.OVERLAP),
        (timedelta(hours=2), paris(2025, 12, 1, 18), WHY.IN_THE_PAST),
    ],
)
@pytest.mark.usefixtures("_in_2026")
def test_a_series_that_makes_no_sense_is_refused_and_nothing_is_kept(lasts, starts_at, why):
    event = create_event(starts_at=starts_at, lasts=lasts)

    with pytest.raises(SeriesRefused) as refusal:
        event.repeat(Recurrence(Pattern.WEEKS, count=3))

    event.refresh_from_db()
    assert (refusal.value.why, event.series, Event.objects.count()) == (why, None, 1)


@pytest.mark.usefixtures("_in_2026")
def test_the_page_shows_the_other_dates_to_come(client):
    event = create_event(starts_at=paris(2026, 1, 13, 18))
    first, second, draft = event.repeat(Recurrence(Pattern.WEEKS, count=3))
    for twin in (first, second):
        twin.publish()

    page = client.get(first.get_absolute_url())

    assert list(page.context["other_dates"]) == [event, second]
    assert draft.get_absolute_url() not in page.text


# In the admin


def page_of(event, name):
    return reverse(f"admin:events_event_{name}", args=[event.pk])


def test_staff_copy_an_event(staff):
    event = create_event()

    response = staff.post(page_of(event, "copy"), {"starts_at": "2027-06-01T18:30"})

    twin = Event.objects.exclude(pk=event.pk).get()
    assert response["Location"] == page_of(twin, "change")
    assert on_the_clock([twin.starts_at]) == ["01/06 18:30 +0200"]
    assert LogEntry.objects.get().change_message == f"Copié de «\u00a0{event.slug}\u00a0»."


def test_staff_create_a_series_and_see_it(staff):
    event = create_event()

    data = {"pattern": Pattern.WEEKS, "every": 2, "count": 3, "is_published": "on"}
    response = staff.post(page_of(event, "series"), data, follow=True)

    assert told(response) == ["3 dates créées."]
    [address] = [url for url, _status in response.redirect_chain]
    event.refresh_from_db()
    assert len(search(staff, address)) == 4
    assert {other.status for other in event.series.events.all()} == {Event.Status.PUBLISHED}


def test_the_choices_are_those_of_the_date(staff):
    fourth_and_last = create_event(starts_at=paris(2027, 2, 23, 18))
    fifth = create_event(starts_at=paris(2027, 3, 30, 18))

    labels = [
        [
            label
            for _value, label in staff.get(page_of(event, "series"))
            .context["adminform"]
            .form["pattern"]
            .field.choices
        ]
        for event in (fourth_and_last, fifth)
    ]

    weekly, last = "toutes les semaines, le mardi", "tous les mois, le dernier mardi"
    assert labels == [[weekly, "tous les mois, le quatrième mardi", last], [weekly, last]]


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({}, "Dites combien de dates, ou jusqu’à quand\u00a0: l’un des deux."),
        (
            {"count": 2, "until": "2030-01-01"},
            "Dites combien de dates, ou jusqu’à quand\u00a0: l’un des deux.",
        ),
        ({"until": "2020-01-01"}, "Ces choix ne donnent aucune date nouvelle."),
        (
            {"until": "2099-01-01"},
            "Une série a au plus 60 dates\u00a0: choisissez une fin plus proche.",
        ),
    ],
)
def test_what_makes_no_sense_is_said_in_the_form(staff, typed, message):
    event = create_event()

    response = staff.post(page_of(event, "series"), {"pattern": Pattern.WEEKS, "every": 1, **typed})

    assert response.status_code == 400
    assert response.context["adminform"].form.non_field_errors() == [message]
    assert Event.objects.count() == 1


def test_more_than_sixty_dates_cannot_be_asked_for(staff):
    event = create_event()

    response = staff.post(page_of(event, "series"), {"pattern": Pattern.WEEKS, "every": 1, "count": 61})

    assert (response.status_code, list(response.context["errors"])) == (400, ["count"])


def test_a_draft_does_not_offer_to_publish_its_series(staff):
    event = create_event(status=Event.Status.DRAFT)

    staff.post(
        page_of(event, "series"), {"pattern": Pattern.WEEKS, "every": 1, "count": 1, "is_published": "on"}
    )

    assert set(Event.objects.values_list("status", flat=True)) == {Event.Status.DRAFT}


@pytest.mark.parametrize("name", ["copy", "series"])
def test_the_pages_are_labelled_and_for_those_who_may_add_events(client, name):
    event = create_event()
    client.force_login(create_user(is_staff=True, second_factor=True))
    refused = client.get(page_of(event, name))
    client.force_login(create_staff())

    assert refused.status_code == 403
    assert unlabelled(client.get(page_of(event, name))) == []
