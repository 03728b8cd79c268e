"""Proofs are read by the board alone: known by what they hold, kept under names of ours, gone once they have served.

A picture is written again, upright and without what the device noted in it. A PDF is kept as it is.
"""

import struct
from io import BytesIO
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from PIL import Image, ImageOps

MAX_BYTES = 5_000_000
MAX_PIXELS = 40_000_000
BOX = (2400, 2400)
CONTENT_TYPES = {"pdf": "application/pdf", "jpg": "image/jpeg"}
HELP = gettext_lazy(
    "PDF, JPEG ou PNG, 5\u00a0Mo au plus. Seul le bureau le voit, et il est effacé dès qu’il a répondu."
)
BROKEN = (OSError, ValueError, SyntaxError, EOFError, struct.error)  # what Pillow raises on a damaged file
BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


class ProofField(forms.FileField):
    """Gives a file ready to be stored: of the one that was sent, neither the name nor the say-so is kept."""

    def __init__(self, **options: Any) -> None:
        accept = {"accept": ".pdf,.jpg,.jpeg,.png,application/pdf,image/jpeg,image/png"}
        super().__init__(widget=forms.FileInput(attrs=accept), **{"help_text": HELP} | options)

    def clean(self, data: Any, initial: Any = None) -> "ContentFile[bytes] | None":
        sent = super().clean(data, initial)
        return read(sent) if sent else None


def read(sent: Any) -> "ContentFile[bytes]":
    """Raises ValidationError for what is too heavy, or neither a PDF nor a picture."""
    if sent.size > MAX_BYTES:
        raise ValidationError(_("Ce fichier dépasse 5\u00a0Mo."))
    sent.seek(0)
    if sent.read(5) == b"%PDF-":
        sent.seek(0)
        return ContentFile(sent.read(), name=f"{uuid4().hex}.pdf")
    sent.seek(0)
    return ContentFile(_as_jpeg(sent), name=f"{uuid4().hex}.jpg")


def _as_jpeg(sent: Any) -> bytes:
    try:
        with Image.open(sent, formats=["PNG", "JPEG"]) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ValidationError(_("Cette image est trop grande."))
            image.draft("RGB", (2 * max(BOX), 2 * max(BOX)))
            upright = ImageOps.exif_transpose(image).convert("RGBA")
    except BOMBS as error:
        raise ValidationError(_("Cette image est trop grande.")) from error
    except BROKEN as error:
        raise ValidationError(_("Ce fichier n’est ni un PDF, ni une image JPEG ou PNG lisible.")) from error
    upright.thumbnail(BOX)
    paper = Image.new("RGB", upright.size, "white")
    paper.paste(upright, mask=upright.getchannel("A"))
    buffer = BytesIO()
    paper.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def content_type(name: str) -> str:
    return CONTENT_TYPES[name.rpartition(".")[2]]
