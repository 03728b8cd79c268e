"""Pictures of events and speakers, in several widths, so that a phone does not fetch what a wide screen needs."""

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django.core.files.base import ContentFile
from django.db import models
from django.db.models.fields.files import FieldFile
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps

from partners.pictures import Limits, decode, encode

FOLDER = "events"
WIDTHS = (480, 960, 1440)
BOX = (1440, 1440)
SHARED = (1200, 630)  # what social networks draw; they do not all read WebP
PHOTO = Limits(
    max_bytes=8_000_000,
    max_pixels=25_000_000,
    too_heavy=_("Cette image dépasse 8\u00a0Mo."),
    too_large=_("Cette image est trop grande : 5 000 pixels de côté suffisent."),
)
HELP = _("PNG, JPEG ou WebP, 8\u00a0Mo au plus. Large de 1 440 pixels ou plus, de préférence.")

_size_in = re.compile(r"-(\d+)x(\d+)\.webp$").search


class PictureFile(FieldFile):
    """Named for the largest of its files, whose size the name says: no page opens a file to know it."""

    def save(self, name: str | None, content: Any, save: bool = True) -> None:
        picture = decode(content, PHOTO, fit=BOX)
        stem = f"{FOLDER}/{uuid4().hex}-{picture.width}x{picture.height}"
        self.name = f"{stem}.webp"
        for width, path in self._paths.items():
            narrow = picture if width == picture.width else picture.resize((width, self._height_at(width)))
            self.storage.save(path, ContentFile(encode(narrow, quality=80)))
        self.storage.save(self._shared_path, ContentFile(encode(_shared(picture), "JPEG", quality=85)))
        setattr(self.instance, self.field.attname, self.name)
        self._committed = True
        if save:
            self.instance.save()

    @property
    def width(self) -> int:
        return self._size[0]

    @property
    def height(self) -> int:
        return self._size[1]

    @property
    def srcset(self) -> str:
        return ", ".join(f"{self.storage.url(path)} {width}w" for width, path in self._paths.items())

    @property
    def smallest_url(self) -> str:
        return str(self.storage.url(next(iter(self._paths.values()))))

    @property
    def shared_url(self) -> str:
        """The JPEG of SHARED size that a page names to social networks."""
        return str(self.storage.url(self._shared_path))

    @property
    def paths(self) -> list[str]:
        """Every file of this picture, as the storage knows it."""
        return [*self._paths.values(), self._shared_path]

    @property
    def _size(self) -> tuple[int, int]:
        found = _size_in(self.name or "")
        assert found is not None  # noqa: S101 - only `save` gives a name
        return int(found[1]), int(found[2])

    @property
    def _paths(self) -> dict[int, str]:
        """By width, the narrowest first."""
        stem = str(self.name).removesuffix(".webp")
        narrower = {width: f"{stem}-{width}.webp" for width in WIDTHS if width < self.width}
        return narrower | {self.width: str(self.name)}

    @property
    def _shared_path(self) -> str:
        return str(self.name).removesuffix(".webp") + ".jpg"

    def _height_at(self, width: int) -> int:
        return max(round(self.height * width / self.width), 1)


def _shared(picture: Image.Image) -> Image.Image:
    fitted = ImageOps.fit(picture, SHARED)
    if fitted.mode == "RGB":
        return fitted
    paper = Image.new("RGB", SHARED, "white")
    paper.paste(fitted, mask=fitted.getchannel("A"))
    return paper


def validate_picture(picture: PictureFile) -> None:
    """Refuse what is not a PNG, JPEG or WebP image by its content, is too heavy, or would be huge once decoded."""
    if not picture._committed:  # a stored one is ours, and may be on another machine
        decode(picture, PHOTO, fit=BOX)


class PictureField(models.FileField):
    """Stores our own encodings of an uploaded picture, under names of ours, and never the picture itself."""

    attr_class = PictureFile
    default_validators: list[Callable[[Any], None]] = [validate_picture]
