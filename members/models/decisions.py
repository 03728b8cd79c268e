"""What changes who somebody is to the association, apart from their periods: leaving, and decisions of the board."""

from datetime import date
from typing import ClassVar

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class DepartureQuerySet(models.QuerySet["Departure"]):
    def in_force(self, *, on: date) -> "DepartureQuerySet":
        """Those after which the member has not joined again by that day."""
        return self.announced(on=on).filter(left_on__lt=on)

    def announced(self, *, on: date) -> "DepartureQuerySet":
        """In force, or to come: the last day as a member may be ahead."""
        still = Q(rejoined_on=None) | Q(rejoined_on__gt=on)
        return self.filter(still, cancelled_at=None)


class Departure(models.Model):
    """Somebody is no longer a member. A resignation needs nobody's approval; an exclusion is a decision, with its reason.

    Dues that were owed stay owed (law of 1 July 1901, article 4).
    """

    class Kind(models.TextChoices):
        RESIGNED = "resigned", _("démission")
        EXCLUDED = "excluded", _("exclusion")
        DECEASED = "deceased", _("décès")

    member = models.ForeignKey(
        "members.Member", models.PROTECT, related_name="departures", verbose_name=_("adhérent")
    )
    kind = models.CharField(_("nature"), max_length=10, choices=Kind)
    left_on = models.DateField(_("dernier jour comme membre"))
    decided_on = models.DateField(_("reçue ou décidée le"), default=timezone.localdate)
    reason = models.TextField(_("raison"), blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("enregistré par"),
    )
    created_at = models.DateTimeField(_("enregistré le"), default=timezone.now, editable=False)
    rejoined_on = models.DateField(_("a adhéré de nouveau le"), null=True, blank=True, editable=False)
    cancelled_at = models.DateTimeField(_("annulé le"), null=True, blank=True, editable=False)

    objects: ClassVar = DepartureQuerySet.as_manager()

    class Meta:
        verbose_name = _("départ")
        verbose_name_plural = _("départs")
        ordering = ["-left_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind="excluded") | ~Q(reason=""),
                name="exclusion_has_a_reason",
                violation_error_message=_("Une exclusion se décide avec une raison."),
            ),
            models.CheckConstraint(
                condition=Q(rejoined_on=None) | Q(rejoined_on__gt=F("left_on")),
                name="departure_precedes_the_return",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} – {self.left_on:%d/%m/%Y}"

    def is_in_force(self, day: date) -> bool:
        return (
            self.cancelled_at is None
            and self.left_on < day
            and (self.rejoined_on is None or self.rejoined_on > day)
        )

    @transaction.atomic
    def cancel(self) -> bool:
        """It was a mistake: the member is again what their periods say. False where nothing was left to cancel.

        Who has joined again since has a new life: that departure stays.
        """
        open_ones = Departure.objects.filter(pk=self.pk, cancelled_at=None, rejoined_on=None)
        done = open_ones.update(cancelled_at=timezone.now())
        self.refresh_from_db()
        return bool(done)


class StatusOverrideQuerySet(models.QuerySet["StatusOverride"]):
    def in_force(self, *, on: date) -> "StatusOverrideQuerySet":
        lasts = Q(until=None) | Q(until__gte=on)
        return self.filter(lasts, cancelled_at=None, starts_on__lte=on)


class StatusOverride(models.Model):
    """The board says otherwise than the periods do, from a day until another, and why. The latest one counts."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("à jour")
        HONORARY = "honorary", _("membre d’honneur")
        LAPSED = "lapsed", _("pas à jour")

    UP_TO_DATE: ClassVar = [Status.ACTIVE, Status.HONORARY]

    member = models.ForeignKey(
        "members.Member", models.PROTECT, related_name="overrides", verbose_name=_("adhérent")
    )
    status = models.CharField(_("état"), max_length=10, choices=Status)
    starts_on = models.DateField(_("à partir du"), default=timezone.localdate)
    until = models.DateField(
        _("jusqu’au"), null=True, blank=True, help_text=_("Vide pour un membre d’honneur\u00a0: sans fin.")
    )
    reason = models.CharField(_("raison"), max_length=200, help_text=_("La personne la lit."))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("décidé par"),
    )
    created_at = models.DateTimeField(_("enregistré le"), default=timezone.now, editable=False)
    cancelled_at = models.DateTimeField(_("annulé le"), null=True, blank=True, editable=False)

    objects: ClassVar = StatusOverrideQuerySet.as_manager()

    class Meta:
        verbose_name = _("état décidé")
        verbose_name_plural = _("états décidés")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(until__gte=F("starts_on")) | Q(until=None, status="honorary"),
                name="override_has_an_end",
                violation_error_message=_("Un état décidé a une fin, sauf celui d’un membre d’honneur."),
            ),
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="override_has_a_reason",
                violation_error_message=_("Dites pourquoi."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_status_display()} – {self.reason}"

    def is_in_force(self, day: date) -> bool:
        return (
            self.cancelled_at is None and self.starts_on <= day and (self.until is None or self.until >= day)
        )

    @transaction.atomic
    def cancel(self) -> bool:
        """The periods speak again. False where it was cancelled before."""
        done = StatusOverride.objects.filter(pk=self.pk, cancelled_at=None).update(
            cancelled_at=timezone.now()
        )
        self.refresh_from_db()
        return bool(done)
