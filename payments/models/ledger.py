from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple
from uuid import uuid4

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Cast, Coalesce, Concat
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from mailing.outbox import current_language
from payments import emails
from payments.signals import charge_paid

if TYPE_CHECKING:
    from accounts.models import User

ZERO = Decimal("0.00")
LATE = timedelta(days=15)


class PaymentMismatch(Exception):
    """The same payment reference was already recorded for another charge or another amount."""


class FrozenRow(models.Model):
    """A row that is written once: a mistake is countered by another row, never edited or deleted."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None and not self._state.adding:
            raise TypeError(f"{type(self).__name__} {self.pk} is never edited: record a counter-entry.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(f"{type(self).__name__} {self.pk} is never deleted: record a counter-entry.")


class Line(NamedTuple):
    nature: str
    label: str
    amount: Decimal


class ChargeQuerySet(models.QuerySet["Charge"]):
    def with_amounts(self) -> "ChargeQuerySet":
        """Annotate what is owed and what came in, by subqueries so that neither multiplies the other."""

        def total(model: type[models.Model]) -> Coalesce:
            rows = model._default_manager.filter(charge=OuterRef("pk")).order_by().values("charge")
            money = models.DecimalField(max_digits=10, decimal_places=2)
            return Coalesce(
                Subquery(rows.annotate(total=Sum("amount")).values("total")), Value(ZERO), output_field=money
            )

        return self.annotate(owed=total(ChargeLine), received=total(Payment))

    def unpaid(self) -> "ChargeQuerySet":
        """What we still claim: what has lapsed is taken if it comes, and asked of nobody."""
        lapsed = Q(payable_until__lt=timezone.now())
        return self.filter(paid_at=None, cancelled_at=None).exclude(lapsed)

    def late(self) -> "ChargeQuerySet":
        """Unpaid for so long that somebody should ask."""
        return self.unpaid().filter(created_at__lt=timezone.now() - LATE)

    def stranded(self) -> "ChargeQuerySet":
        """Paid in part, and no longer claimed: the time to pay has run out. Staff give it back, or take the rest."""
        begun = Payment.objects.filter(charge=OuterRef("pk")).order_by().values("charge")
        received = begun.annotate(total=Sum("amount")).values("total")
        lapsed = self.filter(paid_at=None, cancelled_at=None, payable_until__lt=timezone.now())
        return lapsed.annotate(in_hand=Subquery(received)).filter(in_hand__gt=0)

    def visible_to(self, user: "User") -> "ChargeQuerySet":
        return self.filter(Q(user=user) | Q(email__in=user.verified_emails))

    def never_paid(self) -> "ChargeQuerySet":
        """No money ever came in for them: they are no accounting document."""
        return self.filter(~Exists(Payment.objects.filter(charge=OuterRef("pk"))))

    @transaction.atomic
    def erase_payers(self) -> int:
        """Forget who owed those that were never paid, and ask nothing more. Payments wait for it, or come before."""
        held = [charge.pk for charge in self.order_by("pk").select_for_update(of=("self",))]
        pks = list(Charge.objects.filter(pk__in=held).never_paid().values_list("pk", flat=True))
        Charge.objects.filter(pk__in=pks, cancelled_at=None).update(cancelled_at=timezone.now())
        return Charge.objects.filter(pk__in=pks).forget_payers()

    def forget_payers(self) -> int:
        """Take the people out of accounting documents whose ten years are over."""
        pks = list(self.values_list("pk", flat=True))
        for nature in ChargeLine.Nature:  # a label may name who comes
            ChargeLine.objects.filter(charge__in=pks, nature=nature).update(label=str(nature.label))
        unnamed = Concat(Value("efface-"), Cast("pk", models.CharField()))
        Payment.objects.filter(charge__in=pks).update(reference=unnamed)
        return Charge.objects.filter(pk__in=pks).update(name="", email="", user=None)


class Charge(models.Model):
    """What somebody owes, as lines. Covered by payments; its owner hears of it through `charge_paid`."""

    uuid = models.UUIDField(default=uuid4, unique=True, editable=False)
    name = models.CharField(_("nom"), max_length=200)
    email = models.EmailField(_("adresse e-mail"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="charges",
        verbose_name=_("compte"),
    )
    return_path = models.CharField(_("page de l’achat"), max_length=200, editable=False)
    language = models.CharField(_("langue"), max_length=5, default=current_language, editable=False)
    created_at = models.DateTimeField(_("créé le"), default=timezone.now, editable=False)
    payable_until = models.DateTimeField(_("à régler avant le"), null=True, blank=True, editable=False)
    paid_at = models.DateTimeField(_("réglé le"), null=True, blank=True, editable=False)
    cancelled_at = models.DateTimeField(_("annulé le"), null=True, blank=True, editable=False)

    objects: ClassVar = ChargeQuerySet.as_manager()

    class Meta:
        verbose_name = _("somme due")
        verbose_name_plural = _("sommes dues")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.number} – {self.name}"

    def get_absolute_url(self) -> str:
        return reverse("payments:charge", args=[self.uuid])

    @classmethod
    @transaction.atomic
    def open(
        cls,
        *,
        name: str,
        email: str,
        lines: Iterable[Line],
        return_path: str,
        user: "User | None" = None,
        language: str | None = None,
        payable_until: datetime | None = None,
    ) -> "Charge":
        """Write a new charge with its lines. Whatever it pays for is shown at `return_path`.

        `language` is the payer's, when somebody else acts. Past `payable_until` nobody is led to pay any more.
        """
        payer = {
            "name": name,
            "email": email.lower(),
            "user": user,
            "language": language or current_language(),
        }
        charge = cls.objects.create(return_path=return_path, payable_until=payable_until, **payer)
        ChargeLine.objects.bulk_create([ChargeLine(charge=charge, **line._asdict()) for line in lines])
        return charge

    @property
    def number(self) -> str:
        return f"S-{self.pk:06d}"

    @property
    def amount(self) -> Decimal:
        return sum((line.amount for line in self.lines.all()), ZERO)

    @property
    def amount_received(self) -> Decimal:
        return sum((payment.amount for payment in self.payments.all()), ZERO)

    @property
    def amount_due(self) -> Decimal:
        return ZERO if self.cancelled_at else max(self.amount - self.amount_received, ZERO)

    @property
    def has_lapsed(self) -> bool:
        return self.is_payable and self.payable_until is not None and self.payable_until < timezone.now()

    @property
    def is_payable(self) -> bool:
        return self.paid_at is None and self.cancelled_at is None

    @transaction.atomic
    def record_payment(
        self,
        *,
        method: str,
        amount: Decimal,
        reference: str,
        valued_on: date | None = None,
        recorded_by: "User | None" = None,
    ) -> "Payment":
        """The only door for money. Recording the same (method, reference) again changes nothing.

        Sends `charge_paid` inside the transaction, once, when the charge becomes covered. Money that comes on top of
        what was due is kept as a refund to make. Raises PaymentMismatch.
        """
        charge = Charge.objects.select_for_update().get(pk=self.pk)
        known = Payment.objects.filter(method=method, reference=reference).first()
        if known is not None:
            if known.charge_id != charge.pk or known.amount != amount:
                raise PaymentMismatch(f"{method} {reference}: {known.amount} for {known.charge_id}")
            return known
        payment = Payment.objects.create(
            charge=charge,
            method=method,
            amount=amount,
            reference=reference,
            valued_on=valued_on or timezone.localdate(),
            recorded_by=recorded_by,
        )
        charge._settle(new=amount)
        self.refresh_from_db()
        return payment

    def _settle(self, *, new: Decimal) -> None:
        """Draw the consequence of `new` euros just recorded; the caller holds the lock."""
        excess = self.amount_received - (ZERO if self.cancelled_at else self.amount)
        if self.is_payable and excess >= ZERO:
            self.paid_at = timezone.now()
            self.save(update_fields=["paid_at"])
            charge_paid.send(sender=Charge, charge=self)
        if excess > ZERO and new > ZERO:
            reason = Refund.Reason.CANCELLED if self.cancelled_at else Refund.Reason.PAID_TWICE
            self.owe_refund(min(excess, new), reason=reason)

    @transaction.atomic
    def owe_refund(self, amount: Decimal, *, reason: str) -> "Refund":
        """Note that we owe `amount` back, and tell the payer. Staff make it and settle it."""
        refund = Refund.objects.create(charge=self, amount=amount, reason=reason)
        emails.refund_due(refund)
        return refund

    @transaction.atomic
    def cancel(self) -> None:
        """Nothing more is owed; whatever was paid and not yet promised back is to be refunded."""
        charge = Charge.objects.select_for_update().get(pk=self.pk)
        if charge.cancelled_at:
            return
        charge.cancelled_at = self.cancelled_at = timezone.now()
        charge.save(update_fields=["cancelled_at"])
        promised = charge.refunds.filter(payment=None).aggregate(total=Coalesce(Sum("amount"), ZERO))["total"]
        if charge.amount_received > promised:
            charge.owe_refund(charge.amount_received - promised, reason=Refund.Reason.CANCELLED)

    def erase_payer(self) -> None:
        """Forget who owed a cancelled charge that no money ever came in for."""
        Charge.objects.filter(pk=self.pk, cancelled_at__isnull=False).erase_payers()
        self.refresh_from_db()


class ChargeLine(FrozenRow):
    class Nature(models.TextChoices):
        DUES = "dues", _("cotisation")
        GIFT = "gift", _("don")
        EVENT = "event", _("événement")
        TRAINING = "training", _("formation")

    charge = models.ForeignKey(Charge, models.PROTECT, related_name="lines")
    nature = models.CharField(_("nature"), max_length=10, choices=Nature)
    label = models.CharField(_("libellé"), max_length=250)
    amount = models.DecimalField(_("montant"), max_digits=10, decimal_places=2)

    class Meta:
        verbose_name = _("ligne")
        verbose_name_plural = _("lignes")
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="charge_line_amount_not_negative")
        ]

    def __str__(self) -> str:
        return self.label


class Payment(FrozenRow):
    """Money that came in or, when negative, went back."""

    class Method(models.TextChoices):
        SANDBOX = "sandbox", _("bac à sable")
        TRANSFER = "transfer", _("virement")
        CHEQUE = "cheque", _("chèque")
        CASH = "cash", _("espèces")

    charge = models.ForeignKey(Charge, models.PROTECT, related_name="payments", verbose_name=_("somme due"))
    method = models.CharField(_("moyen"), max_length=10, choices=Method)
    amount = models.DecimalField(_("montant"), max_digits=10, decimal_places=2)
    reference = models.CharField(
        _("référence"),
        max_length=100,
        help_text=_("Numéro du chèque ou libellé du virement ; unique par moyen."),
    )
    valued_on = models.DateField(
        _("date de valeur"), help_text=_("Jour du crédit, ou de la remise du chèque.")
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
        ]

    def __str__(self) -> str:
        return f"{self.get_method_display()} {self.reference}"


class RefundQuerySet(models.QuerySet["Refund"]):
    def to_make(self) -> "RefundQuerySet":
        return self.filter(payment=None)


class Refund(models.Model):
    """What we owe back. `payment` is the counter-entry that settles it."""

    class Reason(models.TextChoices):
        CANCELLED = "cancelled", _("annulation")
        PAID_TWICE = "paid_twice", _("payé deux fois")
        NO_PLACE = "no_place", _("payé trop tard, plus de place")
        PLAN_CHANGE = "plan_change", _("changement de formule")

    charge = models.ForeignKey(Charge, models.PROTECT, related_name="refunds", verbose_name=_("somme due"))
    amount = models.DecimalField(
        _("montant"), max_digits=10, decimal_places=2, validators=[MinValueValidator(Decimal("0.01"))]
    )
    reason = models.CharField(_("raison"), max_length=12, choices=Reason)
    created_at = models.DateTimeField(_("créé le"), default=timezone.now, editable=False)
    payment = models.OneToOneField(
        Payment, models.PROTECT, null=True, blank=True, editable=False, related_name="refund"
    )

    objects: ClassVar = RefundQuerySet.as_manager()

    class Meta:
        verbose_name = _("remboursement")
        verbose_name_plural = _("remboursements")
        ordering = ["-pk"]
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="refund_amount_positive")]

    def __str__(self) -> str:
        return f"{self.charge} – {self.get_reason_display()}"

    @transaction.atomic
    def settle(self, *, method: str, reference: str, recorded_by: "User") -> Payment:
        """Record that the money went back. A second call returns the first counter-entry."""
        # No join here: it would be read before the lock.
        refund = Refund.objects.select_for_update().get(pk=self.pk)
        if refund.payment is not None:
            return refund.payment
        refund.payment = refund.charge.record_payment(
            method=method, amount=-refund.amount, reference=reference, recorded_by=recorded_by
        )
        refund.save(update_fields=["payment"])
        return refund.payment
