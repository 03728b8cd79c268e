"""Proofs: kept for the board alone, known by what they hold, asked again only where they were never shown."""

from datetime import date
from io import BytesIO
from uuid import uuid4

import pytest
import time_machine
from PIL import Image

from members.models import Application
from tests.factories import create_plan
from tests.members.applying import errors, fields, member_until, send, stored
from tests.uploads import HTML, PDF, SVG, picture, png_declaring, upload

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel("2026-11-23 12:00 +01:00", tick=False):
        yield


def student(**more):
    return create_plan(proof="joining", proof_label="Carte d’étudiant", **more)


def test_a_proof_is_asked_once_then_again_only_from_who_comes_from_another_plan(client):
    plan = student()
    client.force_login(member_until(date(2026, 12, 31), plan))
    known = fields(client.get(plan.get_absolute_url()))
    client.force_login(member_until(date(2026, 12, 31)))
    from_another = fields(client.get(plan.get_absolute_url()))

    assert ("proof" in known, "proof" in from_another) == (False, True)


def test_a_pdf_goes_to_the_private_storage_under_a_name_of_ours(client, files):
    send(client, student(), proof=upload("../../ma carte.pdf", PDF), message="Bonjour")

    application = Application.objects.get()
    assert (application.state, application.charge, application.message) == ("submitted", None, "Bonjour")
    assert [path.read_bytes() for path in stored(files)] == [PDF]
    assert "carte" not in application.proof.name
    assert client.get(f"/media/{application.proof.name}").status_code == 404


def test_a_picture_is_written_again_without_what_the_device_noted(client, files):
    exif = Image.Exif()
    exif[0x0110] = "Mon téléphone"
    send(client, student(), proof=upload("carte.png", picture("JPEG", size=(4000, 100), exif=exif)))

    [path] = stored(files)
    image = Image.open(BytesIO(path.read_bytes()))
    assert (path.suffix, image.format, image.size, dict(image.getexif())) == (".jpg", "JPEG", (2400, 60), {})


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("carte.pdf", HTML, "Ce fichier n’est ni un PDF, ni une image JPEG ou PNG lisible."),
        ("carte.png", SVG, "Ce fichier n’est ni un PDF, ni une image JPEG ou PNG lisible."),
        ("carte.png", picture("GIF"), "Ce fichier n’est ni un PDF, ni une image JPEG ou PNG lisible."),
        ("carte.png", picture()[:60], "Ce fichier n’est ni un PDF, ni une image JPEG ou PNG lisible."),
        ("carte.png", png_declaring(9000, 9000), "Cette image est trop grande."),
        ("carte.pdf", PDF + b" " * 5_000_000, "Ce fichier dépasse 5\u00a0Mo."),
        ("carte.pdf", b"", "Le fichier soumis est vide."),
    ],
)
def test_another_file_is_refused_by_what_it_holds(client, files, name, content, said):
    response = send(client, student(), proof=upload(name, content))

    assert (response.status_code, errors(response)) == (400, {"proof": [said]})
    assert stored(files) == []


def test_a_form_that_comes_back_says_to_choose_the_file_again(client, files):
    response = send(client, student(), email="", proof=upload("carte.pdf", PDF))

    assert list(errors(response)) == ["email"]
    assert "Choisissez de nouveau votre fichier" in response.text
    assert stored(files) == []


def test_two_clicks_keep_one_file(client, files):
    plan, key = student(), uuid4()
    for _ in range(2):
        send(client, plan, request_key=key, proof=upload("carte.pdf", PDF))

    assert len(stored(files)) == 1


def test_a_second_application_leaves_no_file_behind(client, files):
    plan = student()
    for _ in range(2):
        send(client, plan, proof=upload("carte.pdf", PDF))

    assert (Application.objects.count(), len(stored(files))) == (1, 1)
