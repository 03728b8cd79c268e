"""What staff write to many at once: a draft, then sent once, a copy an address. Each app says to whom, and in what words."""

from collections.abc import Iterable
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models, transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from mailing.models import Email

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

AT_ONCE = 20  # copies of a message that a request may write itself
AT_WORK = timedelta(minutes=2)  # without a copy, nobody writes them any more
DIGEST = 32


class BroadcastQuerySet(models.QuerySet[Any]):
    def with_counts(self) -> Any:
        """Annotate how many copies wait, are gone, were given up."""
        state = Email.State
        return self.annotate(
            queued=Count("copies", filter=Q(copies__state__in=Email.UNFINISHED)),
            sent=Count("copies", filter=Q(copies__state=state.SENT)),
            failed=Count("copies", filter=Q(copies__state=state.FAILED)),
        )

    def unfinished(self) -> Any:
        """Those staff sent and whose copies are not all written."""
        return self.filter(sent_at__isnull=False, queued_at=None)

    def abandoned(self) -> Any:
        """Whose copies nobody writes any more: of a task that died, that no worker took, or that was left for later."""
        still = timezone.now() - AT_WORK
        return self.unfinished().filter(sent_at__lt=still).exclude(copies__created_at__gt=still)


class Broadcast(models.Model):
    """Each copy is a row of the outbox; the key of the row keeps an address from getting two."""

    KEY: ClassVar[str]  # what the keys of its copies begin with

    subject = models.CharField(_("objet"), max_length=200)
    text = models.TextField(
        _("texte"),
        help_text=_(
            "Une ligne vide sépare deux paragraphes ; des lignes qui commencent par « - » font une liste ; une adresse "
            "web seule sur sa ligne devient un bouton."
        ),
    )
    audience = models.TextField(_("à qui"), editable=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("envoyé par"),
    )
    created_at = models.DateTimeField(_("écrit le"), default=timezone.now, editable=False)
    sent_at = models.DateTimeField(_("envoyé le"), null=True, editable=False)
    queued_at = models.DateTimeField(null=True, editable=False)
    copies = models.ManyToManyField(Email, related_name="+", editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.subject

    @property
    def is_draft(self) -> bool:
        return self.sent_at is None

    def in_words(self) -> str:
        """Whom it is for, as the log of messages says it for good."""
        raise NotImplementedError

    def to_write_to(self) -> Iterable[Any]:
        """Those who get a copy, and have none yet."""
        raise NotImplementedError

    def queue_copy(self, reader: Any) -> Email | None:
        raise NotImplementedError

    def key_for(self, address: str) -> str:
        return f"{self.KEY}.{self.pk}.{sha256(address.encode()).hexdigest()[:DIGEST]}"

    def written_keys(self) -> set[str]:
        beginning = self.key_for("")[:-DIGEST]
        return set(Email.objects.filter(key__startswith=beginning).values_list("key", flat=True))

    @transaction.atomic
    def send(self, *, by: "AbstractBaseUser") -> bool:
        """Let it go to everybody: a task writes the copies. False if it is gone already: it goes once."""
        message: Any = type(self)._default_manager.select_for_update(of=("self",)).get(pk=self.pk)
        if not message.is_draft:
            return False
        message.sent_at, message.author = timezone.now(), by
        message.audience = message.in_words()
        message.save(update_fields=["sent_at", "author", "audience"])
        return True

    def start(self, task: Any, *, count: int) -> None:
        """Without a worker, the request of staff would write every copy: many are left to the schedule."""
        if count <= AT_ONCE or not settings.CELERY_TASK_ALWAYS_EAGER:
            task.delay_on_commit(self.pk)

    def write_copies(self) -> int:
        """Queue what is not queued yet. Stopped half way, a second run does the rest."""
        if self.is_draft or self.queued_at:
            return 0
        count = sum(self._write_to(reader) for reader in self.to_write_to())
        self.queued_at = timezone.now()
        self.save(update_fields=["queued_at"])
        return count

    @transaction.atomic
    def _write_to(self, reader: Any) -> bool:
        email = self.queue_copy(reader)
        if email is not None:
            self.copies.add(email)
        return email is not None
