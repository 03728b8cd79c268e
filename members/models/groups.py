from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from journal import trail
from members.models.members import Member

if TYPE_CHECKING:
    from accounts.models import User

BATCH = 2000


class Group(models.Model):
    """Members that the staff put together by hand, such as a working group: nobody enters or leaves by a rule."""

    name = models.CharField(_("nom"), max_length=100, unique=True)
    description = models.TextField(_("description"), blank=True)
    members = models.ManyToManyField(
        Member, related_name="groups", blank=True, editable=False, verbose_name=_("adhérents")
    )

    class Meta:
        verbose_name = _("groupe d’adhérents")
        verbose_name_plural = _("groupes d’adhérents")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    # Verbs

    @transaction.atomic
    def put(self, members: "models.QuerySet[Member]", *, by: "User") -> int:
        """Returns how many were not in it yet."""
        self._lock()
        link = Group.members.through
        new = members.exclude(pk__in=link.objects.filter(group=self.pk).values("member"))
        links: list[Any] = [link(group_id=self.pk, member_id=pk) for pk in new.values_list("pk", flat=True)]
        link.objects.bulk_create(links, batch_size=BATCH)
        self._note(by, _now("Fiches ajoutées\u00a0: %d.") % len(links), len(links))
        return len(links)

    @transaction.atomic
    def take_out(self, members: "models.QuerySet[Member]", *, by: "User") -> int:
        """Returns how many were in it."""
        self._lock()
        link = Group.members.through
        count, _models = link.objects.filter(group=self.pk, member__in=members.values("pk")).delete()
        self._note(by, _now("Fiches retirées\u00a0: %d.") % count, count)
        return count

    def _lock(self) -> None:
        Group.objects.select_for_update(of=("self",)).get(pk=self.pk)

    def _note(self, by: "User", note: str, count: int) -> None:
        if count:
            trail.record(self, trail.Action.CHANGED, actor=by, note=note)


class SavedSearchQuerySet(models.QuerySet["SavedSearch"]):
    def visible_to(self, user: Any) -> "SavedSearchQuerySet":
        return self.filter(Q(author=user.pk) | Q(is_shared=True))


class SavedSearch(models.Model):
    """The filters of the list of members under a name. It keeps no member: each time, it is run again."""

    name = models.CharField(_("nom"), max_length=100)
    query = models.TextField(_("filtres"))
    is_shared = models.BooleanField(
        _("partagée"), default=False, help_text=_("Toute l’équipe la voit. Sinon, vous seulement.")
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="+",
        editable=False,
        verbose_name=_("enregistrée par"),
    )
    created_at = models.DateTimeField(_("enregistrée le"), default=timezone.now, editable=False)

    objects: ClassVar = SavedSearchQuerySet.as_manager()

    class Meta:
        verbose_name = _("recherche enregistrée")
        verbose_name_plural = _("recherches enregistrées")
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["author", "name"],
                name="saved_search_once_a_name",
                violation_error_message=_("Vous avez déjà une recherche de ce nom."),
            )
        ]

    def __str__(self) -> str:
        return self.name
