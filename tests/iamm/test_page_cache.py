"""No page given to a stranger is ever older than the last change, whoever made it, even the clock."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from events import views
from events.models import Booking, Event, Training
from iamm import page_cache, page_version
from members.models import Plan
from partners.models import Partner
from tests.factories import (
    create_booking,
    create_event,
    create_partner,
    create_plan,
    create_staff,
    create_training,
    create_user,
    register,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _pages_are_kept(settings):
    settings.SHARED_PAGES = True
    cache.clear()
    page_cache._near.clear()


@pytest.fixture
def read(settings):
    """A stranger reads a page: as they get it, or rendered for them alone."""

    def get(path, *, anew=False, **headers):
        settings.SHARED_PAGES = not anew
        answer = Client().get(path, headers={"Accept-Language": "fr"} | headers)
        settings.SHARED_PAGES = True
        return answer

    return get


def is_given_as_kept(answer):
    return answer.templates == [] and answer.status_code == 200


@contextmanager
def nobody_else_in_this_process():
    """As another process sees it: without this one's copies."""
    page_cache._near.clear()
    yield
    page_cache._near.clear()


PAGES = [
    "/",
    "/agenda/",
    "/agenda/calendrier/2030/6/",
    "/agenda/rencontre/",
    "/formations/",
    "/formations/prompt/",
    "/fondateurs/",
    "/fondateurs/labo/",
    "/adherer/",
    "/plan-du-site/",
    "/confidentialite/",
    "/sitemap.xml",
]


@pytest.fixture
def life():
    training = create_training(slug="prompt")
    event = create_event(slug="rencontre", title="Rencontre", capacity=10)
    partner = create_partner(slug="labo", name="Le Labo")
    event.partners.add(partner)
    create_event(slug="session", kind="formation", training=training)
    return event


@pytest.mark.parametrize("path", PAGES)
def test_a_public_page_is_rendered_once_and_then_given_whole_without_a_cookie(life, read, path):
    first = read(path)
    second = read(path)
    with nobody_else_in_this_process():
        third = read(path)

    assert [is_given_as_kept(answer) for answer in (first, second, third)] == [False, True, True]
    assert first.content == second.content == third.content == read(path, anew=True).content
    assert "Content-Security-Policy" in third
    ours = {name: value for name, value in first.items() if name != "X-Request-ID"}
    assert {name: value for name, value in third.items() if name != "X-Request-ID"} == ours
    assert first.cookies == second.cookies == {}


@pytest.mark.parametrize("path", ["/agenda/flux.ics", "/agenda/flux.atom", "/agenda/rencontre.ics"])
def test_a_feed_is_the_same_kept_or_not(life, read, path):
    first, second = read(path), read(path)

    assert first.content == second.content
    assert second["Cache-Control"] == "public, no-cache"


def take_a_place(event):
    register(event)


def give_a_place_back(event):
    Booking.objects.filter(event=event).order_by("pk").first().cancel()


def change_by_update(event):
    Event.objects.filter(pk=event.pk).update(title="Tout autre chose")


def change_by_save(event):
    event.title = "Tout autre chose"
    event.save()


def call_off(event):
    event.cancel()


def publish_another(event):
    create_event(title="Nouvelle venue")


def create_many(event):
    starts_at = timezone.now() + timedelta(days=3)
    dates = {"starts_at": starts_at, "ends_at": starts_at + timedelta(hours=1)}
    words = {"kind": "conference", "status": "published", "summary": "On en parle", "venue": "Ici"}
    Event.objects.bulk_create(Event(title=f"N° {n}", slug=f"n-{n}", **words, **dates) for n in range(3))


def delete(event):
    Event.objects.filter(slug="session").delete()


def change_by_hand(event):
    with connection.cursor() as cursor:
        cursor.executemany("UPDATE events_event SET title = %s WHERE id = %s", [("À la main", event.pk)])


def change_a_training(event):
    Training.objects.update(title="Autre formation")


def rename_a_partner(event):
    partner = Partner.objects.get(slug="labo")
    partner.name = "Le Grand Labo"
    partner.save()


def open_a_plan(event):
    create_plan(price=1, name="À prix libre")


def close_the_plans(event):
    Plan.objects.all().delete()


CHANGES = [
    take_a_place,
    give_a_place_back,
    change_by_update,
    change_by_save,
    call_off,
    publish_another,
    create_many,
    delete,
    change_by_hand,
    change_a_training,
    rename_a_partner,
    open_a_plan,
    close_the_plans,
]


@pytest.mark.parametrize("change", CHANGES)
def test_the_next_reader_after_a_change_sees_it(life, read, change):
    register(life)
    create_plan(price=40)
    before = {path: read(path).content for path in PAGES}

    change(life)

    after = {path: read(path).content for path in PAGES}
    assert after == {path: read(path, anew=True).content for path in PAGES}
    assert after != before


