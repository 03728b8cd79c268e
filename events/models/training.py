from typing import TYPE_CHECKING, ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Min, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User


class TrainingQuerySet(models.QuerySet["Training"]):
    def published(self) -> "TrainingQuerySet":
        return self.filter(is_published=True)

    def visible_to(self, user: "User | AnonymousUser") -> "TrainingQuerySet":
        return self.all() if user.has_perm("events.view_training") else self.published()

    def with_next_session(self) -> "TrainingQuerySet":
        """Annotate `next_session_at`, the start of the next published session."""
        coming = Q(sessions__status="published", sessions__starts_at__gt=timezone.now())
        return self.annotate(next_session_at=Min("sessions__starts_at", filter=coming))


class Training(models.Model):
    """The programme of a training. Its dates are the events that name it."""

    title = models.CharField(_("titre"), max_length=200)
    slug = models.SlugField(_("adresse"), max_length=220, unique=True)
    summary = models.CharField(_("en une phrase"), max_length=300)
    objectives = models.TextField(
        _("objectifs"), help_text=_("En Markdown : ce que l’on saura faire à la fin.")
    )
    prerequisites = models.TextField(
        _("prérequis"), help_text=_("En Markdown\u202f; «\u00a0Aucun\u00a0» s’il n’y en a pas.")
    )
    programme = models.TextField(_("programme"), help_text=_("En Markdown."))
    duration_hours = models.DecimalField(
        _("durée en heures"), max_digits=5, decimal_places=1, validators=[MinValueValidator(0.5)]
    )
    is_published = models.BooleanField(_("publiée"), default=False)
    updated_at = models.DateTimeField(_("mise à jour le"), auto_now=True)

    objects: ClassVar = TrainingQuerySet.as_manager()

    class Meta:
        verbose_name = _("formation")
        verbose_name_plural = _("formations")
        ordering = ["title"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("trainings:training", args=[self.slug])
