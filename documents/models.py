from collections.abc import Iterable
from datetime import datetime, timedelta
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.files import File
from django.core.files.storage import Storage, storages
from django.db import models, transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.text import slugify
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from documents import spreadsheets, tables, tasks
from journal import trail

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser

KEPT = timedelta(days=7)
LEASE = timedelta(minutes=10)  # longer than any task may run: see CELERY_TASK_TIME_LIMIT
MAX_ATTEMPTS = 3


def private_files() -> Storage:
    """Those that no proxy serves: who may read a document is asked each time."""
    return storages["private"]


def end_of_life() -> datetime:
    return timezone.now() + KEPT


class ExportQuerySet(models.QuerySet["Export"]):
    def visible_to(self, user: Any) -> "ExportQuerySet":
        """One's own; all of them with every right."""
        return self.all() if user.is_superuser else self.filter(asked_by=user.pk)

    def due(self) -> "ExportQuerySet":
        """That nobody makes: waiting for their turn, or taken by a worker that has died since."""
        unmade = self.filter(state=Export.State.WAITING) | self._forgotten()  # type: ignore[operator]
        return unmade.filter(attempts__lt=MAX_ATTEMPTS)

    def give_up(self) -> int:
        """Those whose worker died each time: too large for it, perhaps."""
        lost = self._forgotten().filter(attempts__gte=MAX_ATTEMPTS)
        return lost.update(state=Export.State.FAILED, error=gettext("Interrompu à chaque essai."))

    def _forgotten(self) -> "ExportQuerySet":
        return self.filter(state=Export.State.RUNNING, claimed_at__lte=timezone.now() - LEASE)

    def over(self) -> "ExportQuerySet":
        """To be emptied: their week has passed, and nobody is making them."""
        State = Export.State
        return self.filter(expires_at__lte=timezone.now()).exclude(state__in=[State.RUNNING, State.EXPIRED])


