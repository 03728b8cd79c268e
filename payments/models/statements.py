"""Files of the bank: what came with each, and how its tables are laid out."""

from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

KEPT = timedelta(days=1)  # a file that nobody imports


class TableLayout(models.Model):
    """What each column is in the tables of one bank, recognised by their titles."""

    signature = models.CharField(max_length=64, unique=True, editable=False)
    columns = models.JSONField(default=list, editable=False)  # the code of each, or "" for none
    account = models.CharField(_("compte"), max_length=64, help_text=_("Par exemple\u00a0: compte courant."))
    updated_at = models.DateTimeField(_("modifié le"), auto_now=True)

    objects: ClassVar = models.Manager()

    class Meta:
        verbose_name = _("colonnes d’une banque")
        verbose_name_plural = _("colonnes des banques")
        ordering = ["account", "pk"]

    def __str__(self) -> str:
        return self.account

    @property
    def accounts(self) -> list[str]:
        """The names of all those whose statements are laid out so."""
        read = self.statements.exclude(imported_at=None).values_list("account", flat=True)
        return sorted({self.account, *read.order_by()} - {""})


class StatementQuerySet(models.QuerySet["Statement"]):
    def abandoned(self) -> "StatementQuerySet":
        """Sent, looked at perhaps, and never imported."""
        return self.filter(imported_at=None, received_at__lte=timezone.now() - KEPT)


class Statement(models.Model):
    """A file of the bank. Its bytes are kept until it is imported; its lines stay."""

    class Format(models.TextChoices):
        CAMT = "camt053", "CAMT.053"
        OFX = "ofx", "OFX"
        TABLE = "csv", _("tableau")

    filename = models.CharField(_("fichier"), max_length=200)
    format = models.CharField(_("format"), max_length=8, choices=Format)
    sha256 = models.CharField(_("empreinte"), max_length=64, db_index=True)
    content = models.BinaryField(editable=False)
    layout = models.ForeignKey(
        TableLayout, models.SET_NULL, null=True, blank=True, editable=False, related_name="statements"
    )
    header_row = models.PositiveIntegerField(default=0, editable=False)  # of a table: where its titles are
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
