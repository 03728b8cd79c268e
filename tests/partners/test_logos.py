from io import BytesIO

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import reverse
from PIL import Image

from partners.models import Partner
from tests.factories import create_partner, create_staff
from tests.uploads import HTML, SVG, picture, png_declaring

pytestmark = pytest.mark.django_db

UNREADABLE = "Ce fichier n’est pas une image PNG, JPEG ou WebP lisible."
TOO_HEAVY = "Cette image dépasse 2\u00a0Mo."
TOO_LARGE = "Cette image est trop grande\u00a0: 4\u202f000 pixels de côté suffisent."


@pytest.fixture(autouse=True)
def _own_storage(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def stored():
    return default_storage.listdir("partners")[1] if default_storage.exists("partners") else []


def served(partner):
    """The bytes a visitor gets."""
    with default_storage.open(partner.logo.name) as file:
        return file.read()


def describe(partner):
    with Image.open(BytesIO(served(partner))) as image:
        return image.format, image.size


def submit(client, partner, *, logo=None, **fields):
    """Post the admin form of this partner as a browser would."""
    data = {
        name: getattr(partner, name)
        for name in ["name", "slug", "position", "role", "summary", "presentation", "website"]
    }
    data |= {"is_founder": "on", "monogram": partner.monogram, "tint": partner.tint}
    data |= {"facts-TOTAL_FORMS": 0, "facts-INITIAL_FORMS": 0}
    data |= {"logo": logo} if logo else {}
    return client.post(reverse("admin:partners_partner_change", args=[partner.pk]), data | fields)


@pytest.fixture
def staff_client(client):
    client.force_login(create_staff())
    return client


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (picture("PNG"), "logo.png"),
        (picture("PNG", mode="RGBA"), "logo.png"),
        (picture("PNG", mode="P"), "logo.png"),
        (picture("JPEG"), "logo.jpg"),
        (picture("JPEG", mode="CMYK"), "logo.jpg"),
        (picture("WEBP"), "logo.webp"),
        (picture("PNG"), "logo.txt"),
    ],
    ids=["png", "transparent", "palette", "jpeg", "cmyk", "webp", "png named txt"],
)
def test_a_real_image_becomes_a_webp_of_ours_whatever_its_name(staff_client, content, name, run_commit_hooks):
    partner = create_partner(slug="universite")

    with run_commit_hooks():
        response = submit(staff_client, partner, logo=SimpleUploadedFile(name, content))

    assert response.status_code == 302
    partner.refresh_from_db()
    assert [f"partners/{file}" for file in stored()] == [partner.logo.name]
    assert partner.logo.name.startswith("partners/universite-")
    assert describe(partner) == ("WEBP", (80, 40))


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (SVG, "logo.svg", UNREADABLE),
        (HTML, "logo.png", UNREADABLE),
        (picture("PNG", size=(400, 400))[:-60], "logo.png", UNREADABLE),
        (picture("JPEG", size=(400, 400))[:-200], "logo.jpg", UNREADABLE),
        (picture("GIF"), "logo.gif", UNREADABLE),
        (picture("TIFF"), "logo.png", UNREADABLE),
        (b"\x89PNG\r\n\x1a\n" + b"0" * 3_000_000, "logo.png", TOO_HEAVY),
        (png_declaring(5_000, 4_000), "logo.png", TOO_LARGE),
        (png_declaring(12_000, 12_000), "logo.png", TOO_LARGE),
        (png_declaring(200_000, 200_000), "logo.png", TOO_LARGE),
    ],
    ids=[
        "svg",
        "html named png",
        "truncated png",
        "truncated jpeg",
        "gif",
        "tiff named png",
        "3 MB",
        "20 megapixels",
        "144 megapixels",
        "40 gigapixels",
    ],
)
def test_anything_else_is_refused_in_french_and_nothing_is_stored(staff_client, content, name, message):
    partner = create_partner()

    response = submit(staff_client, partner, logo=SimpleUploadedFile(name, content))

    assert response.context["adminform"].form.errors == {"logo": [message]}
    assert stored() == []


