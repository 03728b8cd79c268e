"""What reached the association without a charge to go to: lines of the bank's statements, payments of a provider."""

import hashlib
from datetime import date, timedelta
from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from payments.models.frozen import FrozenRow
from payments.models.payments import Payment


def fingerprint(*facts: object) -> str:
    """What a line is recognised by when it is read again."""
    return hashlib.sha256("|".join(str(fact) for fact in facts).encode()).hexdigest()


NOBODY = dict.fromkeys(["label", "payer", "email", "iban", "bank_id", "end_to_end", "reference"], "")
KEPT = timedelta(days=1)  # a file that nobody imports


class StatementQuerySet(models.QuerySet["Statement"]):
    def abandoned(self) -> "StatementQuerySet":
        """Sent, looked at perhaps, and never imported."""
        return self.filter(imported_at=None, received_at__lte=timezone.now() - KEPT)


class Statement(models.Model):
    """A file of the bank. Its bytes are kept until it is imported; its lines stay."""

    class Format(models.TextChoices):
        CAMT = "camt053", "CAMT.053"
        OFX = "ofx", "OFX"
        TABLE = "csv", "CSV"

    filename = models.CharField(_("fichier"), max_length=200)
    format = models.CharField(_("format"), max_length=8, choices=Format)
    sha256 = models.CharField(_("empreinte"), max_length=64, db_index=True)
    content = models.BinaryField(editable=False)
    account = models.CharField(_("compte"), max_length=64, blank=True)
    first_on = models.DateField(_("du"), null=True, editable=False)
    last_on = models.DateField(_("au"), null=True, editable=False)
    new_count = models.PositiveIntegerField(_("lignes nouvelles"), default=0, editable=False)
    known_count = models.PositiveIntegerField(_("lignes déjà connues"), default=0, editable=False)
    doubtful_count = models.PositiveIntegerField(_("doubles possibles"), default=0, editable=False)
    refused_count = models.PositiveIntegerField(_("lignes illisibles"), default=0, editable=False)
    received_at = models.DateTimeField(_("envoyé le"), default=timezone.now, editable=False)
    imported_at = models.DateTimeField(_("importé le"), null=True, editable=False)
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("importé par"),
    )

    objects: ClassVar = StatementQuerySet.as_manager()

    class Meta:
        verbose_name = _("relevé")
        verbose_name_plural = _("relevés")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.filename


class StatementLineQuerySet(models.QuerySet["StatementLine"]):
    def named(self) -> "StatementLineQuerySet":
        """That still say who paid."""
        return self.exclude(**NOBODY)

    def forget(self) -> int:
        """Take the people out of lines whose ten years are over. What is recognised, and the money, stay."""
        return self.update(**NOBODY)


class StatementLine(FrozenRow):
    """Money that came in, or left when negative, as the bank or a provider tells it. Frozen: what is done of it is written elsewhere.

    Without `statement`, it is a provider's payment that found no charge. `twin` is another line that it may repeat: a
    person decides.
    """

    statement = models.ForeignKey(
        Statement,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="lines",
        verbose_name=_("relevé"),
    )
    method = models.CharField(_("moyen"), max_length=10, choices=Payment.Method)
    fingerprint = models.CharField(max_length=64, unique=True, editable=False)
    booked_on = models.DateField(_("date"), db_index=True)
    valued_on = models.DateField(_("date de valeur"))
    amount = models.DecimalField(_("montant"), max_digits=12, decimal_places=2)
    label = models.CharField(_("libellé"), max_length=500, blank=True)
    payer = models.CharField(_("contrepartie"), max_length=200, blank=True)
    email = models.EmailField(_("adresse e-mail"), blank=True)
    iban = models.CharField(_("IBAN de la contrepartie"), max_length=34, blank=True)
    bank_id = models.CharField(_("référence de la banque"), max_length=100, blank=True)
    end_to_end = models.CharField(_("référence de bout en bout"), max_length=100, blank=True)
    reference = models.CharField(_("référence structurée"), max_length=50, blank=True)
    twin = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="doubles",
        verbose_name=_("double possible de"),
    )
    told_apart_at = models.DateTimeField(_("dite différente le"), null=True, editable=False)
    told_apart_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("dite différente par"),
    )

    objects: ClassVar = StatementLineQuerySet.as_manager()

    class Meta:
        verbose_name = _("ligne à rapprocher")
        verbose_name_plural = _("rapprochement")
        ordering = ["-booked_on", "-pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="statement_line_amount_not_zero"),
            models.CheckConstraint(condition=~Q(twin=F("pk")), name="statement_line_not_its_own_twin"),
        ]

    def __str__(self) -> str:
        return f"{self.number} – {self.payer or self.label}"

    @property
    def number(self) -> str:
        return f"L-{self.pk:06d}"

    @classmethod
    @transaction.atomic
    def arrived(
        cls,
        *,
        method: str,
        reference: str,
        amount: Decimal,
        on: date,
        payer: str = "",
        email: str = "",
        label: str = "",
    ) -> "StatementLine | None":
        """Show to staff a provider's payment that found no charge. The same (method, reference) again changes nothing.

        None when it is recorded already: it has found its charge since.
        """
        if Payment.objects.filter(method=method, reference=reference).exists():
            return None
        facts = {
            "method": method,
            "booked_on": on,
            "valued_on": on,
            "amount": amount,
            "payer": payer[:200],
            "email": email.lower(),
            "label": label[:500],
            "bank_id": reference,
        }
        line, _is_new = cls.objects.get_or_create(fingerprint=fingerprint(method, reference), defaults=facts)
        return line
