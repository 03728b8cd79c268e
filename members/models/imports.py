from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import uuid4

from django.conf import settings
from django.core.files import File
from django.core.files.storage import storages
from django.db import models, transaction
from django.db.models import Count, F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from members.models.members import Member
from members.models.plans import College
from members.models.wish import private_storage

if TYPE_CHECKING:
    from accounts.models import User

KEPT = timedelta(days=90)
LEASE = timedelta(minutes=10)  # longer than any task may run: see CELERY_TASK_TIME_LIMIT
LATE = timedelta(minutes=1)
MAX_ATTEMPTS = 3


class ImportBusy(Exception):
    """The import is not in the state that the act asks for: it was done already, or is being done."""


class TurnLost(Exception):
    """Another worker has taken the import over, or it is finished: this one has nothing more to write."""


def end_of_life() -> datetime:
    return timezone.now() + KEPT


class ImportBatchQuerySet(models.QuerySet["ImportBatch"]):
    def due(self) -> "ImportBatchQuerySet":
        """That nobody works on: waiting for their turn, or taken by a worker that has died since."""
        return self._forsaken().filter(attempts__lt=MAX_ATTEMPTS)

    def lost(self) -> "ImportBatchQuerySet":
        """Whose worker died, or failed, each time."""
        return self._forsaken().filter(attempts__gte=MAX_ATTEMPTS)

    def _forsaken(self) -> "ImportBatchQuerySet":
        free = Q(claimed_at=None) | Q(claimed_at__lte=timezone.now() - LEASE)
        return self.filter(free, state__in=ImportBatch.WORKING)

    def over(self) -> "ImportBatchQuerySet":
        """To be emptied: their days have passed, and nobody is at work on them."""
        past = self.filter(expires_at__lte=timezone.now(), erased_at=None)
        return past.exclude(state__in=ImportBatch.WORKING)


class ImportBatch(models.Model):
    """A file of members: looked at, then imported once, then perhaps undone once.

    A worker takes it for the length of a lease, and `attempts` says whose turn it is: see `documents.Export`.
    """

    class State(models.TextChoices):
        RECEIVED = "received", _("colonnes à indiquer")
        CHECKING = "checking", _("aperçu en préparation")
        CHECKED = "checked", _("aperçu prêt")
        UNREADABLE = "unreadable", _("illisible")
        APPLYING = "applying", _("import en cours")
        APPLIED = "applied", _("importé")
        UNDOING = "undoing", _("annulation en cours")
        UNDONE = "undone", _("annulé")

    WORKING: ClassVar = [State.CHECKING, State.APPLYING, State.UNDOING]

    token = models.UUIDField(_("référence"), default=uuid4, unique=True, editable=False)
    file = models.FileField(
        _("fichier"), storage=private_storage, upload_to="imports/", max_length=200, blank=True
    )
    filename = models.CharField(_("fichier"), max_length=200)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("envoyé par")
    )
    created_at = models.DateTimeField(_("envoyé le"), default=timezone.now)
    state = models.CharField(_("état"), max_length=10, choices=State, default=State.RECEIVED)
    state_since = models.DateTimeField(_("depuis le"), default=timezone.now)
    head = models.JSONField(default=list, editable=False)  # the first rows, as [number, cells]
    header_row = models.PositiveIntegerField(_("ligne des titres"), default=1)
    columns = models.JSONField(default=list, editable=False)  # the code of each, or "" for none
    columns_key = models.CharField(max_length=64, blank=True, editable=False, db_index=True)
    college = models.ForeignKey(
        College, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("collège")
    )
    counts = models.JSONField(default=dict, editable=False)
    message = models.TextField(blank=True, editable=False)
    refusals = models.JSONField(default=list, editable=False)  # why it could not be undone
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    claimed_at = models.DateTimeField(null=True, editable=False)
    applied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("importé par")
    )
    applied_at = models.DateTimeField(_("importé le"), null=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("annulé par")
    )
    undone_at = models.DateTimeField(_("annulé le"), null=True)
    expires_at = models.DateTimeField(_("gardé jusqu’au"), default=end_of_life)
    erased_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar = ImportBatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.filename

    def get_absolute_url(self) -> str:
        return reverse("admin:members_importbatch_change", args=[self.pk])

    @property
    def is_working(self) -> bool:
        return self.state in self.WORKING

    @property
    def can_be_undone(self) -> bool:
        return self.state == self.State.APPLIED and self.erased_at is None

    @classmethod
    @transaction.atomic
    def receive(cls, file: File, *, head: list[Any], by: "User") -> "ImportBatch":
        """Keep a file that has been read once. Nothing is planned before its columns are known."""
        batch = cls(filename=(file.name or "")[-200:], head=head, uploaded_by=by)
        extension = "xlsx" if batch.filename.lower().endswith(".xlsx") else "csv"
        batch.file.save(f"{batch.token}.{extension}", file, save=False)
        batch.save()
        return batch

    # Verbs of whoever imports

    @transaction.atomic
    def choose_columns(
        self, columns: list[str], *, key: str, header_row: int, college: College | None
    ) -> None:
        """Say what the columns are, and have the rows looked at, again if they were. Raises ImportBusy."""
        State = self.State
        batch = self._held(State.RECEIVED, State.CHECKED, State.UNREADABLE)
        batch.columns, batch.columns_key, batch.header_row = columns, key, header_row
        batch.college = college
        batch._start(State.CHECKING, "columns", "columns_key", "header_row", "college")
        self.refresh_from_db()

    @transaction.atomic
    def apply(self, *, by: "User") -> None:
        """Have what the rows show done, once. Raises ImportBusy."""
        batch = self._held(self.State.CHECKED)
        batch.applied_by = by
        batch._start(self.State.APPLYING, "applied_by")
        self.refresh_from_db()

    @transaction.atomic
    def undo(self, *, by: "User") -> None:
        """Have all of it taken back, or nothing. Raises ImportBusy."""
        batch = self._held(self.State.APPLIED)
        batch.undone_by, batch.refusals = by, []
        batch._start(self.State.UNDOING, "undone_by", "refusals")
        self.refresh_from_db()

    def _held(self, *states: str) -> "ImportBatch":
        batch: ImportBatch = ImportBatch.objects.select_for_update(of=("self",)).get(pk=self.pk)
        if batch.state not in states or batch.erased_at is not None:
            raise ImportBusy
        return batch

    def _start(self, state: str, *fields: str) -> None:
        self.state, self.state_since, self.message = state, timezone.now(), ""
        self.attempts, self.claimed_at = 0, None
        self.save(update_fields=["state", "state_since", "message", "attempts", "claimed_at", *fields])

    # The turn of a worker

    def claim(self) -> bool:
        """Take the work, unless it is done or another worker is at it."""
        turn = {"claimed_at": timezone.now(), "attempts": F("attempts") + 1}
        is_mine = bool(ImportBatch.objects.due().filter(pk=self.pk).update(**turn))
        self.refresh_from_db()
        return is_mine

    def hold(self) -> None:
        """Lock the batch for this transaction. Raises TurnLost when the work is no longer this worker's."""
        mine = ImportBatch.objects.filter(pk=self.pk, state=self.state, attempts=self.attempts)
        if not mine.select_for_update(of=("self",)).exists():
            raise TurnLost

    def release(self) -> None:
        """Give the turn back after a fault: another try is due."""
        ImportBatch.objects.filter(pk=self.pk, attempts=self.attempts).update(claimed_at=None)

    @transaction.atomic
    def finish(self, state: str, **fields: Any) -> None:
        """The work is over. Raises TurnLost."""
        self.hold()
        self.state, self.state_since, self.claimed_at = state, timezone.now(), None
        self.counts = self.rows.count_outcomes()
        for name, value in fields.items():
            setattr(self, name, value)
        self.save(update_fields=["state", "state_since", "claimed_at", "counts", *fields])

    @transaction.atomic
    def give_up(self) -> None:
        """After too many tries. What was imported can be undone; what was not is said on its rows."""
        self.hold()
        message = gettext("Interrompu à chaque essai.")
        if self.state == self.State.CHECKING:
            return self.finish(self.State.UNREADABLE, message=message)
        if self.state == self.State.APPLYING:
            left = {"outcome": ImportRow.Outcome.ERROR, "problems": [["", message, []]]}
            self.rows.to_apply().update(**left)
            return self.finish(
                self.State.APPLIED, message=message, applied_at=timezone.now(), expires_at=end_of_life()
            )
        return self.finish(self.State.APPLIED, message=message)

    @transaction.atomic
    def erase(self) -> None:
        """Forget the file and its rows. How many there were, and the journal, stay."""
        if name := self.file.name:
            transaction.on_commit(lambda: storages["private"].delete(name))
        self.rows.all().delete()
        self.file, self.head, self.refusals, self.erased_at = "", [], [], timezone.now()
        self.save(update_fields=["file", "head", "refusals", "erased_at"])


