from datetime import timedelta
from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from payments.models.charges import Charge
from payments.models.payments import Payment

FRESH = timedelta(days=3)
HONOURED = timedelta(days=30)
JUST_NOW = timedelta(seconds=5)  # since the last reading: another would say the same
YOUNG = timedelta(hours=1)  # the payer may still be on the page
OFTEN, SELDOM = (
    timedelta(minutes=9),
    timedelta(minutes=59),
)  # less than a period of the schedule, which drifts


class CheckoutQuerySet(models.QuerySet["Checkout"]):
    def to_read(self) -> "CheckoutQuerySet":
        """Of which a notification may have been lost: fresh ones, then those that a bank may still honour."""
        now = timezone.now()
        fresh = Q(state=Checkout.State.OPEN, created_at__gt=now - FRESH)
        promised = Q(state=Checkout.State.WAITING, created_at__gt=now - HONOURED)
        return self.filter(fresh | promised)

    def not_read_lately(self) -> "CheckoutQuerySet":
        """Whose turn it is to be read again, the one that has waited longest first."""
        now = timezone.now()
        often = Q(read_at__lt=now - OFTEN, created_at__gt=now - YOUNG)
        due = self.filter(Q(read_at=None) | often | Q(read_at__lt=now - SELDOM))
        return due.order_by(F("read_at").asc(nulls_first=True), "pk")

    def claim_reading(self) -> int:
        """Of those not read just now: noted as read, so that one of several who ask at once reads them."""
        now = timezone.now()
        return self.filter(Q(read_at=None) | Q(read_at__lt=now - JUST_NOW)).update(read_at=now)

    def unclear(self) -> "CheckoutQuerySet":
        return self.exclude(unclear="").exclude(unclear=F("cleared"))

    def in_words(self) -> str:
        """What each provider holds, and what it was asked for."""
        names = dict(Payment.Method.choices)
        return ", ".join(
            f"{names[one.provider]} {one.unclear} (≠ {one.amount} EUR)" for one in self.unclear()
        )

    def clear(self) -> int:
        """A person has looked. What the provider says otherwise later is shown again."""
        return self.unclear().update(cleared=F("unclear"))

    def about(self, provider: str, reference: str) -> "CheckoutQuerySet":
        """That of this reference, or those of which one has brought the payment of this reference."""
        paid = Payment.objects.filter(method=provider, reference=reference)
        is_it = Q(reference=reference) | Q(charge__in=paid.values("charge"))
        return self.filter(is_it, provider=provider).select_related("charge")


class Checkout(models.Model):
    """One attempt to pay a charge at a provider: its reference there, for us to read again, and what it said last.

    `unclear` is what it holds that is not what we asked for, until a person has `cleared` these very words.
    """

    class State(models.TextChoices):
        OPEN = "open", _("ouvert")
        WAITING = "waiting", _("en attente de la banque")
        PAID = "paid", _("payé")
        FAILED = "failed", _("sans suite")

    charge = models.ForeignKey(Charge, models.PROTECT, related_name="checkouts")
    provider = models.CharField(_("prestataire"), max_length=20)
    reference = models.CharField(_("référence"), max_length=100)
    amount = models.DecimalField(_("montant"), max_digits=10, decimal_places=2)
    state = models.CharField(_("état"), max_length=8, choices=State, default=State.OPEN)
    unclear = models.CharField(
        _("autre que ce qui était demandé"), max_length=250, blank=True, editable=False
    )
    cleared = models.CharField(_("autre, et vu"), max_length=250, blank=True, editable=False)
    read_at = models.DateTimeField(_("relu le"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("créé le"), default=timezone.now, editable=False)

    objects: ClassVar = CheckoutQuerySet.as_manager()

    class Meta:
        verbose_name = _("passage chez le prestataire")
        verbose_name_plural = _("passages chez le prestataire")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["provider", "reference"], name="checkout_reference_unique")
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.reference}"


class SandboxOrder(models.Model):
    """What the pretended provider was asked to collect. Its side of the border: our books are `Charge`, `Payment`."""

    uuid = models.UUIDField(default=uuid4, unique=True, editable=False)
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    label = models.CharField(max_length=250)
    return_url = models.URLField(max_length=400)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("commande du bac à sable")
        verbose_name_plural = _("commandes du bac à sable")

    def __str__(self) -> str:
        return str(self.uuid)


class SandboxPayment(models.Model):
    """One payment made, or refused, on the pretended provider's page, and whether it has told us."""

    class State(models.TextChoices):
        AUTHORIZED = "authorized", _("autorisé")
        REFUSED = "refused", _("refusé")

    uuid = models.UUIDField(default=uuid4, unique=True, editable=False)
    order = models.ForeignKey(SandboxOrder, models.CASCADE, related_name="payments")
    state = models.CharField(max_length=10, choices=State)
    made_at = models.DateTimeField(default=timezone.now)
    notify_at = models.DateTimeField(default=timezone.now)
    notified_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("paiement du bac à sable")
        verbose_name_plural = _("paiements du bac à sable")
        ordering = ["pk"]

    def __str__(self) -> str:
        return str(self.uuid)


class SandboxRefund(models.Model):
    """What the pretended provider gave back, once for each `key`, or what the payer's bank took back."""

    payment = models.ForeignKey(SandboxPayment, models.CASCADE, related_name="refunds")
    key = models.CharField(max_length=100, unique=True)
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    is_chargeback = models.BooleanField(default=False)
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("remboursement du bac à sable")
        verbose_name_plural = _("remboursements du bac à sable")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.key
