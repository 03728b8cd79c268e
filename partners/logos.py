"""Logos are checked by content and re-encoded: what is served is our file, never the uploaded bytes."""

from io import BytesIO
from typing import TYPE_CHECKING
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db.models.fields.files import FieldFile
from django.utils.translation import gettext as _
from PIL import Image, UnidentifiedImageError

if TYPE_CHECKING:
    from partners.models import Partner

MAX_BYTES = 2_000_000
MAX_PIXELS = 16_000_000
BOX = (640, 320)
FORMATS = ["PNG", "JPEG", "WEBP"]


def store_logo(partner: "Partner", filename: str) -> str:
    """A name of ours: nothing of the uploaded one is kept."""
    return f"partners/{partner.slug}-{uuid4().hex[:8]}.webp"


def validate_logo(logo: FieldFile) -> None:
    """Refuse what is not a PNG, JPEG or WebP image by its content, is over 2 MB, or would be huge once decoded."""
    if logo.size > MAX_BYTES:
        raise ValidationError(_("Cette image dépasse 2 Mo."))
    try:
        logo.seek(0)
        with Image.open(logo, formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ValidationError(_("Cette image est trop grande : 4 000 pixels de côté suffisent."))
            image.load()
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValidationError(_("Ce fichier n'est pas une image PNG, JPEG ou WebP.")) from error
    finally:
        logo.seek(0)


def reencode(logo: FieldFile) -> ContentFile:
    """The same picture as a WebP of ours, no larger than needed, without metadata."""
    logo.seek(0)
    with Image.open(logo, formats=FORMATS) as image:
        picture = image.convert("RGBA")
    picture.thumbnail(BOX)
    buffer = BytesIO()
    picture.save(buffer, "WEBP", quality=90, method=6)
    return ContentFile(buffer.getvalue())