class ImportRowQuerySet(models.QuerySet["ImportRow"]):
    def to_apply(self) -> "ImportRowQuerySet":
        return self.filter(outcome__in=ImportRow.DOING, applied_at=None)

    def applied(self) -> "ImportRowQuerySet":
        return self.exclude(applied_at=None)

    def count_outcomes(self) -> dict[str, int]:
        found = self.order_by().values_list("outcome").annotate(number=Count("pk"))
        return dict(found)


class ImportRow(models.Model):
    """What one row of the file says and does, and the records it touched, before and after, column by column."""

    class Outcome(models.TextChoices):
        CREATED = "created", _("création")
        CHANGED = "changed", _("modification")
        UNCHANGED = "unchanged", _("sans changement")
        ERROR = "error", _("erreur")

    DOING: ClassVar = [Outcome.CREATED, Outcome.CHANGED]

    batch = models.ForeignKey(ImportBatch, models.CASCADE, related_name="rows", verbose_name=_("import"))
    number = models.PositiveIntegerField(_("ligne"))
    outcome = models.CharField(_("résultat"), max_length=9, choices=Outcome)
    member = models.ForeignKey(
        Member, models.SET_NULL, null=True, related_name="+", verbose_name=_("adhérent")
    )
    values = models.JSONField(default=dict)  # what is written in the file
    changes = models.JSONField(default=dict)  # {column: [old, new]}
    problems = models.JSONField(default=list)  # [column, message, pks of members]
    before = models.JSONField(default=dict)  # the columns of the member
    after = models.JSONField(default=dict)  # {"member": columns, "period": columns, "mandate": columns}
    applied_at = models.DateTimeField(null=True)

    objects: ClassVar = ImportRowQuerySet.as_manager()

    class Meta:
        verbose_name = _("ligne importée")
        verbose_name_plural = _("lignes importées")
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["batch", "number"], name="one_import_row_a_number")]
        indexes = [models.Index(fields=["batch", "outcome", "number"], name="import_rows_by_outcome")]

    def __str__(self) -> str:
        return gettext("ligne %d") % self.number
