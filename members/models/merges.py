from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from members.models.members import Member

if TYPE_CHECKING:
    from datetime import datetime

WINDOW = timedelta(days=30)


class MergeQuerySet(models.QuerySet["Merge"]):
    def standing(self) -> "MergeQuerySet":
        return self.filter(undone_at=None)

    def kept_for(self, code: str) -> Member | None:
        """Whose card an old code opens now."""
        merge = self.standing().filter(removed_card_code=code).select_related("kept").first()
        return merge.kept if merge else None

    def kept_for_pk(self, pk: int) -> Member | None:
        """Who a member that is no more has become."""
        merge = self.standing().filter(removed_pk=pk).select_related("kept").first()
        return merge.kept if merge else None

    def into(self, member: Member) -> list[int]:
        """The pks that the member absorbed: what the journal says of them is of the member too."""
        return list(self.standing().filter(kept=member).values_list("removed_pk", flat=True))

    def forget(self) -> int:
        """Erase what would undo a merge, once it cannot be undone any more. The addresses still follow."""
        over = models.Q(at__lt=timezone.now() - WINDOW) | models.Q(undone_at__isnull=False)
        return self.filter(over).make_final()

    def make_final(self) -> int:
        """Nobody takes these back any more: what they were made of is erased."""
        unforgotten = self.filter(forgotten_at=None)
        return unforgotten.update(before={}, dropped=[], forgotten_at=timezone.now())


class Merge(models.Model):
    """Two members were one: what became of the second, and what is needed to take it back. See `members.merging`."""

    kept = models.ForeignKey(
        Member, models.CASCADE, related_name="merges", verbose_name=_("fiche gardée"), editable=False
    )
    removed_pk = models.PositiveBigIntegerField(_("fiche retirée"), db_index=True, editable=False)
    removed_card_code = models.CharField(
        _("code de la carte retirée"), max_length=32, db_index=True, editable=False
    )
    before = models.JSONField(default=dict, editable=False)  # both rows, as Django serialises them
    kept_digest = models.CharField(max_length=64, editable=False)
    moved = models.JSONField(default=list, editable=False)  # model, column, pk, digest of the row once moved
    dropped = models.JSONField(default=list, editable=False)  # rows that had a twin, serialised
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("par"),
        editable=False,
    )
    at = models.DateTimeField(_("fusionnées le"), default=timezone.now, editable=False)
    undone_at = models.DateTimeField(_("annulée le"), null=True, editable=False)
    forgotten_at = models.DateTimeField(_("définitive depuis le"), null=True, editable=False)

    objects: ClassVar = MergeQuerySet.as_manager()

    class Meta:
        verbose_name = _("fusion")
        verbose_name_plural = _("fusions")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["removed_pk"], name="member_is_removed_once", condition=models.Q(undone_at=None)
            )
        ]

    def __str__(self) -> str:
        words = {"removed": self.removed_number, "kept": self.kept}
        return gettext("%(removed)s dans %(kept)s") % words

    @property
    def removed_number(self) -> str:
        return Member(pk=self.removed_pk).number

    @property
    def undo_until(self) -> "datetime":
        return self.at + WINDOW

    @property
    def is_undoable(self) -> bool:
        """As far as time goes: `merging.undo` also looks at what was edited since."""
        return not self.undone_at and not self.forgotten_at and timezone.now() <= self.undo_until
