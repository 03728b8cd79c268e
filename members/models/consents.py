from datetime import date, timedelta
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from journal import trail

if TYPE_CHECKING:
    from accounts.models import User
    from members.models.members import Member


class TextChanged(Exception):
    """What was agreed to is not the wording that is asked for today: it must be read again."""


class Purpose(models.TextChoices):
    DIRECTORY = "directory", _("annuaire des membres")


# What is agreed to, word for word, by the day it came into use: a consent keeps that day. A wording that somebody has
# agreed to is never edited, and never translated: a new one is added.
TEXTS: dict[str, dict[str, str]] = {
    Purpose.DIRECTORY: {
        "2026-11-26": (
            "J’accepte que l’annuaire des membres d’IA Montpellier Méditerranée montre cette fiche\u00a0: le nom, la"
            " présentation, les compétences, et les seules autres informations choisies une à une dans «\u00a0Ma"
            " fiche\u00a0». Les membres à jour la lisent, connectés à leur compte\u202f; personne d’autre. Cet accord prend"
            " fin avec l’adhésion en cours. Il se retire à tout moment dans «\u00a0Ma fiche\u00a0», avec effet immédiat."
        ),
    },
}


def version_on(purpose: str, day: date) -> str:
    """The wording that a page showed that day."""
    versions = sorted(TEXTS[purpose])
    return max((one for one in versions if one <= day.isoformat()), default=versions[0])


class ConsentQuerySet(models.QuerySet["Consent"]):
    def in_force(self, *, on: date) -> "ConsentQuerySet":
        """Those given by that day, and not over or withdrawn by then: the day of a withdrawal no longer counts."""
        lasts = Q(expires_on=None) | Q(expires_on__gte=on)
        kept = Q(withdrawn_at=None) | Q(withdrawn_at__date__gt=on)
        return self.filter(lasts, kept, given_at__date__lte=on)

    def end(self, *, on: date) -> int:
        """That day is the last of those that would go on."""
        return self.filter(Q(expires_on=None) | Q(expires_on__gt=on), withdrawn_at=None).update(expires_on=on)


class Consent(models.Model):
    """That a member has agreed to something, in which words, when, and until when.

    A withdrawal dates the row, and agreeing again is another row: what was in force on a day can always be told.
    """

    member = models.ForeignKey(
        "members.Member", models.PROTECT, related_name="consents", verbose_name=_("adhérent")
    )
    purpose = models.CharField(_("pour quoi"), max_length=12, choices=Purpose)
    text_version = models.CharField(_("texte du"), max_length=10)
    given_at = models.DateTimeField(_("donné le"), default=timezone.now)
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("donné par"),
        help_text=_("Vide\u00a0: donné avec la demande d’adhésion, sans compte."),
    )
    expires_on = models.DateField(_("vaut jusqu’au"), null=True)
    withdrawn_at = models.DateTimeField(_("retiré le"), null=True)

    objects: ClassVar = ConsentQuerySet.as_manager()

    class Meta:
        verbose_name = _("accord")
        verbose_name_plural = _("accords")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} – {timezone.localdate(self.given_at):%d/%m/%Y}"

    @property
    def text(self) -> str:
        return TEXTS[self.purpose][self.text_version]

    @property
    def version_day(self) -> date:
        return date.fromisoformat(self.text_version)

    @property
    def is_in_force(self) -> bool:
        return self.withdrawn_at is None and (
            self.expires_on is None or self.expires_on >= timezone.localdate()
        )

    @classmethod
    @transaction.atomic
    def give(
        cls, member: "Member", purpose: str, *, version: str, until: date | None, by: "User | None" = None
    ) -> "Consent":
        """Twice the same changes nothing. The caller holds the member's lock."""
        today = timezone.localdate()
        same = {"member": member, "purpose": purpose, "text_version": version, "expires_on": until}
        known: Consent | None = cls.objects.in_force(on=today).filter(**same).first()
        if known is not None:
            return known
        consent = cls.objects.create(**same, given_by=by)
        note = _("Accord donné\u00a0: %s.") % consent.get_purpose_display()
        trail.record(member, trail.Action.CHANGED, actor=by, note=str(note))
        return consent

    @classmethod
    @transaction.atomic
    def withdraw(cls, member: "Member", purpose: str, *, by: "User | None" = None) -> bool:
        """Whether there was one to withdraw. The caller holds the member's lock."""
        rows = cls.objects.in_force(on=timezone.localdate()).filter(member=member, purpose=purpose)
        if not rows.update(withdrawn_at=timezone.now()):
            return False
        note = _("Accord retiré\u00a0: %s.") % Purpose(purpose).label
        trail.record(member, trail.Action.CHANGED, actor=by, note=str(note))
        return True


def end_with_a_membership(member: "Member", *, on: date) -> None:
    """Of a member who comes back on that day: what was agreed to in a membership that is over does not revive.

    A change of plan ends the old period the day before, and is not such a break.
    """
    kept = Consent.objects.in_force(on=on).filter(member=member)
    if not kept.exists():
        return
    mine = type(member).objects.filter(pk=member.pk)
    yesterday = on - timedelta(days=1)
    has_left = mine.departed(on=on).exists()
    if has_left or not (mine.current(on=on).exists() or mine.current(on=yesterday).exists()):
        kept.end(on=yesterday)