class Export(models.Model):
    """A table that staff asked for, made in the background, kept a week, and given to whoever asked.

    A worker takes it for the length of a lease. `attempts` says whose turn it is: a worker that comes back after its
    lease finds another number, and its file is not given.
    """

    class Format(models.TextChoices):
        CSV = "csv", _("CSV")
        XLSX = "xlsx", _("XLSX")

    class State(models.TextChoices):
        WAITING = "waiting", _("en attente")
        RUNNING = "running", _("en préparation")
        READY = "ready", _("prêt")
        FAILED = "failed", _("en échec")
        EXPIRED = "expired", _("expiré")

    token = models.UUIDField(_("référence"), default=uuid4, unique=True, editable=False)
    kind = models.CharField(_("tableau"), max_length=60)
    title = models.CharField(_("titre"), max_length=200)
    format = models.CharField(_("format"), max_length=4, choices=Format, default=Format.XLSX)
    parameters = models.JSONField(default=dict, blank=True, editable=False)
    language = models.CharField(max_length=5, default=settings.LANGUAGE_CODE, editable=False)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("demandé par"),
    )
    asked_at = models.DateTimeField(_("demandé le"), default=timezone.now)
    state = models.CharField(_("état"), max_length=8, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(_("essais"), default=0)
    claimed_at = models.DateTimeField(null=True, editable=False)
    row_count = models.PositiveIntegerField(_("lignes"), null=True)
    size = models.PositiveBigIntegerField(_("taille"), null=True)
    file = models.FileField(storage=private_files, max_length=200, blank=True, editable=False)
    expires_at = models.DateTimeField(_("gardé jusqu’au"), default=end_of_life)
    error = models.CharField(_("erreur"), max_length=500, blank=True)

    objects: ClassVar = ExportQuerySet.as_manager()

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("admin:documents_export_change", args=[self.pk])

    @classmethod
    @transaction.atomic
    def ask(
        cls,
        kind: str,
        *,
        parameters: tables.Parameters,
        by: "AbstractUser",
        title: str,
        format: str = Format.XLSX,  # noqa: A002 - as the field is called
    ) -> "Export":
        """Have a table made after this transaction. Raises PermissionDenied."""
        if not tables.kind_of(kind).may(by):
            raise PermissionDenied
        export = cls.objects.create(
            kind=kind,
            parameters=parameters,
            format=cls.Format(format),
            language=translation.get_language() or settings.LANGUAGE_CODE,
            asked_by_id=by.pk,
            title=title[:200],
        )
        tasks.make_export.delay_on_commit(export.pk)  # type: ignore[attr-defined]
        return export

    @property
    def is_ready(self) -> bool:
        return self.state == self.State.READY and self.expires_at > timezone.now()

    @property
    def filename(self) -> str:
        """What the browser calls it."""
        day = timezone.localdate(self.asked_at)
        return f"{slugify(self.title)[:80] or 'export'}-{day:%Y-%m-%d}.{self.format}"

    @property
    def content_type(self) -> str:
        return spreadsheets.CONTENT_TYPES[self.format]

    def may(self, user: Any) -> bool:
        """Whether this person has, today, the right that the table asks for."""
        try:
            return tables.kind_of(self.kind).may(user)
        except KeyError:
            return False

    def make(self) -> bool:
        """Make the file, unless it is made or another worker is at it. A failure is noted, and raised."""
        if not self._claim():
            return False
        try:
            if self.asked_by is None or not self.may(self.asked_by):
                raise PermissionDenied(gettext("Le droit d’emporter ce tableau a été retiré."))
            with translation.override(self.language):
                table = tables.kind_of(self.kind).build(self.parameters, self.asked_by)
                return self._write(table)
        except Exception as error:
            self._fail(error)
            raise

    def purge(self) -> None:
        """Forget the file, and what it was made of. The journal remembers that it left."""
        for name in self._names():
            private_files().delete(name)
        self._become(self.State.EXPIRED, file="", parameters={}, error="")

    def _claim(self) -> bool:
        turn = {"state": self.State.RUNNING, "claimed_at": timezone.now(), "attempts": F("attempts") + 1}
        is_mine = Export.objects.due().filter(pk=self.pk).update(**turn) == 1
        self.refresh_from_db()
        return is_mine

    def _write(self, table: spreadsheets.Table) -> bool:
        with TemporaryFile() as scratch:
            row_count = spreadsheets.write(table, self.format, scratch)
            size = scratch.tell()
            scratch.seek(0)
            *_before, name = self._names()
            name = private_files().save(name, File(scratch))
        with transaction.atomic():
            made = {
                "file": name,
                "row_count": row_count,
                "size": size,
                "expires_at": end_of_life(),
                "error": "",
            }
            if not self._become(self.State.READY, **made):
                return False
            if isinstance(table, tables.NamesItsSubjects):
                self._record(table)
        return True

    def _record(self, table: tables.NamesItsSubjects) -> None:
        trail.record_many(
            table.subjects(),
            trail.Action.EXPORTED,
            model=table.subject_model,
            actor=self.asked_by,
            note=self.title,
            reference=str(self.token),
        )

    def _fail(self, error: Exception) -> None:
        """Another try is due, unless it would end the same."""
        is_final = isinstance(error, PermissionDenied) or self.attempts >= MAX_ATTEMPTS
        state = self.State.FAILED if is_final else self.State.WAITING
        self._become(state, error=f"{type(error).__name__}: {error}"[:500])

    def _become(self, state: str, **fields: Any) -> bool:
        """Nothing happens once the turn is another worker's."""
        mine = Export.objects.filter(pk=self.pk, attempts=self.attempts)
        return bool(mine.update(state=state, **fields))

    def _names(self) -> Iterable[str]:
        """The file of each attempt, so that what a dead worker left is found again."""
        return [f"exports/{self.token}-{attempt}.{self.format}" for attempt in range(1, self.attempts + 1)]
