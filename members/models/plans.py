from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, When
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from members import offers
from members.models.identity import Kind

if TYPE_CHECKING:
    from members.models.memberships import Membership


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


class PlanQuerySet(models.QuerySet["Plan"]):
    def open(self) -> "PlanQuerySet":
        """Those one can join with today."""
        prices = PlanPrice.objects.filter(plan=OuterRef("pk"), since__lte=timezone.localdate())
        return self.filter(Exists(prices), is_open=True)

    def with_price(self, *, on: date) -> "PlanQuerySet":
        """Annotate the price of that day, of the smallest size, and `is_from`: whether one may pay another."""
        prices = PlanPrice.objects.filter(plan=OuterRef("pk"), since__lte=on)
        first = prices.order_by("-since", "from_headcount")
        latest = PlanPrice.objects.filter(plan=OuterRef("plan"), since__lte=on).order_by("-since")
        sized = prices.filter(since=Subquery(latest.values("since")[:1]), from_headcount__gt=0)
        return self.annotate(
            price=Subquery(first.values("amount")[:1]),
            is_from=Case(When(Q(is_amount_chosen=True) | Exists(sized), then=True), default=False),
        )


class Plan(models.Model):
    """What one can join as. Its prices are dated, so that an old membership keeps the one it was sold at."""

    class Period(models.TextChoices):
        ROLLING = "rolling", _("glissante, à partir du premier jour")
        CALENDAR = "calendar", _("année civile")
        FIXED = "fixed", _("dates fixes")

    class LateJoin(models.TextChoices):
        FULL = "full", _("le prix entier")
        BY_MONTH = "by_month", _("la part des mois qui restent, celui-ci compris")
        NEXT_FREE = "next_free", _("le prix entier, et l’année suivante est donnée à partir d’une date")

    class Approval(models.TextChoices):
        NOBODY = "nobody", pgettext_lazy("aucune", "personne")
        NEWCOMERS = "newcomers", _("qui adhère pour la première fois, ou après une interruption")
        EVERYBODY = "everybody", _("tout le monde, à chaque fois")

    class Proof(models.TextChoices):
        NONE = "none", _("jamais")
        JOINING = "joining", _("à la première adhésion, ou après une interruption")
        ALWAYS = "always", _("à chaque fois")

    name = models.CharField(_("nom"), max_length=100)
    slug = models.SlugField(_("adresse"), unique=True)
    kind = models.CharField(_("pour"), max_length=12, choices=Kind, default=Kind.PERSON)
    college = models.ForeignKey(College, models.PROTECT, related_name="plans", verbose_name=_("collège"))
    summary = models.CharField(_("pour qui"), max_length=200)
    benefits = models.TextField(_("ce que l’on obtient"), help_text=_("Un avantage par ligne."))
    period = models.CharField(_("période"), max_length=10, choices=Period, default=Period.ROLLING)
    months = models.PositiveSmallIntegerField(
        _("durée en mois"),
        default=12,
        validators=[MinValueValidator(1), MaxValueValidator(120)],
        help_text=_("Pour une période glissante."),
    )
    fixed_starts_on = models.DateField(_("premier jour"), null=True, blank=True)
    fixed_ends_on = models.DateField(_("dernier jour"), null=True, blank=True)
    late_join = models.CharField(
        _("qui arrive en cours de période paie"), max_length=10, choices=LateJoin, default=LateJoin.FULL
    )
    free_from_month = models.PositiveSmallIntegerField(
        _("année suivante donnée à partir du mois"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(12)],
    )
    free_from_day = models.PositiveSmallIntegerField(
        _("et du jour"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(31)]
    )
    asks_address = models.BooleanField(
        _("demander l’adresse postale"),
        default=False,
        help_text=_("À une personne\u202f; une organisation la donne toujours. Seulement si elle sert."),
    )
    max_terms = models.PositiveSmallIntegerField(
        _("périodes payables d’avance"), default=1, validators=[MinValueValidator(1), MaxValueValidator(10)]
    )
    is_amount_chosen = models.BooleanField(
        _("montant libre"), default=False, help_text=_("Le prix est alors le minimum.")
    )
    is_deductible = models.BooleanField(
        _("ouvre droit à un reçu fiscal"),
        default=False,
        help_text=_(
            "Seulement si le bureau l’a décidé, et si l’adhésion ne donne rien qui ait de la valeur."
        ),
    )
    seats_included = models.PositiveSmallIntegerField(
        _("places comprises"),
        null=True,
        blank=True,
        help_text=_("Pour une organisation\u00a0: les collègues qui en profitent. Vide\u00a0: sans limite."),
    )
    approval = models.CharField(
        _("le bureau doit accepter"), max_length=10, choices=Approval, default=Approval.NOBODY
    )
    proof = models.CharField(_("justificatif demandé"), max_length=10, choices=Proof, default=Proof.NONE)
    proof_label = models.CharField(
        _("quel justificatif"),
        max_length=150,
        blank=True,
        help_text=_("Par exemple\u00a0: carte d’étudiant de l’année. Effacé dès que le bureau a répondu."),
    )
    renewal_opens_days = models.PositiveSmallIntegerField(
        _("le renouvellement ouvre, en jours avant la fin"), default=60
    )
    grace_days = models.PositiveSmallIntegerField(
        _("délai de grâce, en jours après la fin"),
        default=0,
        help_text=_("On reste à jour pendant ce délai, et qui renouvelle alors continue sa période."),
    )
    backdates = models.BooleanField(
        _("après une interruption, repartir de la fin de l’ancienne période"), default=False
    )
    is_open = models.BooleanField(_("ouverte aux adhésions"), default=True)
    position = models.PositiveSmallIntegerField(_("ordre"), default=0)

    objects: ClassVar = PlanQuerySet.as_manager()

    class Meta:
        verbose_name = _("formule")
        verbose_name_plural = _("formules")
        ordering = ["position", "name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(months__gte=1) & Q(max_terms__gte=1), name="plan_lasts_a_month_at_least"
            ),
            models.CheckConstraint(
                condition=~Q(period="fixed")
                | Q(
                    fixed_starts_on__isnull=False,
                    fixed_ends_on__isnull=False,
                    fixed_ends_on__gte=F("fixed_starts_on"),
                    max_terms=1,
                ),
                name="fixed_plan_has_its_dates",
                violation_error_message=_(
                    "Une période à dates fixes a un premier et un dernier jour, et se paie une à une."
                ),
            ),
            models.CheckConstraint(
                condition=~Q(late_join="next_free")
                | Q(period="calendar", free_from_month__isnull=False, free_from_day__isnull=False),
                name="next_year_is_given_from_a_day",
                violation_error_message=_(
                    "L’année suivante se donne à partir d’un mois et d’un jour, en année civile."
                ),
            ),
            models.CheckConstraint(
                condition=~Q(late_join="by_month") | ~Q(period="rolling"),
                name="a_rolling_period_is_never_joined_late",
                violation_error_message=_(
                    "Une période glissante commence à l’arrivée\u00a0: on ne la prend pas en cours."
                ),
            ),
            models.CheckConstraint(
                condition=Q(proof="none") | ~Q(proof_label=""),
                name="plan_says_which_proof",
                violation_error_message=_("Dites quel justificatif est demandé."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("members:join", args=[self.slug])

    def clean(self) -> None:
        if self.free_from_month and self.free_from_day:
            try:
                date(2025, self.free_from_month, self.free_from_day)
            except ValueError as error:
                raise ValidationError(
                    {"free_from_day": gettext("Ce jour n’existe pas tous les ans.")}
                ) from error

    @property
    def benefit_list(self) -> list[str]:
        return [line.strip() for line in self.benefits.splitlines() if line.strip()]

    def gives_next_year(self, start: date) -> bool:
        """Whether somebody who joins that day has the year after it too."""
        return self.late_join == self.LateJoin.NEXT_FREE and (start.month, start.day) >= (
            self.free_from_month,
            self.free_from_day,
        )

    def asks_proof(self, *, after: "Membership | None", on: date) -> bool:
        """Whether who joins that day, after the period `after` if they had one, must show the proof of this plan.

        Who comes from another plan has never shown it.
        """
        has_shown = after is not None and on <= after.last_grace_day and after.plan_id == self.pk
        return self.proof == self.Proof.ALWAYS or self.proof == self.Proof.JOINING and not has_shown

    def asks_approval(self, *, after: "Membership | None", on: date) -> bool:
        """Also to look at a proof: nobody but the board can."""
        is_newcomer = after is None or on > after.last_grace_day
        return (
            self.approval == self.Approval.EVERYBODY
            or self.approval == self.Approval.NEWCOMERS
            and is_newcomer
            or self.asks_proof(after=after, on=on)
        )

    def price_on(self, day: date, *, headcount: int = 0) -> "PlanPrice | None":
        """The price in force that day for that size, or None before the first one."""
        known = self.prices.filter(since__lte=day)
        latest = known.order_by("-since").values("since")[:1]
        sizes = known.filter(since=latest, from_headcount__lte=headcount)
        return sizes.order_by("-from_headcount").first()

    def last_day(self, starts_on: date) -> date:
        """The inclusive end of one period from that day."""
        return offers.last_day(self, starts_on)

    def offer(
        self,
        *,
        on: date,
        after: "Membership | None" = None,
        headcount: int = 0,
        seats: int = 0,
        terms: int = 1,
        amount: Decimal | None = None,
        is_due: bool = False,
    ) -> offers.Offer:
        """What joining on that day gives and costs, `after` being the last period of the member.

        `is_due` says that it was agreed before: the opening of renewals is not asked again. Raises an OfferRefused.
        """
        return offers.make(
            self,
            on=on,
            after=after,
            headcount=headcount,
            seats=seats,
            terms=terms,
            amount=amount,
            is_due=is_due,
        )


class PlanPrice(models.Model):
    """A price since a day. Those of one day are one version: where there are several, each is for a size."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="prices", verbose_name=_("formule"))
    amount = models.DecimalField(
        _("prix"), max_digits=8, decimal_places=2, validators=[MinValueValidator(Decimal(0))]
    )
    since = models.DateField(_("à partir du"), default=timezone.localdate)
    from_headcount = models.PositiveIntegerField(
        _("à partir de cet effectif"), default=0, help_text=_("0\u00a0: le plus petit, ou tous.")
    )
    seat_amount = models.DecimalField(
        _("prix d’une place au-delà"),
        max_digits=8,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
        help_text=_("Vide\u00a0: pas de place au-delà de celles qui sont comprises."),
    )

    class Meta:
        verbose_name = _("prix")
        verbose_name_plural = _("prix")
        ordering = ["-since", "from_headcount"]
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "since", "from_headcount"], name="one_plan_price_a_day_and_size"
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="plan_price_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.plan} – {self.amount} €"

    def has_served(self) -> bool:
        """Whether somebody has applied, or has a period, since it is in force: also of a first day to come."""
        announced = self.plan.applications.filter(
            Q(created_at__date__gte=self.since) | Q(starts_on__gte=self.since)
        )
        return announced.exists() or self.plan.memberships.filter(starts_on__gte=self.since).exists()
