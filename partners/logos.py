from typing import TYPE_CHECKING
from uuid import uuid4

from django.core.files.base import ContentFile
from django.db.models.fields.files import FieldFile
from django.utils.translation import gettext_lazy as _

from partners.pictures import Limits, decode, encode

if TYPE_CHECKING:
    from partners.models import Partner

FOLDER = "partners"
BOX = (640, 320)
LOGO = Limits(
    max_bytes=2_000_000,
    max_pixels=16_000_000,
    too_heavy=_("Cette image dépasse 2\u00a0Mo."),
    too_large=_("Cette image est trop grande : 4 000 pixels de côté suffisent."),
)


def store_logo(partner: "Partner", filename: str) -> str:
    """A name of ours: nothing of the uploaded one is kept."""
    return f"{FOLDER}/{partner.slug}-{uuid4().hex[:8]}.webp"


def validate_logo(logo: FieldFile) -> None:
    """Refuse what is not a PNG, JPEG or WebP image by its content, is over 2 MB, or would be huge once decoded."""
    if not logo._committed:  # type: ignore[attr-defined] # a stored one is ours, and may be on another machine
        decode(logo, LOGO, fit=BOX)


def reencode(logo: FieldFile) -> ContentFile:
    """The same picture as a WebP of ours, no larger than needed, without metadata. Refuses as `validate_logo` does."""
    return ContentFile(encode(decode(logo, LOGO, fit=BOX)))
