from datetime import timedelta
from decimal import Decimal
from io import BytesIO

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from events.models import Event, Slot
from events.pictures import validate_picture
from tests.factories import (
    create_booking,
    create_event,
    create_resource,
    create_slot,
    create_speaker,
    create_user,
)
from tests.uploads import HTML, SVG, picture, png_declaring

pytestmark = pytest.mark.django_db
STATE = Event.Status


@pytest.fixture(autouse=True)
def _own_storage(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def with_picture(content=None, name="photo.jpg", **fields):
    content = content or picture("JPEG", size=(2000, 1000))
    return create_event(image=ContentFile(content, name), image_alt="Une salle pleine", **fields)


def stored():
    return sorted(default_storage.listdir("events")[1]) if default_storage.exists("events") else []


def opened(path):
    with default_storage.open(path) as file, Image.open(BytesIO(file.read())) as image:
        image.load()
        return image


def page(client, event):
    return client.get(event.get_absolute_url())


# The picture


def test_a_picture_is_stored_in_several_widths_under_names_of_ours():
    event = with_picture(name="../../x.svg")

    [stem] = {name.split("-")[0] for name in stored()}
    size = f"{stem}-1440x720"
    files = {name: (opened(f"events/{name}").format, opened(f"events/{name}").size) for name in stored()}
    assert event.image.name == f"events/{size}.webp"
    assert files == {
        f"{size}-480.webp": ("WEBP", (480, 240)),
        f"{size}-960.webp": ("WEBP", (960, 480)),
        f"{size}.webp": ("WEBP", (1440, 720)),
        f"{size}.jpg": ("JPEG", (1200, 630)),
    }


def test_a_small_picture_is_not_blown_up():
    event = with_picture(picture(size=(600, 300)))

    assert (event.image.width, event.image.height) == (600, 300)
    assert event.image.srcset.split(", ") == [
        f"{event.image.url.removesuffix('.webp')}-480.webp 480w",
        f"{event.image.url} 600w",
    ]


def test_nothing_of_what_the_camera_wrote_is_kept():
    exif = Image.Exif()
    exif[0x010F] = "Appareil de quelqu'un"
    exif[0x0112] = 6  # lying on its side
    event = with_picture(picture("JPEG", size=(400, 200), exif=exif))

    images = [opened(path) for path in event.image.paths]
    assert (event.image.width, event.image.height) == (200, 400)
    assert [dict(image.getexif()) for image in images] == [{}] * len(images)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (SVG, "Ce fichier n’est pas une image PNG, JPEG ou WebP lisible."),
        (HTML, "Ce fichier n’est pas une image PNG, JPEG ou WebP lisible."),
        (picture("GIF"), "Ce fichier n’est pas une image PNG, JPEG ou WebP lisible."),
        (picture(size=(300, 300))[:-60], "Ce fichier n’est pas une image PNG, JPEG ou WebP lisible."),
        (b"\x89PNG\r\n\x1a\n" + bytes(30_000_000), "Cette image dépasse 8\u00a0Mo."),
        (
            png_declaring(50_000, 50_000),
            "Cette image est trop grande\u00a0: 5\u202f000 pixels de côté suffisent.",
        ),
    ],
    ids=["svg", "html", "gif", "cut short", "30 MB", "decompression bomb"],
)
def test_what_is_no_decent_picture_is_refused_and_not_stored(content, message):
    event = create_event()
    event.image, event.image_alt = ContentFile(content, "photo.png"), "Une salle"

    with pytest.raises(ValidationError) as refusal:
        event.full_clean()

    assert refusal.value.message_dict == {"image": [message]}
    assert stored() == []


def test_a_picture_that_skips_the_form_is_checked_all_the_same():
    with pytest.raises(ValidationError):
        with_picture(SVG)

    assert stored() == []


def test_a_stored_picture_is_not_read_again(monkeypatch):
    event = with_picture()
    for path in event.image.paths:
        default_storage.delete(path)

    validate_picture(Event.objects.get().image)


def test_a_picture_wants_words():
    event = with_picture()
    event.image_alt = ""

    with pytest.raises(ValidationError) as refusal:
        event.full_clean()

    assert refusal.value.message_dict["image_alt"] == ["Décrivez l’image pour qui ne la voit pas."]
    with pytest.raises(IntegrityError), transaction.atomic():
        event.save()


