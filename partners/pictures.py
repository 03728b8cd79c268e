"""Pictures are checked by content and re-encoded: what is served is our file, never the uploaded bytes."""

import struct
from io import BytesIO
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

FORMATS = ["PNG", "JPEG", "WEBP"]
BROKEN = (OSError, ValueError, SyntaxError, EOFError, struct.error)  # what Pillow raises on a damaged file
BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


class Limits(NamedTuple):
    max_bytes: int
    max_pixels: int
    too_heavy: Any
    too_large: Any


def decode(file: Any, limits: Limits, *, fit: tuple[int, int]) -> Image.Image:
    """The pixels alone, upright, no larger than `fit`. The declared size is read before anything is decoded."""
    if file.size > limits.max_bytes:
        raise ValidationError(str(limits.too_heavy))
    file.seek(0)
    try:
        with Image.open(file, formats=FORMATS) as image:
            if image.width * image.height > limits.max_pixels:
                raise ValidationError(str(limits.too_large))
            image.draft(
                "RGB", (2 * max(fit), 2 * max(fit))
            )  # of a large JPEG, only that many pixels are made
            mode = "RGBA" if image.has_transparency_data else "RGB"
            picture = ImageOps.exif_transpose(image).convert(mode)
    except BOMBS as error:
        raise ValidationError(str(limits.too_large)) from error
    except BROKEN as error:
        raise ValidationError(_("Ce fichier n’est pas une image PNG, JPEG ou WebP lisible.")) from error
    finally:
        file.seek(0)
    picture.info.clear()  # the colour profile and the rest would be written again
    picture.thumbnail(fit)
    return picture


def encode(picture: Image.Image, image_format: str = "WEBP", *, quality: int = 90) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, image_format, quality=quality, method=6)
    return buffer.getvalue()