def test_an_edit_in_the_admin_shows_at_once(life, read):
    staff = Client()
    staff.force_login(create_staff())
    partner = Partner.objects.get(slug="labo")
    address = f"/admin/partners/partner/{partner.pk}/change/"
    form = staff.get(address).context["adminform"].form
    fields = {name: value for name, value in form.initial.items() if name in form.fields and name != "logo"}
    management = {"facts-TOTAL_FORMS": "0", "facts-INITIAL_FORMS": "0"}
    assert "Nouveau rôle" not in read("/fondateurs/labo/").text

    answer = staff.post(address, fields | management | {"role": "Nouveau rôle", "is_founder": "on"})

    assert answer.status_code == 302
    assert "Nouveau rôle" in read("/fondateurs/labo/").text


NOON = "2030-06-05T10:00:00+00:00"


@pytest.mark.parametrize(
    ("later", "fields"),
    [
        (timedelta(seconds=9), {"starts_in": timedelta(seconds=5)}),
        (timedelta(seconds=9), {"starts_in": timedelta(hours=-1), "lasts": timedelta(hours=1, seconds=5)}),
        (timedelta(seconds=9), {"registration_opens_at": timedelta(seconds=5)}),
        (timedelta(seconds=9), {"registration_closes_at": timedelta(seconds=5)}),
        (timedelta(minutes=21), {"capacity": 1}),
    ],
    ids=["begins", "ends", "opens", "closes", "a hold expires"],
)
def test_what_the_clock_changes_shows_at_that_moment(read, time_machine, later, fields):
    time_machine.move_to(NOON, tick=False)
    moments = {name: timezone.now() + value for name, value in fields.items() if name.endswith("_at")}
    event = create_event(slug="rencontre", **fields | moments)
    if "capacity" in fields:
        held_until = timezone.now() + timedelta(minutes=20, seconds=55)
        create_booking(event, Booking.State.HELD, expires_at=held_until)
        time_machine.shift(timedelta(minutes=20, seconds=50))
        later = timedelta(seconds=10)
    before = read("/agenda/rencontre/")
    assert is_given_as_kept(read("/agenda/rencontre/"))

    time_machine.shift(later)

    assert read("/agenda/rencontre/").content == read("/agenda/rencontre/", anew=True).content
    assert read("/agenda/rencontre/").content != before.content


def test_midnight_is_the_one_of_paris(read, time_machine):
    time_machine.move_to("2030-06-05T21:59:50+00:00", tick=False)
    create_event()
    before = read("/agenda/calendrier/2030/6/")

    time_machine.shift(timedelta(seconds=10))

    after = read("/agenda/calendrier/2030/6/")
    assert after.content == read("/agenda/calendrier/2030/6/", anew=True).content != before.content


def test_what_changed_behind_everyones_back_is_seen_within_minutes(life, read, time_machine, settings):
    read("/agenda/rencontre/")

    settings.SHARED_PAGES = False  # as would a psql on another machine
    Event.objects.update(title="Par derrière")
    settings.SHARED_PAGES = True

    assert "Par derrière" not in read("/agenda/rencontre/").text
    time_machine.move_to(timezone.now() + page_version.CHECKED_EVERY)
    assert "Par derrière" in read("/agenda/rencontre/").text


def test_a_change_during_the_rendering_is_not_hidden_by_what_was_rendered(life, read, monkeypatch):
    def render_then_change(*arguments):
        response = render(*arguments)
        Event.objects.update(title="Entre-temps")
        return response

    render = views.render
    monkeypatch.setattr(views, "render", render_then_change)
    during = read("/agenda/rencontre/")
    monkeypatch.setattr(views, "render", render)

    assert "Entre-temps" not in during.text
    assert "Entre-temps" in read("/agenda/rencontre/").text


def save_in_vain(event):
    """In a transaction, or a savepoint, that is rolled back."""
    with transaction.atomic():
        event.save()
        transaction.set_rollback(True)


def test_a_transaction_renews_the_version_once_and_only_if_it_is_committed(life, monkeypatch):
    renewals = []
    monkeypatch.setattr(page_version, "renew", lambda: renewals.append(1))

    with transaction.atomic():
        life.save()
        Event.objects.update(title="Deux fois")
    assert len(renewals) == 1

    save_in_vain(life)
    assert len(renewals) == 1

    with transaction.atomic():
        save_in_vain(life)
        Event.objects.update(title="Après un essai")
    assert len(renewals) == 2


def test_what_does_not_make_pages_leaves_them_kept(life, read):
    read("/agenda/")

    create_user()

    assert is_given_as_kept(read("/agenda/"))


def test_each_table_that_pages_are_made_of_is_watched():
    tables = connection.introspection.table_names()
    theirs = {name for app in page_version.PAGE_APPS for name in tables if name.startswith(f"{app}_")}

    from_models = {
        model._meta.db_table
        for app in page_version.PAGE_APPS
        for model in page_version.apps.get_app_config(app).get_models(include_auto_created=True)
    }
    assert from_models == theirs
