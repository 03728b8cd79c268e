from datetime import datetime, timedelta
from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

MAX_ATTEMPTS = 9


class EmailQuerySet(models.QuerySet["Email"]):
    def due(self) -> "EmailQuerySet":
        """Waiting for their turn, or claimed by a process that has died since."""
        now = timezone.now()
        forgotten = now - timedelta(seconds=settings.MAIL_CLAIM_SECONDS)
        return self.filter(
            Q(state=Email.State.QUEUED, next_try_at__lte=now)
            | Q(state=Email.State.SENDING, claimed_at__lte=forgotten)
        )

    def late(self) -> "EmailQuerySet":
        """Not gone after a quarter of an hour: nobody delivers, or the mail server refuses."""
        return self.filter(state__in=Email.UNFINISHED, created_at__lte=timezone.now() - timedelta(minutes=15))

    def stuck(self) -> "EmailQuerySet":
        """What staff should look at: late, or given up."""
        return self.late() | self.filter(state=Email.State.FAILED)

    @transaction.atomic
    def claim(self, pk: int | None = None) -> "Email | None":
        """Take one due row, or this one if it is due, so that no other process sends it meanwhile."""
        due = self.due().select_for_update(skip_locked=True, of=("self",)).order_by("next_try_at", "pk")
        email = (due.filter(pk=pk) if pk else due).first()
        if email is not None:
            email.state, email.claimed_at = Email.State.SENDING, timezone.now()
            email.attempts += 1
            email.save(update_fields=["state", "claimed_at", "attempts"])
        return email

    def purge(self, *, before: datetime) -> int:
        """Forget whom we wrote what; the key stays, so that nothing is ever sent twice."""
        return self.filter(created_at__lt=before, purged_at=None).exclude(state__in=Email.UNFINISHED).erase()

    def erase(self) -> int:
        return self.update(
            to="", subject="", text="", html="", attachments=[], last_error="", purged_at=timezone.now()
        )


class Email(models.Model):
    """One message to one person: a row first, then a delivery. See `mailing.outbox.queue`."""

    class State(models.TextChoices):
        QUEUED = "queued", _("en attente")
        SENDING = "sending", _("en cours d’envoi")
        SENT = "sent", _("envoyé")
        FAILED = "failed", _("abandonné")

    UNFINISHED: ClassVar = [State.QUEUED, State.SENDING]

    key = models.CharField(_("clé"), max_length=200, unique=True)
    to = models.EmailField(_("destinataire"), max_length=254, blank=True)
    subject = models.CharField(_("objet"), max_length=250, blank=True)
    text = models.TextField(_("texte"), blank=True)
    html = models.TextField(_("version HTML"), blank=True)
    attachments = models.JSONField(_("pièces jointes"), default=list, blank=True, editable=False)
    is_secret = models.BooleanField(
        _("confidentiel"), default=False, help_text=_("Contient un code : illisible ici, effacé dès l’envoi.")
    )
    message_id = models.CharField(max_length=120, unique=True, editable=False)
    state = models.CharField(_("état"), max_length=10, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("essais"), default=0)
    created_at = models.DateTimeField(_("créé le"), default=timezone.now)
    next_try_at = models.DateTimeField(_("prochain essai"), default=timezone.now)
    claimed_at = models.DateTimeField(null=True, editable=False)
    sent_at = models.DateTimeField(_("envoyé le"), null=True, blank=True)
    purged_at = models.DateTimeField(_("contenu effacé le"), null=True, blank=True)
    last_error = models.TextField(_("dernière erreur"), blank=True)

    objects: ClassVar = EmailQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-pk"]
        indexes = [
            models.Index(
                fields=["next_try_at", "id"], name="email_due", condition=Q(state__in=["queued", "sending"])
            )
        ]

    def __str__(self) -> str:
        return self.subject or self.key

    @staticmethod
    def new_message_id() -> str:
        return f"<{uuid4().hex}@{settings.SITE_HOST}>"

    def mark_sent(self) -> None:
        self.state, self.sent_at, self.last_error = self.State.SENT, timezone.now(), ""
        self.save(update_fields=["state", "sent_at", "last_error"])
        if self.is_secret:
            Email.objects.filter(pk=self.pk).erase()

    def mark_failed(self, error: Exception, *, is_final: bool) -> None:
        """Try again after 1, 2, 4… minutes, and give up after about four hours or a final refusal."""
        given_up = is_final or self.attempts >= MAX_ATTEMPTS
        self.state = self.State.FAILED if given_up else self.State.QUEUED
        self.last_error = f"{type(error).__name__}: {error}"[:2000]
        self.next_try_at = timezone.now() + timedelta(minutes=2 ** (self.attempts - 1))
        self.save(update_fields=["state", "last_error", "next_try_at"])

    def send_again(self) -> None:
        """Put a finished message back in the queue, with the same Message-ID. Does nothing to a purged one."""
        Email.objects.filter(pk=self.pk, purged_at=None).exclude(state__in=self.UNFINISHED).update(
            state=self.State.QUEUED, attempts=0, next_try_at=timezone.now()
        )
