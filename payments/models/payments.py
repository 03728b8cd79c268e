from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from payments.models.frozen import FrozenRow
from payments.models.lines import Adjustment

if TYPE_CHECKING:
    from accounts.models import User
    from payments.models.charges import Charge
    from payments.models.statement_lines import StatementLine


class NotUndoable(Exception):
    """A provider's payment, a counter-entry or what has been countered already: it is given back, not undone."""


class NothingLeft(Exception):
    """The refund has been made or withdrawn, or the other charge asks for nothing."""


class UnderWay(NothingLeft):
    """A provider has been asked for the refund, and may make it still: another way would pay it twice."""


USED = "-utilise"  # ends the reference of what a credit has paid, which begins with that of the credit


class Payment(FrozenRow):
    """Money that came in or, when negative, went back.

    `valued_on` is the day of the money, which a tax receipt bears; `booked_on` the day of the books, later when the
    month of the first was closed.
    """

    class Method(models.TextChoices):
        SANDBOX = "sandbox", _("bac à sable")
        HELLOASSO = "helloasso", _("HelloAsso")
        STRIPE = "stripe", _("Stripe")
        TRANSFER = "transfer", _("virement")
        CHEQUE = "cheque", _("chèque")
        CASH = "cash", _("espèces")
        CREDIT = "credit", _("avoir utilisé")

    class Kind(models.TextChoices):
        RECEIVED = "received", _("encaissement")
        REFUND = "refund", _("remboursement")
        CHARGEBACK = "chargeback", _("impayé")
        MISTAKE = "mistake", _("annulation d’une saisie")

    charge = models.ForeignKey(
        "payments.Charge", models.PROTECT, related_name="payments", verbose_name=_("somme due")
    )
    method = models.CharField(_("moyen"), max_length=10, choices=Method)
    kind = models.CharField(_("nature"), max_length=10, choices=Kind, default=Kind.RECEIVED)
    amount = models.DecimalField(_("montant"), max_digits=10, decimal_places=2)
    reference = models.CharField(
        _("référence"),
        max_length=100,
        help_text=_("Numéro du chèque ou libellé du virement ; unique par moyen."),
    )
    counters = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="countered_by",
        verbose_name=_("contrepasse"),
    )
    line = models.ForeignKey(
        "payments.StatementLine",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="payments",
        verbose_name=_("ligne de relevé"),
    )
    valued_on = models.DateField(
        _("date de valeur"), help_text=_("Jour du crédit, ou de la remise du chèque.")
    )
    booked_on = models.DateField(_("écrit le"))
    account = models.CharField(_("compte"), max_length=12)
    provider_receipt = models.URLField(
        _("reçu fiscal du prestataire"), max_length=400, blank=True, editable=False
    )
    recorded_at = models.DateTimeField(_("enregistré le"), default=timezone.now, editable=False)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("enregistré par"),
    )

    class Meta:
        verbose_name = _("paiement")
        verbose_name_plural = _("paiements")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["method", "reference"],
                name="payment_reference_unique_by_method",
                violation_error_message=_("Un paiement de ce moyen porte déjà cette référence."),
            ),
            models.CheckConstraint(condition=~Q(amount=0), name="payment_amount_not_zero"),
            models.CheckConstraint(
                condition=Q(kind="mistake", counters__isnull=False)
                | Q(kind="received", amount__gt=0)
                | (~Q(kind__in=["received", "mistake"]) & Q(amount__lt=0)),
                name="payment_sign_of_its_kind",
            ),
            models.CheckConstraint(condition=~Q(account=""), name="payment_has_account"),
        ]

    def __str__(self) -> str:
        return f"{self.get_method_display()} {self.reference}"

    @property
    def is_by_hand(self) -> bool:
        """Typed, matched or decided by a person; what a provider has brought is not ours to undo."""
        return self.line_id is not None or self.method in {
            self.Method.TRANSFER,
            self.Method.CHEQUE,
            self.Method.CASH,
            self.Method.CREDIT,
        }

    @property
    def other_side(self) -> "Payment | None":
        """Of a credit that was used: what it paid, or where it came from. None once its payer is forgotten."""
        if self.method != self.Method.CREDIT:
            return None
        reference = self.reference.removesuffix(USED) if self.amount > 0 else f"{self.reference}{USED}"
        return Payment.objects.exclude(pk=self.pk).filter(method=self.method, reference=reference).first()

    @property
    def is_countered(self) -> bool:
        """By an entry that was not undone itself."""
        return self.countered_by.filter(countered_by=None).exists()

    @property
    def is_undoable(self) -> bool:
        is_counter = self.kind == self.Kind.MISTAKE
        is_half = self.method == self.Method.CREDIT and self.other_side is None
        return self.is_by_hand and not is_counter and not is_half and not self.is_countered

    @transaction.atomic
    def note_receipt(self, url: str) -> None:
        """That of the provider, which may come later: the one column that is. Ours is cancelled. A second call changes nothing."""
        if not url or self.provider_receipt:
            return
        from payments import receipts  # noqa: PLC0415 - they read our models

        charge = type(self.charge).objects.select_for_update().get(pk=self.charge_id)
        Payment.objects.filter(pk=self.pk, provider_receipt="").update(provider_receipt=url)
        self.refresh_from_db(fields=["provider_receipt"])
        receipts.follow(charge)

    @transaction.atomic
    def undo(self, *, by: "User") -> "Payment":
        """Counter an entry made by mistake: money that came in is asked for again, money that left is owed again.

        What it was matched with waits again; a credit that was used is one to give back again. Raises NotUndoable.
        """
        other = self.other_side
        pks = {self.charge_id, other.charge_id if other else self.charge_id}
        charges = type(self.charge).objects.select_for_update().filter(pk__in=pks).order_by("pk")
        held = {charge.pk: charge for charge in charges}
        if not self.is_undoable:
            raise NotUndoable
        if other:
            other._counter(held[other.charge_id], by=by)
        return self._counter(held[self.charge_id], by=by)

    def _counter(self, charge: "Charge", *, by: "User") -> "Payment":
        """The caller holds the charge."""
        if self.kind != self.Kind.RECEIVED:
            return self._put_back(charge, by=by)
        if self.line is not None:
            self.line.forget_payer(charge.email)
        return charge.take_back(
            self,
            amount=self.amount,
            reference=f"annule-{self.pk}",
            kind=self.Kind.MISTAKE,
            recorded_by=by,
            line=self.line,
        )

    def _put_back(self, charge: "Charge", *, by: "User") -> "Payment":
        """It had not left after all: what was to be given back is so again. The caller holds the charge."""
        amount, refund = -self.amount, Refund.objects.filter(payment=self).first()
        back = charge._write_payment(
            method=self.method,
            amount=amount,
            reference=f"annule-{self.pk}",
            kind=self.Kind.MISTAKE,
            counters=self,
            valued_on=None,
            recorded_by=by,
            line=self.line,
        )
        if refund:
            Refund.objects.create(charge=charge, amount=amount, reason=refund.reason)
            charge._withdraw()
        elif charge.cancelled_at:
            Adjustment.recover(charge, amount)
        charge._settle(new=amount)
        return back


