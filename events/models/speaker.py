from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from events.models.files import KeepsFile
from events.pictures import HELP, PictureField

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User


class SpeakerQuerySet(models.QuerySet["Speaker"]):
    def visible_to(self, user: "User | AnonymousUser") -> "SpeakerQuerySet":
        """Those of an event that a visitor may see; staff also see who is not announced yet."""
        return self.all() if user.has_perm("events.view_speaker") else self.public()

    def public(self) -> "SpeakerQuerySet":
        announced = Q(appearances__event__status__in=["published", "cancelled"])
        announced |= Q(slots__event__status__in=["published", "cancelled"])
        return self.filter(announced).distinct()


class Speaker(KeepsFile):
    """Somebody who speaks at events."""

    FILE = "photo"

    name = models.CharField(_("nom"), max_length=150)
    slug = models.SlugField(_("adresse"), max_length=160, unique=True)
    role = models.CharField(
        _("fonction"), max_length=200, blank=True, help_text=_("Métier et organisation, en une ligne.")
    )
    biography = models.TextField(_("présentation"), blank=True, help_text=_("En Markdown."))
    photo = PictureField(_("photo"), blank=True, help_text=HELP)
    photo_alt = models.CharField(
        _("texte de remplacement"),
        max_length=200,
        blank=True,
        help_text=_("Ce que montre la photo. Vide : « Portrait de », et le nom."),
    )
    website = models.URLField(_("site"), blank=True)

    objects: ClassVar = SpeakerQuerySet.as_manager()

    class Meta:
        verbose_name = _("intervenant")
        verbose_name_plural = _("intervenants")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("speakers:speaker", args=[self.slug])

    @property
    def photo_text(self) -> str:
        return self.photo_alt or gettext("Portrait de %s") % self.name


class Appearance(models.Model):
    """A speaker at an event, in the order in which the page names them."""

    event = models.ForeignKey(
        "events.Event", models.CASCADE, related_name="appearances", verbose_name=_("événement")
    )
    speaker = models.ForeignKey(
        Speaker, models.PROTECT, related_name="appearances", verbose_name=_("intervenant")
    )
    position = models.PositiveSmallIntegerField(_("ordre"), default=0)

    class Meta:
        verbose_name = _("intervenant")
        verbose_name_plural = _("intervenants")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "speaker"],
                name="speaker_once_an_event",
                violation_error_message=_("Cette personne est déjà parmi les intervenants."),
            )
        ]

    def __str__(self) -> str:
        return str(self.speaker)