def test_a_picture_that_is_replaced_goes_with_all_its_files(run_commit_hooks):
    event = with_picture()
    before = set(event.image.paths)

    with run_commit_hooks():
        event.image = ContentFile(picture(), "autre.png")
        event.save()

    assert {f"events/{name}" for name in stored()} == set(event.image.paths)
    assert before.isdisjoint(event.image.paths)


def test_a_picture_that_two_events_share_stays_until_the_last_goes(run_commit_hooks):
    event = with_picture()
    twin = event.copy(starts_at=event.starts_at + timedelta(days=7))

    with run_commit_hooks():
        event.delete()
    kept = stored()
    with run_commit_hooks():
        twin.delete()

    assert len(kept) == 4
    assert stored() == []


def test_saving_other_fields_keeps_the_picture(run_commit_hooks):
    event = with_picture()

    with run_commit_hooks():
        event.title = "Autre titre"
        event.save(update_fields=["title"])
        event.save()

    assert len(stored()) == 4


def test_the_page_offers_each_width_and_networks_get_a_jpeg(client, settings):
    event = with_picture()

    text = page(client, event).text
    stem = event.image.url.removesuffix(".webp")
    assert f'srcset="{stem}-480.webp 480w, {stem}-960.webp 960w, {stem}.webp 1440w"' in text
    assert 'width="1440" height="720" alt="Une salle pleine"' in text
    assert f'<meta property="og:image" content="{settings.SITE_URL}{stem}.jpg">' in text


def test_without_a_picture_networks_get_that_of_the_site(client):
    text = page(client, create_event()).text

    assert text.count('og:image"') == 1
    assert "<img" not in text.partition("<main")[2]


@pytest.mark.parametrize(("extension", "kind"), [("webp", "image/webp"), ("jpg", "image/jpeg")])
def test_a_picture_is_served_for_ever(client, extension, kind):
    event = with_picture()

    response = client.get(event.image.url.replace(".webp", f".{extension}"))

    assert len(response.getvalue()) > 100
    assert (response.status_code, response["Content-Type"]) == (200, kind)
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("name", ["absent.webp", "absent.svg", "..%2F..%2Fx.webp", "x.webp.html"])
def test_no_other_file_is_served(client, name):
    default_storage.save("events/absent.svg", ContentFile(SVG))

    assert client.get(f"/media/events/{name}").status_code == 404


# Where, and how to come


def test_the_map_shows_a_point_or_looks_for_the_address():
    at_a_point = Event(venue="Ici", latitude=Decimal("43.632100"), longitude=Decimal("3.862900"))
    by_address = Event(venue="Ici", address="1 place Eugène Bataillon, Montpellier")
    online = Event(venue="", format=Event.Format.ONLINE)

    assert [event.map_url for event in (at_a_point, by_address, online)] == [
        "https://www.openstreetmap.org/?mlat=43.632100&mlon=3.862900#map=17/43.632100/3.862900",
        "https://www.openstreetmap.org/search?query=1+place+Eug%C3%A8ne+Bataillon%2C+Montpellier",
        "",
    ]


@pytest.mark.parametrize("point", [{"latitude": 43}, {"longitude": 3}, {"latitude": 91, "longitude": 3}])
def test_half_a_point_is_refused(point):
    event = create_event()
    for name, value in point.items():
        setattr(event, name, Decimal(value))

    with pytest.raises(ValidationError):
        event.full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        event.save()


@pytest.mark.parametrize(
    ("email", "address"), [("acces@example.org", "mailto:acces@example.org"), ("", reverse("contact"))]
)
def test_who_needs_something_to_come_finds_whom_to_ask(client, email, address):
    text = page(client, create_event(accessibility_email=email)).text

    assert f'<dt>Un besoin pour venir\u202f?</dt>\n  <dd><a href="{address}">' in text


# The link of an event online


@pytest.mark.parametrize(
    ("fields", "starts_in", "is_open"),
    [
        ({}, timedelta(hours=25), False),
        ({}, timedelta(hours=23), True),
        ({}, timedelta(hours=-1), True),
        ({}, timedelta(hours=-3), False),
        ({"link_shown_hours": 0}, timedelta(minutes=1), False),
        ({"link_shown_hours": 48}, timedelta(hours=47), True),
        ({"status": STATE.CANCELLED}, timedelta(hours=1), False),
        ({"status": STATE.DRAFT}, timedelta(hours=1), False),
        ({"online_url": ""}, timedelta(hours=1), False),
    ],
)
def test_the_link_opens_shortly_before_the_beginning_until_the_end(fields, starts_in, is_open):
    event = create_event(starts_in=starts_in, **{"online_url": "https://visio.example.org/1"} | fields)

    assert event.is_link_open is is_open


