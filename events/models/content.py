from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from events.models.dated import Dated
from events.models.files import KeepsFile
from events.models.speaker import Speaker
from events.pictures import HELP, PictureField

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User

MAP = "https://www.openstreetmap.org/"
MAP_ZOOM = 17


class Content(KeepsFile, Dated):
    """What the page of an event shows beside what, when and for how much."""

    FILE = "image"

    class Language(models.TextChoices):
        FRENCH = "fr", _("français")
        ENGLISH = "en", _("anglais")
        OCCITAN = "oc", _("occitan")
        SPANISH = "es", _("espagnol")
        CATALAN = "ca", _("catalan")
        ITALIAN = "it", _("italien")
        GERMAN = "de", _("allemand")
        FRENCH_SIGN = "fsl", _("langue des signes française")

    language = models.CharField(_("langue parlée"), max_length=3, choices=Language, default=Language.FRENCH)
    image = PictureField(_("image"), blank=True, help_text=HELP)
    image_alt = models.CharField(
        _("texte de remplacement"),
        max_length=300,
        blank=True,
        help_text=_("Ce que montre l’image, pour qui ne la voit pas."),
    )
    access = models.TextField(
        _("comment venir"), blank=True, help_text=_("Transports, entrée, stationnement.")
    )
    accessibility = models.TextField(
        _("accessibilité"),
        blank=True,
        help_text=_("Accès de plain-pied, boucle magnétique, langue des signes, sous-titrage…"),
    )
    accessibility_email = models.EmailField(
        _("contact accessibilité"),
        blank=True,
        help_text=_("Reçoit seul les besoins d’accessibilité. Vide : l’adresse de l’association."),
    )
    latitude = models.DecimalField(
        _("latitude"),
        max_digits=8,
        decimal_places=6,
        null=True,
        blank=True,
        validators=[MinValueValidator(-90), MaxValueValidator(90)],
        help_text=_("Facultative : la carte s’ouvre à cet endroit, sinon elle cherche l’adresse."),
    )
    longitude = models.DecimalField(
        _("longitude"),
        max_digits=9,
        decimal_places=6,
        null=True,
        blank=True,
        validators=[MinValueValidator(-180), MaxValueValidator(180)],
    )
    online_url = models.URLField(
        _("lien de connexion"),
        blank=True,
        help_text=_("Montré aux seules personnes dont l’inscription est confirmée."),
    )
    link_shown_hours = models.PositiveSmallIntegerField(
        _("lien montré, en heures avant le début"), default=24
    )
    speakers = models.ManyToManyField(
        Speaker, through="events.Appearance", related_name="events", verbose_name=_("intervenants")
    )

    class Meta:
        abstract = True

    if TYPE_CHECKING:  # of the event
        format: Any
        Format: Any
        address: Any
        venue: Any
        appearances: Any
        slots: Any
        series: Any
        series_id: Any
        registrations: Any

    def clean(self) -> None:
        if self.image and not self.image_alt:
            raise ValidationError({"image_alt": gettext("Décrivez l’image pour qui ne la voit pas.")})
        if (self.latitude is None) != (self.longitude is None):
            raise ValidationError({"longitude": gettext("Donnez la latitude et la longitude, ou aucune.")})

    @property
    def link_opens_at(self) -> datetime:
        opens_at: datetime = self.starts_at - timedelta(hours=self.link_shown_hours)
        return opens_at

    @property
    def is_link_open(self) -> bool:
        """Whether those who are confirmed see the link now."""
        is_held = self.status == self.Status.PUBLISHED and not self.is_over
        return bool(self.online_url) and is_held and self.link_opens_at <= timezone.now()

    @property
    def map_url(self) -> str:
        """A page of OpenStreetMap that shows the place, or looks for its address."""
        if self.format == self.Format.ONLINE:
            return ""
        if self.latitude is not None and self.longitude is not None:
            point = {"mlat": self.latitude, "mlon": self.longitude}
            return f"{MAP}?{urlencode(point)}#map={MAP_ZOOM}/{self.latitude}/{self.longitude}"
        return f"{MAP}search?{urlencode({'query': self.address or self.venue})}"

    @property
    def people(self) -> list[Speaker]:
        """Who speaks: those the event names, in its order, then those only a slot names."""
        named = [appearance.speaker for appearance in self.appearances.all()]
        in_slots = [speaker for slot in self.slots.all() for speaker in slot.speakers.all()]
        return list(dict.fromkeys([*named, *in_slots]))

    @property
    def other_dates(self) -> Any:
        """The coming events of the same series."""
        if self.series_id is None:
            return type(self)._default_manager.none()
        return self.series.events.upcoming().exclude(pk=self.pk)

    def shows_all_resources_to(self, user: "User | AnonymousUser") -> bool:
        return user.has_perm("events.view_resource") or self.is_attended_by(user)

    def is_attended_by(self, user: "User | AnonymousUser") -> bool:
        if not user.is_authenticated:
            return False
        emails = user.verified_emails
        mine = models.Q(booking__user=user) | models.Q(booking__email__in=emails) | models.Q(email__in=emails)
        return bool(self.registrations.confirmed().filter(mine).exists())
