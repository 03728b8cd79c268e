from typing import TYPE_CHECKING, ClassVar
from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from documents.models import private_files
from events.documents import HELP, DocumentField, content_type, extension_of, validate_document
from events.models.files import KeepsFile

if TYPE_CHECKING:
    from events.models.registration import Registration


def store_document(resource: "Resource", filename: str) -> str:
    """A name of ours: of the uploaded one only the extension is kept, once it is one of those we know."""
    return f"resources/{uuid4().hex}.{extension_of(filename)}"


class Resource(KeepsFile):
    """What remains of an event: slides, a recording, something to read. Either an address or a file."""

    FILE = "file"

    class Kind(models.TextChoices):
        SLIDES = "supports", _("supports")
        REPLAY = "replay", _("enregistrement")
        DOCUMENT = "document", _("document")
        LINK = "lien", _("lien")

    event = models.ForeignKey(
        "events.Event", models.CASCADE, related_name="resources", verbose_name=_("événement")
    )
    title = models.CharField(_("titre"), max_length=200)
    kind = models.CharField(_("nature"), max_length=10, choices=Kind, default=Kind.SLIDES)
    url = models.URLField(_("lien"), blank=True)
    file = DocumentField(
        _("fichier"),
        upload_to=store_document,
        storage=private_files,
        blank=True,
        validators=[validate_document],
        help_text=HELP,
    )
    is_public = models.BooleanField(
        _("public"),
        default=True,
        help_text=_("Sinon, réservé aux personnes dont l’inscription est confirmée."),
    )
    position = models.PositiveSmallIntegerField(_("ordre"), default=0)

    class Meta:
        verbose_name = _("ressource")
        verbose_name_plural = _("ressources")
        ordering = ["position", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(url="") & ~Q(file="") | ~Q(url="") & Q(file=""),
                name="resource_is_a_link_or_a_file",
                violation_error_message=_("Une ressource est un lien ou un fichier, l’un des deux."),
            )
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Of the file. Who may follow it is asked there."""
        return reverse("events:event_resource", args=[self.event.slug, self.pk])

    @property
    def filename(self) -> str:
        """What the browser calls it."""
        return f"{slugify(self.title)[:80] or 'document'}.{extension_of(self.file.name)}"

    @property
    def content_type(self) -> str:
        return content_type(self.file.name)

    @property
    def format(self) -> str:
        return extension_of(self.file.name).upper()

    def is_for(self, place: "Registration | None") -> bool:
        """Whether whoever holds this place may read it."""
        return self.is_public or (
            place is not None and place.is_confirmed and place.booking.event_id == self.event_id
        )