@pytest.mark.parametrize("name", ["../../x.svg", "/etc/x.png", "..\\x.php", "x\u202egnp.html"])
def test_the_name_of_the_uploaded_file_is_never_used(staff_client, name, tmp_path):
    partner = create_partner(slug="chu")

    submit(staff_client, partner, logo=SimpleUploadedFile(name, picture()))

    partner.refresh_from_db()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files == [tmp_path / partner.logo.name]
    assert partner.logo.name.startswith("partners/chu-")


def test_a_large_image_is_made_small_and_keeps_its_proportions():
    partner = create_partner(logo=ContentFile(picture(size=(3000, 1000)), "logo.png"))

    assert describe(partner) == ("WEBP", (640, 213))


def test_nothing_but_pixels_is_kept():
    exif = Image.Exif()
    exif[0x013B] = "Photographe au nom secret"
    jpeg = picture("JPEG", exif=exif, comment=b"Un commentaire", icc_profile=b"x" * 200)

    partner = create_partner(logo=ContentFile(jpeg, "logo.jpg"))

    content = served(partner)
    assert b"Photographe" not in content
    assert b"EXIF" not in content
    assert b"ICCP" not in content
    assert b"XMP " not in content


def test_a_photograph_taken_sideways_stands_upright():
    exif = Image.Exif()
    exif[0x0112] = 6

    partner = create_partner(logo=ContentFile(picture("JPEG", size=(80, 40), exif=exif), "logo.jpg"))

    assert describe(partner) == ("WEBP", (40, 80))


def test_a_refused_image_cannot_be_saved_around_the_form():
    partner = create_partner()
    partner.logo = ContentFile(SVG, "logo.svg")

    with pytest.raises(ValidationError):
        partner.save()

    assert stored() == []


def test_a_new_logo_replaces_the_file_of_the_old_one(staff_client, run_commit_hooks):
    partner = create_partner(logo=ContentFile(picture(), "logo.png"))

    with run_commit_hooks():
        submit(staff_client, partner, logo=SimpleUploadedFile("autre.png", picture(size=(20, 20))))

    partner.refresh_from_db()
    assert [f"partners/{file}" for file in stored()] == [partner.logo.name]
    assert describe(partner) == ("WEBP", (20, 20))


def test_clearing_the_logo_removes_its_file(staff_client, run_commit_hooks):
    partner = create_partner(logo=ContentFile(picture(), "logo.png"))

    with run_commit_hooks():
        submit(staff_client, partner, **{"logo-clear": "on"})

    partner.refresh_from_db()
    assert partner.logo.name == ""
    assert stored() == []


def test_editing_something_else_keeps_the_logo(staff_client, run_commit_hooks):
    partner = create_partner(logo=ContentFile(picture(), "logo.png"))
    name = partner.logo.name

    with run_commit_hooks():
        submit(staff_client, partner, role="recherche")

    partner.refresh_from_db()
    assert (partner.role, partner.logo.name) == ("recherche", name)
    assert stored() == [name.removeprefix("partners/")]


def test_a_partner_whose_file_is_missing_can_still_be_edited(staff_client):
    partner = create_partner(logo=ContentFile(picture(), "logo.png"))
    default_storage.delete(partner.logo.name)

    response = submit(staff_client, partner, role="recherche")

    assert response.status_code == 302


def test_deleting_partners_in_the_list_removes_their_files(staff_client, run_commit_hooks):
    partner = create_partner(logo=ContentFile(picture(), "logo.png"))
    data = {"action": "delete_selected", ACTION_CHECKBOX_NAME: partner.pk, "post": "yes"}

    with run_commit_hooks():
        staff_client.post(reverse("admin:partners_partner_changelist"), data)

    assert Partner.objects.count() == 0
    assert stored() == []


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_rolled_back_keeps_the_old_file():
    partner = create_partner(logo=ContentFile(picture(), "logo.png"))
    name = partner.logo.name

    with transaction.atomic():
        partner.logo = ContentFile(picture(size=(20, 20)), "autre.png")
        partner.save()
        transaction.set_rollback(True)

    partner.refresh_from_db()
    assert partner.logo.name == name
    assert default_storage.exists(name)
