from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar
from unicodedata import normalize
from uuid import uuid4

from django.conf import settings
from django.core.signing import Signer
from django.db import models, transaction
from django.db.models import Q, Value
from django.db.models.functions import Cast, Concat
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

MAX_ATTEMPTS = 9
LINK_SALT = "mailing.unsubscribe"


class List(models.TextChoices):
    """What a person may stop receiving. What must arrive (a code, a receipt, a place) is on no list."""

    RENEWALS = "renewals", _("relances de fin d’adhésion")
    NEWS = "news", _("messages de l’association")
    FEEDBACK = "feedback", _("questionnaires après un événement")


def address_hashes(address: str) -> list[str]:
    """What an address is known by, with the secret key first, then with those it replaced.

    A refusal kept with a key that is in SECRET_KEY_FALLBACKS no more is forgotten: nobody can read whose it was.
    """
    written = normalize("NFKC", address.strip().lower())
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [
        salted_hmac("mailing.opt_out", written, secret=key, algorithm="sha256").hexdigest() for key in keys
    ]


class OptOutQuerySet(models.QuerySet["OptOut"]):
    def refusing(self, addresses: Iterable[str], list: str) -> set[str]:
        """Those of the addresses, as they are given, that have left the list. One query for all."""
        hashes = {address: set(address_hashes(address)) for address in addresses}
        asked = set().union(*hashes.values())
        kept = set(self.filter(list=list, address_hash__in=asked).values_list("address_hash", flat=True))
        return {address for address, own in hashes.items() if own & kept}

    def refuses(self, address: str, list: str) -> bool:
        return bool(self.refusing([address], list))

    def leave(self, address: str, list: str) -> None:
        OptOut.of(address, list).keep()

    def come_back(self, address: str, list: str) -> None:
        self.filter(list=list, address_hash__in=address_hashes(address)).delete()


class OptOut(models.Model):
    """That an address has left a list. Only its hash is kept: the refusal outlives the person's data."""

    address_hash = models.CharField(max_length=64, editable=False)
    list = models.CharField(_("liste"), max_length=10, choices=List, editable=False)
    created_at = models.DateTimeField(_("depuis le"), default=timezone.now, editable=False)

    objects: ClassVar = OptOutQuerySet.as_manager()

    class Meta:
        verbose_name = _("désinscription")
        verbose_name_plural = _("désinscriptions")
        constraints = [models.UniqueConstraint(fields=["address_hash", "list"], name="opt_out_once_a_list")]

    @classmethod
    def of(cls, address: str, list: str) -> "OptOut":
        """The one of this address, kept or not."""
        return cls(address_hash=address_hashes(address)[0], list=list)

    @classmethod
    def from_token(cls, token: str) -> "OptOut":
        """Raises BadSignature for a token that we did not make."""
        address_hash, list = Signer(salt=LINK_SALT).unsign_object(token)
        return cls(address_hash=address_hash, list=list)

    @property
    def token(self) -> str:
        """Holds no address and needs no row: it tells nothing, and works when the message is long forgotten."""
        return Signer(salt=LINK_SALT).sign_object([self.address_hash, str(self.list)])

    @property
    def url(self) -> str:
        return f"{settings.SITE_URL}{reverse('mailing:unsubscribe', args=[self.token])}"

    @property
    def is_kept(self) -> bool:
        return self._kept().exists()

    def keep(self) -> None:
        OptOut.objects.get_or_create(address_hash=self.address_hash, list=self.list)

    def forget(self) -> None:
        self._kept().delete()

    def _kept(self) -> OptOutQuerySet:
        kept: OptOutQuerySet = OptOut.objects.filter(address_hash=self.address_hash, list=self.list)
        return kept


class EmailQuerySet(models.QuerySet["Email"]):
    def due(self) -> "EmailQuerySet":
        """Waiting for their turn, or claimed by a process that has died since."""
        now = timezone.now()
        forgotten = now - timedelta(seconds=settings.MAIL_CLAIM_SECONDS)
        return self.filter(purged_at=None).filter(
            Q(state=Email.State.QUEUED, next_try_at__lte=now)
            | Q(state=Email.State.SENDING, claimed_at__lte=forgotten)
        )

    def late(self) -> "EmailQuerySet":
        """Not gone after a quarter of an hour: nobody delivers, or the mail server refuses."""
        waiting = self.filter(state__in=Email.UNFINISHED, purged_at=None)
        return waiting.filter(created_at__lte=timezone.now() - timedelta(minutes=15))

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

    def about(self, addresses: Iterable[str], name: str = "") -> "EmailQuerySet":
        """What was sent to these addresses, or names one of them, or this person, to somebody else."""
        found = Q(pk__in=[])
        for address in addresses:
            found |= Q(to__iexact=address) | Q(text__icontains=address)
        return self.filter(found | Q(text__contains=name) | Q(subject__contains=name) if name else found)

    @transaction.atomic
    def forget(self, addresses: Iterable[str], name: str = "") -> int:
        """Erase what was sent about a person who is erased. What waits for them is never sent; for others, it is.

        The key goes too: it may hold what the address is known by.
        """
        addresses = list(addresses)
        about = self.about(addresses, name).filter(purged_at=None)
        theirs = Q(pk__in=[])
        for address in addresses:
            theirs |= Q(to__iexact=address)
        about.filter(theirs, state__in=Email.UNFINISHED).update(state=Email.State.REFUSED)
        done = about.exclude(state__in=Email.UNFINISHED)
        pks = list(done.values_list("pk", flat=True))
        Email.objects.filter(pk__in=pks).update(key=Concat(Value("erased."), Cast("pk", models.CharField())))
        return Email.objects.filter(pk__in=pks).erase()


class Email(models.Model):
    """One message to one person: a row first, then a delivery. See `mailing.outbox.queue`."""

    class State(models.TextChoices):
        QUEUED = "queued", _("en attente")
        SENDING = "sending", _("en cours d’envoi")
        SENT = "sent", _("envoyé")
        FAILED = "failed", _("abandonné")
        REFUSED = "refused", _("désinscrit")

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
    list = models.CharField(
        _("liste"),
        max_length=10,
        choices=List,
        blank=True,
        help_text=_("Vide pour un message de service, qui part toujours."),
    )

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

    @property
    def opt_out(self) -> OptOut | None:
        """What its link would keep: none for a message of service."""
        return OptOut.of(self.to, self.list) if self.list else None

    @property
    def is_refused(self) -> bool:
        return bool(self.list) and OptOut.objects.refuses(self.to, self.list)

    def mark_refused(self) -> None:
        """Its reader has left the list since it was queued."""
        self.state, self.last_error = self.State.REFUSED, ""
        self.save(update_fields=["state", "last_error"])

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
