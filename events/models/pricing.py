from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from events.models.places import holding_place
from events.models.refusals import CodeRefused, PriceRefused
from members.models import College, Member

if TYPE_CHECKING:
    from accounts.models import User

CENT = Decimal("0.01")


class PriceQuerySet(models.QuerySet["Price"]):
    def with_places(self) -> "PriceQuerySet":
        """Annotate `taken`, so that a list of events costs no query a price."""
        return self.annotate(taken=Count("registrations", filter=holding_place("registrations__")))


class Price(models.Model):
    """What one place costs, for whom, how many and until when. An event without any is free for everyone."""

    class ForWhom(models.TextChoices):
        PUBLIC = "public", _("tout le monde")
        MEMBERS = "membres", _("les adhérents à jour")
        STUDENTS = "etudiants", _("les étudiants")
        COLLEGE = "college", _("un collège")
        ORGANISATION = "organisation", _("une organisation adhérente")

    PERSONAL: ClassVar = [ForWhom.MEMBERS, ForWhom.COLLEGE]  # one place each, for the account itself

    event = models.ForeignKey(
        "events.Event", models.CASCADE, related_name="prices", verbose_name=_("événement")
    )
    name = models.CharField(_("nom"), max_length=60)
    amount = models.DecimalField(
        _("montant"),
        max_digits=8,
        decimal_places=2,
        default=Decimal(0),
        validators=[MinValueValidator(Decimal(0))],
        help_text=_("0\u00a0: gratuit. Pour un montant libre\u00a0: le minimum."),
    )
    is_chosen = models.BooleanField(_("montant libre"), default=False)
    for_whom = models.CharField(_("pour"), max_length=12, choices=ForWhom, default=ForWhom.PUBLIC)
    college = models.ForeignKey(
        College, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("collège")
    )
    organisation = models.ForeignKey(
        Member, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("organisation")
    )
    quota = models.PositiveIntegerField(
        _("nombre de places à ce tarif"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Vide : autant que l’événement en a."),
    )
    kept_until = models.DateTimeField(
        _("places gardées jusqu’au"),
        null=True,
        blank=True,
        help_text=_("Jusque-là, personne d’autre ne prend ces places ; ensuite elles reviennent au public."),
    )
    opens_at = models.DateTimeField(_("en vente à partir du"), null=True, blank=True)
    closes_at = models.DateTimeField(_("en vente jusqu’au"), null=True, blank=True)
    position = models.PositiveSmallIntegerField(_("ordre"), default=0)

    objects: ClassVar = PriceQuerySet.as_manager()

    class Meta:
        verbose_name = _("tarif")
        verbose_name_plural = _("tarifs")
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="price_not_negative"),
            models.CheckConstraint(
                condition=Q(for_whom="college", college__isnull=False)
                | ~Q(for_whom="college") & Q(college__isnull=True),
                name="price_names_its_college",
                violation_error_message=_("Un tarif de collège nomme son collège, et lui seul."),
            ),
            models.CheckConstraint(
                condition=Q(for_whom="organisation", organisation__isnull=False)
                | ~Q(for_whom="organisation") & Q(organisation__isnull=True),
                name="price_names_its_organisation",
                violation_error_message=_("Un tarif d’organisation nomme son organisation, et lui seul."),
            ),
            models.CheckConstraint(
                condition=Q(kept_until__isnull=True) | Q(quota__isnull=False),
                name="price_keeps_a_number_of_places",
                violation_error_message=_("Pour garder des places, dites combien."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        taken = self.places_taken if self.pk else 0
        if self.quota is not None and self.quota < taken:
            message = ngettext(
                "%d place est déjà prise à ce tarif : on ne peut pas descendre en dessous.",
                "%d places sont déjà prises à ce tarif : on ne peut pas descendre en dessous.",
                taken,
            )
            raise ValidationError({"quota": message % taken})

    @property
    def is_reserved(self) -> bool:
        """Students say so themselves and show their card at the door; the others are checked here."""
        return self.for_whom not in {self.ForWhom.PUBLIC, self.ForWhom.STUDENTS}

    @property
    def is_on_sale(self) -> bool:
        now = timezone.now()
        return (self.opens_at is None or self.opens_at <= now) and (
            self.closes_at is None or now < self.closes_at
        )

    @property
    def is_kept(self) -> bool:
        return self.kept_until is not None and timezone.now() < self.kept_until

    @property
    def places_taken(self) -> int:
        if hasattr(self, "taken"):
            return int(self.taken)
        return self.registrations.holding_place().count()

    @property
    def places_kept(self) -> int:
        """Still kept for whom this price is for, and not taken."""
        return max((self.quota or 0) - self.places_taken, 0) if self.is_kept else 0

    @property
    def is_sold_out(self) -> bool:
        return self.quota is not None and self.places_taken >= self.quota

    def is_for(self, user: "User | None", code: "PromoCode | None" = None) -> bool:
        """Whether this account, or whoever knows this code, may take it."""
        if not self.is_reserved or (code is not None and code.price_id == self.pk):
            return True
        if user is None:
            return False
        members = Member.objects.benefiting(user).current(on=timezone.localdate())
        match self.for_whom:
            case self.ForWhom.COLLEGE:
                members = members.filter(college=self.college_id)
            case self.ForWhom.ORGANISATION:
                members = members.filter(pk=self.organisation_id or 0)
        return members.exists()

    def amount_for(self, chosen: Decimal | None, code: "PromoCode | None" = None) -> Decimal:
        """What one place costs, in euros. Raises PriceRefused when less than the minimum was chosen."""
        amount = self.amount
        if self.is_chosen and chosen is not None:
            if chosen < self.amount:
                raise PriceRefused(self, PriceRefused.Why.TOO_LITTLE)
            amount = chosen
        return code.applied_to(amount) if code and code.is_for(self) else amount


class PromoCode(models.Model):
    """A word that lowers a price, or that opens a reserved one. A use is a place; live places are counted."""

    event = models.ForeignKey(
        "events.Event", models.CASCADE, related_name="promo_codes", verbose_name=_("événement")
    )
    code = models.CharField(_("code"), max_length=30)
    price = models.ForeignKey(
        Price,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="promo_codes",
        verbose_name=_("tarif"),
        help_text=_("Le seul tarif qu’il concerne ; il l’ouvre s’il est réservé. Vide : tous."),
    )
    percent = models.PositiveSmallIntegerField(
        _("réduction en %"), default=0, validators=[MaxValueValidator(100)]
    )
    amount_off = models.DecimalField(
        _("réduction en euros"),
        max_digits=8,
        decimal_places=2,
        default=Decimal(0),
        validators=[MinValueValidator(Decimal(0))],
    )
    max_uses = models.PositiveIntegerField(
        _("nombre de places"), null=True, blank=True, help_text=_("Vide : sans limite.")
    )
    valid_from = models.DateTimeField(_("valable à partir du"), null=True, blank=True)
    valid_until = models.DateTimeField(_("valable jusqu’au"), null=True, blank=True)

    class Meta:
        verbose_name = _("code promotionnel")
        verbose_name_plural = _("codes promotionnels")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "code"],
                name="promo_code_unique_in_its_event",
                violation_error_message=_("Ce code existe déjà pour cet événement."),
            ),
            models.CheckConstraint(
                condition=Q(percent__lte=100, amount_off__gte=0) & (Q(percent=0) | Q(amount_off=0)),
                name="promo_code_lowers_in_one_way",
                violation_error_message=_("Un code réduit d’un pourcentage ou d’un montant, pas des deux."),
            ),
        ]

    def __str__(self) -> str:
        return self.code

    def save(self, *args: object, **kwargs: object) -> None:
        self.code = self.normalized(self.code)
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    def clean(self) -> None:
        self.code = self.normalized(self.code)

    @staticmethod
    def normalized(code: str) -> str:
        """People type it in any case, with spaces around."""
        return "".join(code.split()).upper()

    @property
    def uses(self) -> int:
        return self.registrations.live().count()

    def is_for(self, price: Price) -> bool:
        return self.price_id in {None, price.pk}

    def applied_to(self, amount: Decimal) -> Decimal:
        lowered = amount * (100 - self.percent) / 100 - self.amount_off
        return max(lowered, Decimal(0)).quantize(CENT, rounding=ROUND_HALF_UP)

    def refuse_unless_valid(self) -> None:
        """Raises CodeRefused. Called once its new uses are written, under the lock on the event."""
        now = timezone.now()
        if self.valid_from and now < self.valid_from:
            raise CodeRefused(CodeRefused.Why.TOO_EARLY)
        if self.valid_until and now >= self.valid_until:
            raise CodeRefused(CodeRefused.Why.TOO_LATE)
        if self.max_uses is not None and self.uses > self.max_uses:
            raise CodeRefused(CodeRefused.Why.USED_UP)
