"""Logos are checked by content and re-encoded: what is served is our file, never the uploaded bytes."""

import struct
from io import BytesIO
from typing import TYPE_CHECKING
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db.models.fields.files import FieldFile
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

if TYPE_CHECKING:
    from partners.models import Partner

FOLDER = "partners"
MAX_BYTES = 2_000_000
MAX_PIXELS = 16_000_000
BOX = (640, 320)
FORMATS = ["PNG", "JPEG", "WEBP"]
BROKEN = (OSError, ValueError, SyntaxError, EOFError, struct.error)  # what Pillow raises on a damaged file
BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


def store_logo(partner: "Partner", filename: str) -> str:
    """A name of ours: nothing of the uploaded one is kept."""
    return f"{FOLDER}/{partner.slug}-{uuid4().hex[:8]}.webp"


def validate_logo(logo: FieldFile) -> None:
    """Refuse what is not a PNG, JPEG or WebP image by its content, is over 2 MB, or would be huge once decoded."""
    if not logo._committed:  # type: ignore[attr-defined] # a stored one is ours, and may be on another machine
        _decode(logo)


def reencode(logo: FieldFile) -> ContentFile:
    """The same picture as a WebP of ours, no larger than needed, without metadata. Refuses as `validate_logo` does."""
    picture = _decode(logo)
    picture.thumbnail(BOX)
    buffer = BytesIO()
    picture.save(buffer, "WEBP", quality=90, method=6)
    return ContentFile(buffer.getvalue())


def _decode(logo: FieldFile) -> Image.Image:
    """The pixels alone, upright. The declared size is read before anything is decoded."""
    if logo.size > MAX_BYTES:
        raise ValidationError(_("Cette image dépasse 2 Mo."))
    logo.seek(0)
    try:
        with Image.open(logo, formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ValidationError(_too_large())
            picture = ImageOps.exif_transpose(image).convert("RGBA")
    except BOMBS as error:
        raise ValidationError(_too_large()) from error
    except BROKEN as error:
        raise ValidationError(_("Ce fichier n’est pas une image PNG, JPEG ou WebP lisible.")) from error
    finally:
        logo.seek(0)
    picture.info.clear()  # the colour profile and the rest would be written again
    return picture


def _too_large() -> str:
    return _("Cette image est trop grande : 4 000 pixels de côté suffisent.")
