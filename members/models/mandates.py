from datetime import date
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from members.models.identity import normalise_email

if TYPE_CHECKING:
    from accounts.models import User


class MandateQuerySet(models.QuerySet["Mandate"]):
    def live(self, *, on: date) -> "MandateQuerySet":
        return self.filter(Q(ends_on=None) | Q(ends_on__gte=on), starts_on__lte=on)

    def representing(self) -> "MandateQuerySet":
        """Those who act for the organisation, not only profit from its membership."""
        return self.filter(Q(role__in=Mandate.REPRESENTING) | Q(is_dues_contact=True))

    def of(self, user: "User") -> "MandateQuerySet":
        return self.filter(Q(user=user) | Q(email__in=user.verified_emails))


class Mandate(models.Model):
    """Somebody's seat in an organisation that is a member, with its dates, and what they may do for it."""

    class Role(models.TextChoices):
        TITULAR = "titular", _("titulaire")
        DEPUTY = "deputy", _("suppléant")
        COLLEAGUE = "colleague", _("collègue")

    REPRESENTING: ClassVar = [Role.TITULAR, Role.DEPUTY]

    organisation = models.ForeignKey(
        "members.Member", models.PROTECT, related_name="mandates", verbose_name=_("organisation")
    )
    role = models.CharField(_("rôle"), max_length=10, choices=Role, default=Role.COLLEAGUE)
    first_name = models.CharField(_("prénom"), max_length=100, blank=True)
    last_name = models.CharField(_("nom"), max_length=100, blank=True)
    email = models.EmailField(_("adresse e-mail"), blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="mandates",
        verbose_name=_("compte"),
    )
    is_voting = models.BooleanField(_("vote pour l’organisation"), default=False)
    is_dues_contact = models.BooleanField(_("suit la cotisation"), default=False)
    starts_on = models.DateField(_("premier jour"), default=timezone.localdate)
    ends_on = models.DateField(_("dernier jour"), null=True, blank=True)

    objects: ClassVar = MandateQuerySet.as_manager()

    class Meta:
        verbose_name = _("mandat")
        verbose_name_plural = _("mandats")
        ordering = ["organisation", "-role", "last_name", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="mandate_ends_after_it_starts",
                violation_error_message=_("Le dernier jour ne peut pas précéder le premier."),
            ),
            models.UniqueConstraint(
                fields=["organisation", "email"],
                condition=Q(ends_on=None) & ~Q(email=""),
                name="one_open_mandate_an_address",
                violation_error_message=_("Cette adresse a déjà une place dans l’organisation."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.get_role_display()})"

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.email

    @property
    def address(self) -> str:
        """Where they are written to: that of their account, unless another is given."""
        return self.email or (self.user.email if self.user else "")

    def clean(self) -> None:
        self.email = normalise_email(self.email)

    def is_live(self, day: date) -> bool:
        return self.starts_on <= day and (self.ends_on is None or self.ends_on >= day)

    @transaction.atomic
    def end(self, *, on: date) -> None:
        """Give the seat back: that day is the last. Does nothing to one that is over already."""
        last = max(on, self.starts_on)
        Mandate.objects.filter(Q(ends_on=None) | Q(ends_on__gt=last), pk=self.pk).update(ends_on=last)
        self.refresh_from_db()
