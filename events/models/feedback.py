from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import models
from django.db.models import Avg, Count, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from events.models.dated import Dated
from events.models.registration import Registration

FEEDBACK_DAYS = 30


class FeedbackQuerySet(models.QuerySet["Feedback"]):
    def summary(self) -> dict[str, Any]:
        """How many, the average mark, how many would recommend, and how many gave each mark."""
        counts = self.aggregate(
            count=Count("pk"),
            average=Avg("rating"),
            recommending=Count("pk", filter=Q(would_recommend=True)),
            asked=Count("pk", filter=Q(would_recommend__isnull=False)),
        )
        by_mark = dict(self.order_by().values_list("rating").annotate(Count("pk")))
        return counts | {"marks": [(mark, by_mark.get(mark, 0)) for mark in reversed(Feedback.Rating.values)]}

    def closed(self) -> "FeedbackQuerySet":
        """Those that nobody can change any more, and that still say whose they are."""
        before = timezone.now() - timedelta(days=FEEDBACK_DAYS)
        return self.filter(event__ends_at__lte=before, place__isnull=False)


class Feedback(models.Model):
    """What somebody who came thinks of an event. Shown without a name, and without an author once it is closed."""

    class Rating(models.IntegerChoices):
        POOR = 1, _("1 – décevant")
        FAIR = 2, _("2 – moyen")
        GOOD = 3, _("3 – bien")
        VERY_GOOD = 4, _("4 – très bien")
        EXCELLENT = 5, _("5 – excellent")

    event = models.ForeignKey(
        "events.Event", models.CASCADE, related_name="feedback", verbose_name=_("événement")
    )
    place = models.OneToOneField(
        Registration, models.SET_NULL, null=True, editable=False, related_name="feedback"
    )
    rating = models.PositiveSmallIntegerField(pgettext_lazy("appréciation", "note"), choices=Rating)
    useful = models.TextField(_("ce qui était utile, ce qui peut changer"), max_length=2000, blank=True)
    would_recommend = models.BooleanField(_("le recommanderait"), null=True, blank=True)

    objects: ClassVar = FeedbackQuerySet.as_manager()

    class Meta:
        verbose_name = _("avis")
        verbose_name_plural = _("avis")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(rating__range=(1, 5)), name="feedback_rating_from_1_to_5")
        ]

    def __str__(self) -> str:
        return str(self.get_rating_display())


class Evaluated(Dated):
    """What asks those who came for their opinion."""

    class Meta:
        abstract = True

    @property
    def feedback_closes_at(self) -> datetime:
        return self.ends_at + timedelta(days=FEEDBACK_DAYS)

    @property
    def takes_feedback(self) -> bool:
        is_held = self.status == self.Status.PUBLISHED and self.is_over
        return is_held and timezone.now() < self.feedback_closes_at