def test_the_page_of_an_event_never_says_its_link(client):
    event = create_event(
        format=Event.Format.ONLINE, online_url="https://visio.example.org/1", starts_in=timedelta(hours=1)
    )

    assert "visio.example.org" not in page(client, event).text


# Programme


def test_a_slot_is_inside_the_hours_of_its_event():
    event = create_event(lasts=timedelta(hours=2))
    inside = create_slot(event, timedelta(minutes=90))
    outside = Slot(
        event=event,
        title="Trop tard",
        starts_at=event.ends_at - timedelta(minutes=10),
        ends_at=event.ends_at + timedelta(minutes=1),
    )

    inside.full_clean()
    with pytest.raises(ValidationError) as refusal:
        outside.full_clean()
    assert refusal.value.messages == ["Ce créneau sort des heures de l’événement."]


def test_a_slot_ends_after_it_begins():
    with pytest.raises(IntegrityError), transaction.atomic():
        create_slot(create_event(), lasts=timedelta())


def test_the_programme_is_in_the_order_of_the_clock(client):
    with time_machine.travel("2026-05-01T10:00Z"):
        event = create_event(starts_at=timezone.now() + timedelta(days=3, hours=6))
        speaker = create_speaker(name="Camille Démo")
        create_slot(event, timedelta(hours=1), title="Questions", room="Salle 2")
        create_slot(event, title="Ouverture").speakers.add(speaker)
        text = page(client, event).text.partition("Programme</h2>")[2]

    titles = [title for title in ("Ouverture", "Camille Démo", "Questions", "Salle 2") if title in text]
    assert titles == sorted(titles, key=text.index)
    assert '<time datetime="2026-05-04T18:00:00+02:00">18\u00a0h\u00a000</time>' in text


def test_a_programme_of_two_days_names_them(client):
    event = create_event(starts_at=timezone.now() + timedelta(days=3), lasts=timedelta(days=2))
    create_slot(event)
    create_slot(event, timedelta(days=1))

    assert page(client, event).text.count('<ol class="programme">') == 2


# Speakers


def test_the_page_names_the_speakers_in_their_order_then_those_of_slots(client):
    event = create_event()
    first, second, third = (create_speaker(name=name) for name in ("Zoé Démo", "Alex Démo", "Camille Démo"))
    event.appearances.create(speaker=second, position=2)
    event.appearances.create(speaker=first, position=1)
    create_slot(event).speakers.add(first, third)

    assert event.people == [first, second, third]
    assert [f'href="{speaker.get_absolute_url()}"' in page(client, event).text for speaker in event.people]


def test_the_page_of_a_speaker_lists_what_comes_and_what_was(client):
    coming, past, draft = (
        create_event(),
        create_event(starts_in=-timedelta(days=9)),
        create_event(status=STATE.DRAFT),
    )
    speaker = create_speaker(coming, biography="Elle *cherche*.")
    create_slot(past).speakers.add(speaker)
    create_slot(coming).speakers.add(speaker)
    draft.appearances.create(speaker=speaker)

    response = client.get(speaker.get_absolute_url())

    assert list(response.context["upcoming"]) == [coming]
    assert list(response.context["past"]) == [past]
    assert "Elle <em>cherche</em>." in response.text


def test_a_speaker_who_is_not_announced_has_no_page(client):
    speaker = create_speaker(create_event(status=STATE.DRAFT))

    assert client.get(speaker.get_absolute_url()).status_code == 404


# The page


def test_a_full_page_costs_the_same_queries_whatever_it_holds(client):
    event = create_event()

    def fill():
        speaker = create_speaker(event)
        create_slot(event).speakers.add(speaker, create_speaker(event))
        create_resource(event)
        create_booking(event)

    fill()
    page(client, event)
    with CaptureQueriesContext(connection) as one:
        page(client, event)
    for _ in range(20):
        fill()
    with CaptureQueriesContext(connection) as many:
        page(client, event)

    assert len(many) == len(one)


def test_somebody_signed_in_costs_a_query_more_at_most(client):
    event = create_event()
    create_resource(event, is_public=False)
    client.force_login(create_user())
    page(client, event)
    with CaptureQueriesContext(connection) as alone:
        page(client, event)
    for _ in range(5):
        create_resource(event, is_public=False)
    with CaptureQueriesContext(connection) as six:
        page(client, event)

    assert len(six) == len(alone)
