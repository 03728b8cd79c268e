"""What the association hands out about money: written once, with its bytes, under a number that follows the last one."""

import hashlib
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from payments.models.charges import Charge
from payments.models.frozen import FrozenRow
from payments.models.payments import Payment

if TYPE_CHECKING:
    from accounts.models import User


class Turn(NamedTuple):
    """The next number of a series, and the day that goes with it."""

    number: str
    on: date


class Series(models.Model):
    """The last number given in a series and a year, and its day. Its row is held until the document is written."""

    prefix = models.CharField(max_length=1)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)
    last_on = models.DateField(null=True)

    objects: ClassVar = models.Manager()

    class Meta:
        verbose_name = _("série de numéros")
        verbose_name_plural = _("séries de numéros")
        constraints = [models.UniqueConstraint(fields=["prefix", "year"], name="one_series_a_year")]

    def __str__(self) -> str:
        return f"{self.prefix}{self.year}"

    @classmethod
    def take(cls, prefix: str) -> Turn:
        """The next number, inside the transaction that writes the document: rolled back with it, so that none is lost.

        Numbers and days only grow. Whoever waited for the row over midnight of a new year takes the series of that year.
        """
        series = cls._held(prefix, timezone.localdate().year)
        today = timezone.localdate()
        if series.year != today.year:
            series = cls._held(prefix, today.year)
        series.last += 1
        series.last_on = max(today, series.last_on or today)
        series.save(update_fields=["last", "last_on"])
        return Turn(f"{series}-{series.last:05d}", series.last_on)

    @classmethod
    def _held(cls, prefix: str, year: int) -> "Series":
        rows: models.QuerySet[Series] = cls.objects.select_for_update().filter(prefix=prefix, year=year)
        if (known := rows.first()) is not None:
            return known
        first: Any = cls(prefix=prefix, year=year)
        cls.objects.bulk_create([first], ignore_conflicts=True)  # somebody else may have, meanwhile
        return rows.get()


class DocumentQuerySet(models.QuerySet["Document"]):
    def visible_to(self, user: "User") -> "DocumentQuerySet":
        return self.filter(charge__in=Charge.objects.visible_to(user))

    def accounting(self) -> "DocumentQuerySet":
        """Kept ten years by law, whether money came in or not."""
        return self.filter(kind__in=[Document.Kind.INVOICE, Document.Kind.CREDIT_NOTE])

    def standing(self) -> "DocumentQuerySet":
        """Not cancelled."""
        return self.filter(cancellation=None)

    def readable(self) -> "DocumentQuerySet":
        """Those that a payer still takes away: neither cancelled nor forgotten."""
        return self.standing().exclude(content=b"")

    def forget(self) -> int:
        """Take the people out of those whose time is over. Their numbers, days and amounts stay."""
        Cancellation.objects.filter(document__in=self.values("pk")).update(reason="")  # as staff wrote it
        return self.update(buyer={}, lines=[], content=b"")


class DocumentManager(models.Manager.from_queryset(DocumentQuerySet)):  # type: ignore[misc]
    """Without the bytes, that only a download reads."""

    def get_queryset(self) -> DocumentQuerySet:
        rows: DocumentQuerySet = super().get_queryset().defer("content")
        return rows


class Document(FrozenRow):
    """What we have handed out, as it was: its bytes are kept, and never made again."""

    class Kind(models.TextChoices):
        INVOICE = "invoice", _("facture")
        CREDIT_NOTE = "credit_note", _("avoir")
        QUOTE = "quote", _("devis")
        CONFIRMATION = "confirmation", _("confirmation de paiement")
        RECEIPT = "receipt", _("reçu fiscal")

    PREFIXES: ClassVar[dict[str, str]] = {
        Kind.INVOICE: "F",
        Kind.CREDIT_NOTE: "A",
        Kind.QUOTE: "D",
        Kind.CONFIRMATION: "P",
        Kind.RECEIPT: "R",
    }

    token = models.UUIDField(default=uuid4, unique=True, editable=False)
    kind = models.CharField(_("nature"), max_length=12, choices=Kind)
    number = models.CharField(_("numéro"), max_length=20, unique=True)
    issued_on = models.DateField(_("daté du"))
    issued_at = models.DateTimeField(_("émis le"), default=timezone.now, editable=False)
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("émis par"),
    )
    charge = models.ForeignKey(Charge, models.PROTECT, related_name="documents", verbose_name=_("somme due"))
    payment = models.ForeignKey(
        Payment,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="documents",
        verbose_name=_("paiement"),
    )
    corrects = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="corrected_by",
        verbose_name=_("corrige"),
    )
    vat = models.CharField(_("TVA"), max_length=12, blank=True, editable=False)
    seller = models.JSONField(default=dict, editable=False)
    buyer = models.JSONField(_("destinataire"), default=dict, editable=False)
    lines = models.JSONField(_("lignes"), default=list, editable=False)
    total = models.DecimalField(_("total"), max_digits=10, decimal_places=2)
    paid = models.DecimalField(_("déjà réglé"), max_digits=10, decimal_places=2, default=Decimal(0))
    paid_on = models.DateField(_("réglé le"), null=True, blank=True)
    due_on = models.DateField(_("à régler avant le"), null=True, blank=True)
    content = models.BinaryField(editable=False)
    sha256 = models.CharField(_("empreinte"), max_length=64)

    objects: ClassVar = DocumentManager()

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["payment"],
                name="one_confirmation_a_payment",
                condition=models.Q(kind="confirmation"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number}"

    def get_absolute_url(self) -> str:
        return reverse("payments:document", args=[self.charge.uuid, self.token])

    @property
    def is_paid(self) -> bool:
        return self.kind == self.Kind.INVOICE and self.paid == self.total

    @property
    def filename(self) -> str:
        return f"{slugify(self.Kind(self.kind).label)}-{self.number}.pdf"

    @property
    def is_intact(self) -> bool:
        """Whether the bytes still are those that were written. Forgotten with whom they named, they no longer are there."""
        return hashlib.sha256(self.content).hexdigest() == self.sha256

    def freeze(self, content: bytes) -> "Document":
        """Write it, with its bytes. Raises TypeError a second time."""
        self.content, self.sha256 = content, hashlib.sha256(content).hexdigest()
        self.save()
        return self


class Cancellation(FrozenRow):
    """A receipt that no longer is worth anything. It stays listed as such; another may replace it."""

    document = models.OneToOneField(Document, models.PROTECT, related_name="cancellation")
    reason = models.CharField(_("raison"), max_length=200)
    cancelled_at = models.DateTimeField(_("annulé le"), default=timezone.now, editable=False)
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("annulé par"),
    )

    class Meta:
        verbose_name = _("annulation de reçu")
        verbose_name_plural = _("annulations de reçus")

    def __str__(self) -> str:
        return str(self.document)
