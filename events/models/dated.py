from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Dated(models.Model):
    """When an event is, and whether it will be."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("brouillon")
        PUBLISHED = "published", _("publié")
        CANCELLED = "cancelled", _("annulé")

    status = models.CharField(_("état"), max_length=10, choices=Status, default=Status.DRAFT)
    starts_at = models.DateTimeField(_("début"))
    ends_at = models.DateTimeField(_("fin"))
    sequence = models.PositiveIntegerField(
        default=0, editable=False, help_text="SEQUENCE of the calendar entry: RFC 5545, 3.8.7.4."
    )
    updated_at = models.DateTimeField(_("modifié le"), auto_now=True)

    class Meta:
        abstract = True

    @property
    def is_over(self) -> bool:
        return self.ends_at <= timezone.now()

    @property
    def has_begun(self) -> bool:
        return self.starts_at <= timezone.now()
