from datetime import date, timedelta
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import ERASED_NAME
from journal import trail
from members import mandate_emails
from members.models.identity import normalise_email
from members.seats import LastRepresentative, MandateOver, VoteNeedsMandate

if TYPE_CHECKING:
    from accounts.models import User

TERMS = ["role", "is_voting", "is_dues_contact", "ends_on"]


class MandateQuerySet(models.QuerySet["Mandate"]):
    def live(self, *, on: date) -> "MandateQuerySet":
        return self.unfinished(on=on).filter(starts_on__lte=on)

    def unfinished(self, *, on: date) -> "MandateQuerySet":
        """Live, or to come: those that take a seat."""
        return self.filter(Q(ends_on=None) | Q(ends_on__gt=on) | Q(ends_on=on, withdrawn_at=None))

    def representing(self) -> "MandateQuerySet":
        """Those who act for the organisation, not only profit from its membership."""
        return self.filter(Q(role__in=Mandate.REPRESENTING) | Q(is_dues_contact=True))

    def erase(self) -> int:
        """Take the person out of seats that are over, and end the others today."""
        today = timezone.localdate()
        pks = list(self.values_list("pk", flat=True))
        for mandate in Mandate.objects.filter(pk__in=pks).select_related("organisation"):
            if mandate.is_unfinished(today):
                organisation = mandate.organisation.lock()
                last = max(today, mandate.starts_on)
                Mandate.objects.filter(pk=mandate.pk).update(ends_on=last, withdrawn_at=timezone.now())
                organisation.settle_vote()
        person = {"first_name": "", "last_name": ERASED_NAME, "email": "", "user": None}
        return Mandate.objects.filter(pk__in=pks).update(**person, is_dues_contact=False)

    def of(self, user: "User") -> "MandateQuerySet":
        return self.filter(Q(user=user) | Q(email__in=user.verified_emails))

    def ending(self, *, on: date, within: int) -> "MandateQuerySet":
        """Live, with a last day that comes within so many days."""
        return self.live(on=on).filter(ends_on__lte=on + timedelta(days=within))


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
    withdrawn_at = models.DateTimeField(
        _("retiré le"),
        null=True,
        editable=False,
        help_text=_("Ce jour-là, le mandat s’est arrêté à cette heure."),
    )

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
            models.UniqueConstraint(
                fields=["organisation"],
                condition=Q(ends_on=None, is_voting=True),
                name="one_open_voting_mandate",
                violation_error_message=_("Quelqu’un d’autre vote déjà pour l’organisation."),
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | Q(ends_on__isnull=False),
                name="withdrawn_mandate_has_ended",
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

    @property
    def represents(self) -> bool:
        """See `MandateQuerySet.representing`."""
        return self.role in self.REPRESENTING or self.is_dues_contact

    def clean(self) -> None:
        self.email = normalise_email(self.email)

    def is_live(self, day: date) -> bool:
        return self.starts_on <= day and self.is_unfinished(day)

    def is_unfinished(self, day: date) -> bool:
        return self.ends_on is None or self.ends_on > day or self.ends_on == day and self.withdrawn_at is None

    # Verbs

    @transaction.atomic
    def end(self, *, on: date) -> None:
        """Give the seat back: that day is the last. Does nothing to one that is over already."""
        last = max(on, self.starts_on)
        Mandate.objects.filter(Q(ends_on=None) | Q(ends_on__gt=last), pk=self.pk).update(ends_on=last)
        self.refresh_from_db()

    @transaction.atomic
    def withdraw(self, *, by: "User", is_staff: bool = False) -> None:
        """End it now, without waiting for midnight, and pass the vote on. Twice changes nothing.

        Raises LastRepresentative, except for the staff.
        """
        today = timezone.localdate()
        mandate = self._locked()
        if not mandate.is_unfinished(today):
            return
        if not is_staff:
            mandate._refuse_if_last()
        before = trail.snapshot(mandate)
        mandate.ends_on, mandate.withdrawn_at = max(today, mandate.starts_on), timezone.now()
        mandate.save(update_fields=["ends_on", "withdrawn_at"])
        changes = trail.diff(before, trail.snapshot(mandate))
        trail.record(mandate, trail.Action.CHANGED, actor=by, changes=changes)
        mandate.organisation.settle_vote()
        if mandate.user_id != by.pk:
            mandate_emails.seat_withdrawn(mandate)
        self.refresh_from_db()

    @transaction.atomic
    def change(
        self, *, role: str, is_voting: bool, is_dues_contact: bool, ends_on: date | None, by: "User"
    ) -> None:
        """What it lets do, and until when. The vote is taken from whoever had it; given up, it passes on.

        Raises MandateOver, LastRepresentative and VoteNeedsMandate.
        """
        mandate = self._locked()
        if not mandate.is_unfinished(timezone.localdate()):
            raise MandateOver
        if is_voting and role not in self.REPRESENTING:
            raise VoteNeedsMandate
        if role not in self.REPRESENTING and not is_dues_contact:
            mandate._refuse_if_last()
        before, had_vote = trail.snapshot(mandate), mandate.is_voting
        mandate.role, mandate.is_dues_contact, mandate.ends_on = role, is_dues_contact, ends_on
        mandate.is_voting = False
        mandate.save(update_fields=TERMS)
        mandate.organisation.settle_vote(
            chosen=mandate if is_voting else None, avoided=mandate if had_vote else None
        )
        self.refresh_from_db()
        changes = trail.diff(before, trail.snapshot(self))
        trail.record(self, trail.Action.CHANGED, actor=by, changes=changes)

    def _locked(self) -> "Mandate":
        """Read again under the lock of its organisation, which counts the seats and has one vote."""
        organisation = self.organisation.lock()
        mandate = Mandate.objects.get(pk=self.pk)
        mandate.organisation = organisation
        return mandate

    def _refuse_if_last(self) -> None:
        others = self.organisation.mandates.live(on=timezone.localdate()).representing().exclude(pk=self.pk)
        if self.represents and not others.exists():
            raise LastRepresentative
