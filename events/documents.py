"""Documents are known by their extension and by what they hold, and served as files to keep, never as pages."""

import zlib
from pathlib import PurePath
from typing import Any, NamedTuple
from zipfile import BadZipFile, ZipFile

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.fields.files import FieldFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

MAX_BYTES = 20_000_000
HELP = gettext_lazy("PDF, ODP, ODT, ODS, PPTX, DOCX ou XLSX, sans macro, 20\u00a0Mo au plus.")
OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
OFFICE = "application/vnd.openxmlformats-officedocument."
BROKEN = (
    BadZipFile,
    zlib.error,
    OSError,
    ValueError,
    NotImplementedError,
    RuntimeError,
)  # what zipfile raises


class Format(NamedTuple):
    content_type: str
    main_part: str = ""  # of an Office document: the file that only this kind has


FORMATS = {
    "pdf": Format("application/pdf"),
    "odp": Format(f"{OPEN_DOCUMENT}presentation"),
    "odt": Format(f"{OPEN_DOCUMENT}text"),
    "ods": Format(f"{OPEN_DOCUMENT}spreadsheet"),
    "pptx": Format(f"{OFFICE}presentationml.presentation", "ppt/presentation.xml"),
    "docx": Format(f"{OFFICE}wordprocessingml.document", "word/document.xml"),
    "xlsx": Format(f"{OFFICE}spreadsheetml.sheet", "xl/workbook.xml"),
}


class DocumentFile(FieldFile):
    @property
    def url(self) -> str:
        """Where a view of ours serves it: its storage has no address."""
        resource: Any = self.instance
        return str(resource.get_absolute_url())


class DocumentField(models.FileField):
    attr_class = DocumentFile


def extension_of(name: str | None) -> str:
    return PurePath(name or "").suffix.lower().removeprefix(".")


def content_type(name: str | None) -> str:
    return FORMATS[extension_of(name)].content_type


def validate_document(document: FieldFile) -> None:
    """Refuse what is over 20 MB, of another kind than ours, or not what its extension says."""
    if document._committed:  # type: ignore[attr-defined] # a stored one was checked
        return
    if document.size > MAX_BYTES:
        raise ValidationError(_("Ce fichier dépasse 20\u00a0Mo."))
    extension = extension_of(document.name)
    if extension not in FORMATS:
        raise ValidationError(_("Ce genre de fichier n’est pas accepté."))
    document.seek(0)
    try:
        if not _is(extension, document):
            raise ValidationError(_("Ce fichier n’est pas ce que son extension annonce."))
    finally:
        document.seek(0)


def _is(extension: str, document: Any) -> bool:
    if extension == "pdf":
        return bool(document.read(5) == b"%PDF-")
    try:
        with ZipFile(document) as archive:
            return _holds(archive, FORMATS[extension])
    except (
        BadZipFile,
        OSError,
        ValueError,
        NotImplementedError,
        RuntimeError,
    ):  # all that a broken one raises
        return False


def _holds(archive: ZipFile, expected: Format) -> bool:
    names = {entry.filename: entry for entry in archive.infolist()}
    if any(name.lower().endswith("vbaproject.bin") or name.startswith("Basic/") for name in names):
        raise ValidationError(_("Ce fichier contient une macro."))
    if expected.main_part:
        return {"[Content_Types].xml", expected.main_part} <= names.keys()
    declared = names.get("mimetype")
    if declared is None or declared.file_size != len(expected.content_type):
        return False  # never unpack more than the few letters expected
    return archive.read(declared) == expected.content_type.encode()
