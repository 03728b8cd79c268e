from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from members.models.members import Member

if TYPE_CHECKING:
    from accounts.models import User

BATCH = 2000


class Reason(models.TextChoices):
    """Why two members may be one. The order is that of the words."""

    SIRET = "siret", _("même numéro SIREN ou SIRET")
    EMAIL = (
        "email",
        _("même adresse e-mail, aux points, aux accents et à ce qui suit un «\u00a0+\u00a0» près"),
    )
    PHONE = "phone", _("même téléphone")
    SAME_NAME = "same_name", _("même nom, aux accents et à l’ordre près")
    NEAR_NAME = "near_name", _("noms très proches")
    BIRTH_YEAR = "birth_year", _("même année de naissance")


class DuplicatePairQuerySet(models.QuerySet["DuplicatePair"]):
    def open(self) -> "DuplicatePairQuerySet":
        """To look at: nobody has said that they are two."""
        return self.filter(dismissed_at=None)

    @transaction.atomic
    def replace(self, found: Mapping[tuple[int, int], tuple[list[str], int]]) -> int:
        """What the finder sees today, as reasons and score by pair of pks. Returns how many are new to look at.

        A dismissed pair comes back only for a reason that was not there when it was dismissed.
        """
        kept = {(pair.member_a_id, pair.member_b_id): pair for pair in self.all()}
        self.open().filter(pk__in=[pair.pk for ids, pair in kept.items() if ids not in found]).delete()
        changed: list[Any] = []
        reopened = 0
        for ids, pair in kept.items():
            reasons, score = found.get(ids, ([], 0))
            is_new = bool(set(reasons) - set(pair.reasons))
            if is_new or (ids in found and not pair.dismissed_at and pair.reasons != reasons):
                reopened += is_new and pair.dismissed_at is not None
                pair.reasons, pair.score, pair.dismissed_at, pair.dismissed_by = reasons, score, None, None
                changed.append(pair)
        self.bulk_update(
            changed, ["reasons", "score", "dismissed_at", "dismissed_by"], batch_size=BATCH // 10
        )
        alive = set(
            Member.objects.values_list("pk", flat=True)
        )  # a merge may have ended since they were read
        new: list[Any] = [
            DuplicatePair(member_a_id=a, member_b_id=b, reasons=reasons, score=score)
            for (a, b), (reasons, score) in found.items()
            if (a, b) not in kept and {a, b} <= alive
        ]
        self.bulk_create(new, ignore_conflicts=True, batch_size=BATCH)
        return len(new) + reopened


class DuplicatePair(models.Model):
    """Two members who may be one, as `members.duplicates` found them."""

    member_a = models.ForeignKey(Member, models.CASCADE, related_name="+", verbose_name=_("fiche"))
    member_b = models.ForeignKey(Member, models.CASCADE, related_name="+", verbose_name=_("autre fiche"))
    reasons = models.JSONField(_("raisons"), default=list)
    score = models.PositiveSmallIntegerField(_("ressemblance"))
    found_at = models.DateTimeField(_("trouvé le"), default=timezone.now)
    dismissed_at = models.DateTimeField(_("écarté le"), null=True)
    dismissed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("écarté par"),
    )

    objects: ClassVar = DuplicatePairQuerySet.as_manager()

    class Meta:
        verbose_name = _("doublon possible")
        verbose_name_plural = _("doublons possibles")
        ordering = ["-score", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["member_a", "member_b"], name="duplicate_pair_once"),
            models.CheckConstraint(
                condition=models.Q(member_a__lt=F("member_b")), name="duplicate_pair_in_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_a} – {self.member_b}"

    def in_words(self) -> list[str]:
        return [str(reason.label) for reason in Reason if reason in self.reasons]

    @transaction.atomic
    def dismiss(self, *, by: "User") -> bool:
        """They are two. False where somebody has said so already."""
        waiting = DuplicatePair.objects.open().filter(pk=self.pk)
        return bool(waiting.update(dismissed_at=timezone.now(), dismissed_by=by))