class RefundQuerySet(models.QuerySet["Refund"]):
    def to_make(self) -> "RefundQuerySet":
        return self.filter(payment=None, withdrawn_at=None)

    def withdraw(self, amount: Decimal) -> None:
        """Promise `amount` less, the latest promises first, as far as they go. The caller holds their charge.

        What a provider was asked for stays promised until it says yes or no: it may have made it already.
        """
        for refund in self.select_related("asked_of").order_by("-pk"):
            if amount <= 0:
                break
            if refund.is_under_way:
                continue
            gone: Refund = refund if refund.amount <= amount else refund.split(amount)
            gone.withdrawn_at = timezone.now()
            gone.save(update_fields=["withdrawn_at"])
            amount -= gone.amount


class Refund(models.Model):
    """What we owe back: a credit of the payer. `payment` is the counter-entry that settles it."""

    class Reason(models.TextChoices):
        CANCELLED = "cancelled", _("annulation")
        PAID_TWICE = "paid_twice", _("trop perçu")
        NO_PLACE = "no_place", _("payé trop tard, plus de place")
        PLAN_CHANGE = "plan_change", _("changement de formule")
        GESTURE = "gesture", _("décision de l’équipe")

    charge = models.ForeignKey(
        "payments.Charge", models.PROTECT, related_name="refunds", verbose_name=_("somme due")
    )
    amount = models.DecimalField(
        _("montant"), max_digits=10, decimal_places=2, validators=[MinValueValidator(Decimal("0.01"))]
    )
    reason = models.CharField(_("raison"), max_length=12, choices=Reason)
    created_at = models.DateTimeField(_("créé le"), default=timezone.now, editable=False)
    withdrawn_at = models.DateTimeField(_("retiré le"), null=True, blank=True, editable=False)
    payment = models.OneToOneField(
        Payment, models.PROTECT, null=True, blank=True, editable=False, related_name="refund"
    )
    asked_of = models.ForeignKey(
        Payment,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("demandé au prestataire de"),
    )

    objects: ClassVar = RefundQuerySet.as_manager()

    class Meta:
        verbose_name = _("remboursement")
        verbose_name_plural = _("remboursements")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_amount_positive"),
            models.CheckConstraint(
                condition=Q(payment=None) | Q(withdrawn_at=None), name="refund_made_or_withdrawn"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.charge} – {self.get_reason_display()}"

    @property
    def is_to_make(self) -> bool:
        return self.payment_id is None and self.withdrawn_at is None

    @property
    def is_under_way(self) -> bool:
        """Whether the provider of `asked_of` may still make it, or has made it unheard: it has not said no."""
        asked_of = self.asked_of if self.is_to_make else None
        return asked_of is not None and asked_of.method in settings.PAYMENT_PROVIDERS

    @transaction.atomic
    def free(self) -> None:
        """Its provider has said no: it may be given back by another way, unless the money has left meanwhile."""
        refund = self._locked()
        if refund.is_to_make and refund.asked_of is not None:
            refund.asked_of = None
            refund.save(update_fields=["asked_of"])
            refund.charge._withdraw()

    @transaction.atomic
    def settle(
        self,
        *,
        method: str,
        reference: str,
        valued_on: date | None = None,
        recorded_by: "User | None" = None,
        counters: Payment | None = None,
        line: "StatementLine | None" = None,
    ) -> Payment:
        """Record that the money went back. A second call returns the first counter-entry. Raises NothingLeft, UnderWay."""
        refund = self._locked()
        if refund.payment is not None:
            return refund.payment
        if refund.withdrawn_at:
            raise NothingLeft
        if refund.is_under_way and counters != refund.asked_of:
            raise UnderWay
        return refund.charge.pay_back(
            refund,
            method=method,
            reference=reference,
            valued_on=valued_on,
            recorded_by=recorded_by,
            counters=counters,
            line=line,
        )

    @transaction.atomic
    def apply_to(self, charge: "Charge", *, by: "User") -> Payment:
        """Use the credit for what the same payer owes elsewhere; what is left of it stays to be given back.

        Raises NothingLeft, UnderWay.
        """
        pks = sorted({self.charge_id, charge.pk})
        list(type(charge).objects.select_for_update().filter(pk__in=pks).order_by("pk"))
        refund, charge = self._locked(), type(charge).objects.get(pk=charge.pk)
        if refund.is_under_way:
            raise UnderWay
        amount = min(refund.amount, charge.amount_due)
        if not refund.is_to_make or not amount or charge.pk == refund.charge_id:
            raise NothingLeft
        if amount < refund.amount:
            refund = refund.split(amount)
        reference = f"avoir-{refund.pk}"  # `Payment.other_side` reads it
        refund.charge.pay_back(refund, method=Payment.Method.CREDIT, reference=reference, recorded_by=by)
        return charge.record_payment(
            method=Payment.Method.CREDIT, amount=amount, reference=f"{reference}{USED}", recorded_by=by
        )

    def split(self, amount: Decimal) -> "Refund":
        """Two promises in place of this one: that of `amount`, returned, and that of the rest. The caller holds the charge."""
        self.withdrawn_at = timezone.now()
        self.save(update_fields=["withdrawn_at"])
        parts = [self.amount - amount, amount]
        return [Refund.objects.create(charge=self.charge, reason=self.reason, amount=part) for part in parts][
            -1
        ]

    def _locked(self) -> "Refund":
        """Its charge first, as everywhere. No join on the lock: it would be read before it."""
        list(type(self.charge).objects.select_for_update().filter(pk=self.charge_id))
        refund: Refund = Refund.objects.select_for_update().get(pk=self.pk)
        return refund
