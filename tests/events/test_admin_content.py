from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils import timezone

from events.models import Event, Resource, Speaker
from tests.admin import typed, unlabelled
from tests.factories import create_event, create_resource, create_slot, create_speaker, create_staff
from tests.uploads import PDF, SVG, picture, upload

pytestmark = pytest.mark.django_db
ADD_SPEAKER = reverse("admin:events_speaker_add")


@pytest.fixture(autouse=True)
def _own_storage(settings, tmp_path, monkeypatch):
    settings.MEDIA_ROOT = tmp_path / "media"
    storage = Resource._meta.get_field("file").storage
    monkeypatch.setitem(vars(storage), "location", str(tmp_path / "documents"))


@pytest.fixture
def staff(client):
    client.force_login(create_staff())
    return client


def page_of(event):
    return reverse("admin:events_event_change", args=[event.pk])


def save(staff, event, **changes):
    """Open the page of this event, type, and send it all."""
    return staff.post(page_of(event), typed(staff.get(page_of(event)), **changes))


def row(prefix, **fields):
    """One new row of an inline that had none."""
    rows = {f"{prefix}-TOTAL_FORMS": 1}
    return rows | {f"{prefix}-0-{name}": value for name, value in fields.items()}


def clock(moment):
    return f"{timezone.localtime(moment):%Y-%m-%dT%H:%M}"


def errors(response):
    """What is said beside the rows of the inlines."""
    return [
        message
        for formset in response.context["inline_admin_formsets"]
        for form in formset.formset.forms
        for messages in form.errors.values()
        for message in messages
    ]


def whole_hours(**fields):
    starts_at = timezone.localtime(timezone.now() + timedelta(days=9)).replace(
        minute=0, second=0, microsecond=0
    )
    return create_event(starts_at=starts_at, **fields)


def test_a_picture_is_added_and_taken_off(staff):
    event = create_event()

    save(staff, event, image=upload("photo.png", picture()), image_alt="Une salle")
    added = Event.objects.get().image.name
    save(staff, event, **{"image-clear": "on"})

    assert added.startswith("events/")
    assert not Event.objects.get().image


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"image": upload("x.svg", SVG), "image_alt": "Une salle"}, "image"),
        ({"image": upload("photo.png", picture())}, "image_alt"),
        ({"latitude": "43.6"}, "longitude"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(staff, changes, field):
    response = save(staff, create_event(), **changes)

    assert list(response.context["adminform"].errors) == [field]
    assert not default_storage.exists("events")


def test_a_slot_is_typed_with_its_speakers(staff):
    event, speaker = whole_hours(), create_speaker()
    hours = {"starts_at": clock(event.starts_at), "ends_at": clock(event.starts_at + timedelta(hours=1))}

    save(staff, event, **row("slots", title="Ouverture", speakers=[speaker.pk], **hours))

    [slot] = event.slots.all()
    assert (slot.title, slot.starts_at, list(slot.speakers.all())) == (
        "Ouverture",
        event.starts_at,
        [speaker],
    )


def test_an_event_does_not_leave_its_slots_behind(staff):
    event = whole_hours()
    create_slot(event)

    later = clock(event.starts_at + timedelta(days=1))
    response = save(staff, event, starts_at=later, ends_at=clock(event.ends_at + timedelta(days=1)))

    assert errors(response) == ["Ce créneau sort des heures de l’événement."]


def test_a_speaker_is_named_once(staff):
    event = create_event()
    speaker = create_speaker(event)

    two = {"appearances-TOTAL_FORMS": 2, "appearances-1-speaker": speaker.pk, "appearances-1-position": 1}
    response = save(staff, event, **two)

    assert response.status_code == 200
    assert event.appearances.count() == 1


def test_a_document_is_added_and_can_be_opened_from_the_page(staff):
    event = create_event()

    document = {"title": "Support", "kind": "supports", "position": 0, "file": upload("../../x.pdf", PDF)}
    save(staff, event, **row("resources", **document))

    resource = event.resources.get()
    assert resource.file.name.startswith("resources/")
    assert f'href="{resource.get_absolute_url()}"' in staff.get(page_of(event)).text
    assert staff.get(resource.get_absolute_url()).getvalue() == PDF


def test_a_drawing_is_no_document(staff):
    event = create_event()

    drawing = {"title": "Support", "kind": "supports", "position": 0, "file": upload("../../x.svg", SVG)}
    response = save(staff, event, **row("resources", **drawing))

    assert errors(response) == ["Ce genre de fichier n’est pas accepté."]


def test_a_speaker_has_a_page_of_their_own(staff):
    data = typed(staff.get(ADD_SPEAKER), name="Camille Démo", slug="camille-demo", role="Chercheuse")
    staff.post(ADD_SPEAKER, data | {"photo": upload("moi.jpg", picture("JPEG", size=(500, 500)))})

    speaker = Speaker.objects.get()
    assert (speaker.photo.width, speaker.photo_text) == (500, "Portrait de Camille Démo")
    assert staff.get(speaker.get_absolute_url()).status_code == 200


def test_speakers_are_found_by_typing(staff):
    camille = create_speaker(name="Camille Démo")
    create_speaker(name="Alex Démo")

    query = {"app_label": "events", "model_name": "appearance", "field_name": "speaker", "term": "cam"}
    found = staff.get(reverse("admin:autocomplete"), query).json()["results"]

    assert found == [{"id": str(camille.pk), "text": "Camille Démo"}]


def test_every_input_has_a_label(staff):
    event = create_event()
    create_slot(event).speakers.add(create_speaker(event))
    create_resource(event)

    assert unlabelled(staff.get(page_of(event))) == []
    assert unlabelled(staff.get(ADD_SPEAKER)) == []
