from datetime import date

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from events.models.speaker import Speaker


class Slot(models.Model):
    """A part of an event's programme. Two may be at the same time, in two rooms."""

    event = models.ForeignKey(
        "events.Event", models.CASCADE, related_name="slots", verbose_name=_("événement")
    )
    starts_at = models.DateTimeField(_("début"))
    ends_at = models.DateTimeField(_("fin"))
    title = models.CharField(_("titre"), max_length=200)
    text = models.TextField(_("texte"), blank=True, help_text=_("En Markdown."))
    speakers = models.ManyToManyField(
        Speaker, blank=True, related_name="slots", verbose_name=_("intervenants")
    )
    room = models.CharField(_("salle"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("créneau")
        verbose_name_plural = _("programme")
        ordering = ["starts_at", "ends_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="slot_ends_after_it_starts",
                violation_error_message=_("La fin d’un créneau doit suivre son début."),
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def day(self) -> date:
        return timezone.localdate(self.starts_at)

    def clean(self) -> None:
        if None in {self.starts_at, self.ends_at, self.event.starts_at, self.event.ends_at}:
            return
        if self.starts_at < self.event.starts_at or self.ends_at > self.event.ends_at:
            raise ValidationError(gettext("Ce créneau sort des heures de l’événement."))
