from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction

from events.models import Booking, Event, Resource
from tests.factories import (
    create_booking,
    create_event,
    create_resource,
    create_staff,
    create_user,
    register,
)
from tests.uploads import HTML, PDF, SVG, archive, open_document, picture, slides

pytestmark = pytest.mark.django_db
STATE = Booking.State
NOT_ACCEPTED = "Ce genre de fichier n’est pas accepté."
NOT_WHAT_IT_SAYS = "Ce fichier n’est pas ce que son extension annonce."


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Where the private storage keeps its files during a test."""
    storage = Resource._meta.get_field("file").storage
    monkeypatch.setitem(vars(storage), "location", str(tmp_path))
    return tmp_path


def stored(folder):
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]


def with_file(event=None, content=PDF, name="support.pdf", **fields):
    return create_resource(event or create_event(), file=ContentFile(content, name), **fields)


def get(client, resource, **query):
    return client.get(resource.get_absolute_url(), query)


# What is accepted


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (PDF, "a.pdf"),
        (PDF, "A.PDF"),
        (open_document(), "a.odp"),
        (open_document("text"), "a.odt"),
        (open_document("spreadsheet"), "a.ods"),
        (slides(), "a.pptx"),
    ],
)
def test_a_document_is_stored_under_a_name_of_ours(folder, content, name):
    resource = Resource(event=create_event(), title="Support", file=ContentFile(content, name))
    resource.full_clean()

    resource.save()

    [path] = stored(folder)
    assert path == resource.file.name
    assert path.startswith("resources/")
    assert path.endswith(name[1:].lower())


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (SVG, "a.svg", NOT_ACCEPTED),
        (SVG, "../../x.svg", NOT_ACCEPTED),
        (HTML, "a.html", NOT_ACCEPTED),
        (PDF, "a", NOT_ACCEPTED),
        (PDF, "a.pdf.exe", NOT_ACCEPTED),
        (SVG, "a.pdf", NOT_WHAT_IT_SAYS),
        (picture(), "a.pdf", NOT_WHAT_IT_SAYS),
        (picture(), "a.odp", NOT_WHAT_IT_SAYS),
        (open_document("text"), "a.odp", NOT_WHAT_IT_SAYS),
        (slides(), "a.docx", NOT_WHAT_IT_SAYS),
        (slides()[:-30], "a.pptx", NOT_WHAT_IT_SAYS),
        (archive({"mimetype": "x" * 5_000_000}), "a.odp", NOT_WHAT_IT_SAYS),
        (slides(**{"ppt/vbaProject.bin": "x"}), "a.pptx", "Ce fichier contient une macro."),
        (b"%PDF-" + bytes(30_000_000), "a.pdf", "Ce fichier dépasse 20\u00a0Mo."),
    ],
    ids=lambda value: None if isinstance(value, bytes) else str(value)[:30],
)
def test_anything_else_is_refused(folder, content, name, message):
    resource = Resource(event=create_event(), title="Support", file=ContentFile(content))
    resource.file.name = name

    with pytest.raises(ValidationError) as refusal:
        resource.full_clean()

    assert refusal.value.message_dict == {"file": [message]}
    assert stored(folder) == []


@pytest.mark.parametrize("fields", [{}, {"url": "https://a.example.org", "file": "resources/a.pdf"}])
def test_a_resource_is_a_link_or_a_file(fields):
    resource = Resource(event=create_event(), title="Support", **fields)

    with pytest.raises(ValidationError) as refusal:
        resource.full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        resource.save()

    assert refusal.value.messages == ["Une ressource est un lien ou un fichier, l’un des deux."]


def test_a_document_goes_with_its_event(folder, run_commit_hooks):
    event = create_event()
    with_file(event)

    with run_commit_hooks():
        event.delete()

    assert stored(folder) == []


# Who may read it


def test_a_document_is_given_to_keep_and_never_shown(client):
    resource = with_file(title="L’IA, <b>vraiment</b>")

    response = get(client, resource)

    assert response.getvalue() == PDF
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == 'attachment; filename="lia-bvraimentb.pdf"'
    assert response["X-Content-Type-Options"] == "nosniff"


def test_a_document_is_not_among_the_files_that_a_proxy_serves(client, settings):
    resource = with_file()

    assert not str(settings.STORAGES["private"]["OPTIONS"]["location"]).startswith(str(settings.MEDIA_ROOT))
    assert client.get(f"/media/{resource.file.name}").status_code == 404


def test_a_stranger_does_not_get_what_is_for_those_who_came(client):
    resource = with_file(is_public=False)

    assert get(client, resource).status_code == 404
    assert get(client, resource, place=uuid4()).status_code == 404
    assert get(client, resource, place="n’importe quoi").status_code == 404


def test_whoever_came_gets_it_with_their_account_or_the_code_of_their_place(client):
    resource = with_file(is_public=False)
    user = create_user()
    booking = register(resource.event, user.email, user=user)
    [place] = booking.places

    with_code = get(client, resource, place=place.code)
    client.force_login(user)
    with_account = get(client, resource)

    assert [with_code.getvalue(), with_account.getvalue()] == [PDF, PDF]


@pytest.mark.parametrize("state", [STATE.WAITING, STATE.HELD, STATE.CANCELLED])
def test_whoever_has_no_confirmed_place_does_not(client, state):
    resource = with_file(is_public=False)
    user = create_user()
    booking = create_booking(resource.event, state, email=user.email, user=user)
    client.force_login(user)

    answers = [get(client, resource), get(client, resource, place=booking.registrations.get().code)]

    assert [answer.status_code for answer in answers] == [404, 404]


def test_a_place_at_another_event_opens_nothing(client):
    resource = with_file(is_public=False)
    place = create_booking(create_event()).registrations.get()

    assert get(client, resource, place=place.code).status_code == 404


def test_staff_get_what_is_in_a_draft(client):
    resource = with_file(create_event(status=Event.Status.DRAFT))
    stranger = get(client, resource)
    client.force_login(create_staff())

    assert (stranger.status_code, get(client, resource).getvalue()) == (404, PDF)


def test_a_file_that_the_storage_lost_is_not_found(client):
    resource = with_file()
    resource.file.storage.delete(resource.file.name)

    assert get(client, resource).status_code == 404


# Where it is shown


def test_the_page_says_what_there_is_and_opens_it_to_those_who_came(client):
    event = create_event()
    replay = create_resource(event, url="https://video.example.org/secret", is_public=False)
    document = with_file(event)
    user = create_user()
    create_booking(event, email=user.email)

    stranger = client.get(event.get_absolute_url()).text
    client.force_login(user)
    attendee = client.get(event.get_absolute_url()).text

    assert (replay.title in stranger, replay.url in stranger) == (True, False)
    assert document.get_absolute_url() in stranger
    assert "réservé aux personnes inscrites" in stranger
    assert replay.url in attendee


def test_the_page_of_a_place_opens_what_is_for_those_who_came(client):
    resource = with_file(is_public=False)
    place = create_booking(resource.event).registrations.get()

    text = client.get(place.get_absolute_url()).text

    assert f'href="{resource.get_absolute_url()}?place={place.code}"' in text


def test_the_page_of_a_booking_opens_what_is_for_those_who_came(client):
    resource = with_file(is_public=False)
    confirmed = create_booking(resource.event)
    waiting = create_booking(resource.event, STATE.WAITING)

    texts = [client.get(booking.get_absolute_url()).text for booking in (confirmed, waiting)]

    code = confirmed.registrations.get().code
    assert [resource.get_absolute_url() in text for text in texts] == [True, False]
    assert f"?place={code}" in texts[0]
