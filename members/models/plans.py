import calendar
from datetime import date, timedelta
from decimal import Decimal
from typing import ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class College(models.Model):
    """One of the groups that vote in the general assembly."""

    name = models.CharField(_("nom"), max_length=100, unique=True)
    slug = models.SlugField(_("identifiant"), unique=True)
    position = models.PositiveSmallIntegerField(_("ordre"), default=0)

    class Meta:
        verbose_name = _("collège")
        verbose_name_plural = _("collèges")
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name


class Kind(models.TextChoices):
    PERSON = "person", _("personne")
    ORGANISATION = "organisation", _("organisation")


class PlanQuerySet(models.QuerySet["Plan"]):
    def open(self) -> "PlanQuerySet":
        """Those one can join with today."""
        prices = PlanPrice.objects.filter(plan=OuterRef("pk"), since__lte=timezone.localdate())
        return self.filter(Exists(prices), is_open=True)

    def with_price(self, *, on: date) -> "PlanQuerySet":
        prices = PlanPrice.objects.filter(plan=OuterRef("pk"), since__lte=on).order_by("-since")
        return self.annotate(price=models.Subquery(prices.values("amount")[:1]))


class Plan(models.Model):
    """What one can join as. Its prices are dated, so that an old membership keeps the one it was sold at."""

    name = models.CharField(_("nom"), max_length=100)
    slug = models.SlugField(_("adresse"), unique=True)
    kind = models.CharField(_("pour"), max_length=12, choices=Kind, default=Kind.PERSON)
    college = models.ForeignKey(College, models.PROTECT, related_name="plans", verbose_name=_("collège"))
    summary = models.CharField(_("pour qui"), max_length=200)
    benefits = models.TextField(_("ce que l’on obtient"), help_text=_("Un avantage par ligne."))
    months = models.PositiveSmallIntegerField(
        _("durée en mois"), default=12, validators=[MinValueValidator(1)]
    )
    is_open = models.BooleanField(_("ouverte aux adhésions"), default=True)
    position = models.PositiveSmallIntegerField(_("ordre"), default=0)

    objects: ClassVar = PlanQuerySet.as_manager()

    class Meta:
        verbose_name = _("formule")
        verbose_name_plural = _("formules")
        ordering = ["position", "name"]
        constraints = [models.CheckConstraint(condition=Q(months__gte=1), name="plan_lasts_a_month_at_least")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("members:join", args=[self.slug])

    @property
    def benefit_list(self) -> list[str]:
        return [line.strip() for line in self.benefits.splitlines() if line.strip()]

    def price_on(self, day: date) -> Decimal | None:
        """The price in force that day, or None before the first one."""
        return self.prices.filter(since__lte=day).order_by("-since").values_list("amount", flat=True).first()

    def last_day(self, starts_on: date) -> date:
        """The inclusive end of a period: 12 months from 31 January end on 30 January, one from 31 January on 27 or 28 February."""
        return _add_months(starts_on, self.months) - timedelta(days=1)


def _add_months(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return day.replace(year=year, month=month + 1, day=min(day.day, calendar.monthrange(year, month + 1)[1]))


class PlanPrice(models.Model):
    plan = models.ForeignKey(Plan, models.CASCADE, related_name="prices", verbose_name=_("formule"))
    amount = models.DecimalField(
        _("prix"), max_digits=8, decimal_places=2, validators=[MinValueValidator(Decimal(0))]
    )
    since = models.DateField(_("à partir du"), default=timezone.localdate)

    class Meta:
        verbose_name = _("prix")
        verbose_name_plural = _("prix")
        ordering = ["-since"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "since"], name="one_plan_price_a_day"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="plan_price_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.plan} – {self.amount} €"
