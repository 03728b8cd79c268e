"""What reached the association without a charge to go to: lines of the bank's statements, payments of a provider.

Whoever acts on a line holds the charges first, in the order of their keys, then the line.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from payments.models.asides import Aside, PayerAlias
from payments.models.charges import Charge
from payments.models.frozen import FrozenRow
from payments.models.line_rows import StatementLineQuerySet, fingerprint
from payments.models.lines import ZERO, total
from payments.models.payments import NothingLeft, Payment, Refund
from payments.models.statements import Statement
from payments.statements.lines import words

if TYPE_CHECKING:
    from accounts.models import User


class LineSpent(Exception):
    """More than what is left of the line: somebody has dealt with it, or it was less."""


class MoreThanDue(Exception):
    """More than what one of the charges still asks for, or has lost: somebody says first that it is meant."""


class LineDoubtful(Exception):
    """It may repeat another line: a person says first whether it does."""


class StatementLine(FrozenRow):
    """Money that came in, or left when negative, as the bank or a provider tells it. Frozen: what is done of it is written elsewhere.

    Without `statement`, it is a provider's payment that found no charge, or what was given back of one: that one is what it
    `counters`. `twin` is another line that it may repeat: a person decides.
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
    account = models.CharField(_("compte"), max_length=64, blank=True)
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
    provider_receipt = models.URLField(
        _("reçu fiscal du prestataire"), max_length=400, blank=True, editable=False
    )
    twin = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="doubles",
        verbose_name=_("double possible de"),
    )
    counters = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="countered_by",
        verbose_name=_("rend"),
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
        verbose_name_plural = _("lignes à rapprocher")
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

    @property
    def remainder(self) -> Decimal:
        """What nobody has dealt with yet, with the sign of the line."""
        return self.amount - total(self.payments.all()) - total(self.asides.all())

    @property
    def is_doubtful(self) -> bool:
        return self.twin_id is not None and self.told_apart_at is None

    @property
    def is_of_the_bank(self) -> bool:
        return self.method == Payment.Method.TRANSFER

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
        provider_receipt: str = "",
        counters: "StatementLine | None" = None,
    ) -> "StatementLine | None":
        """Show to staff a provider's payment that found no charge, or what left again of one. The same (method, reference)
        again changes nothing.

        None when it is recorded already: it has found its charge since.
        """
        if Payment.objects.filter(method=method, reference=reference).exists():
            return None
        facts = {
            "method": method,
            "booked_on": on,
            "valued_on": on,
            "amount": amount,
            "payer": words(payer, 200),
            "email": email.lower(),
            "label": words(label),
            "bank_id": reference,
            "provider_receipt": provider_receipt,
            "counters": counters,
        }
        line, _is_new = cls.objects.get_or_create(fingerprint=fingerprint(method, reference), defaults=facts)
        return line

    def locked(self) -> "StatementLine":
        """This line read again, held until the end of the transaction. No join: it would be read before the lock."""
        line: StatementLine = StatementLine.objects.select_for_update().get(pk=self.pk)
        return line

    @classmethod
    @transaction.atomic
    def note_receipt(cls, *, method: str, reference: str, url: str) -> None:
        """The provider has issued its own for this payment: on the line, and on all that it has paid since or before."""
        cls.objects.filter(method=method, bank_id=reference, provider_receipt="").update(provider_receipt=url)
        is_it = Q(reference=reference) | Q(line__bank_id=reference)
        paid = Payment.objects.filter(is_it, method=method, kind=Payment.Kind.RECEIVED, provider_receipt="")
        for payment in paid.select_related("charge").order_by("charge", "pk"):
            payment.note_receipt(url)

    # What it turns out to be

    @transaction.atomic
    def pay(self, parts: Mapping[int, Decimal], *, by: "User", may_exceed: bool = False) -> list[Payment]:
        """Have it pay these charges, each by its key for so much, and remember who pays for whom.

        What was recorded for that very charge already is no money more: that part is set aside as such. Raises
        MoreThanDue unless it `may_exceed`, LineSpent, LineDoubtful, PaymentMismatch.
        """
        charges = list(Charge.objects.select_for_update().filter(pk__in=parts).order_by("pk"))
        if len(charges) < len(parts):
            raise Charge.DoesNotExist
        line = self._held_for(total_of(parts.values()))
        known = line._known_for(parts)
        asked = [charge for charge in charges if charge.pk not in known]
        if not may_exceed and any(parts[charge.pk] > charge.amount_awaited for charge in asked):
            raise MoreThanDue
        for amount in known.values():
            Aside.of(line, amount, reason=Aside.Reason.KNOWN, note="", by=by)
        payments = [
            charge.record_payment(
                method=line.method,
                amount=parts[charge.pk],
                reference=line._next_reference(),
                valued_on=line.valued_on,
                recorded_by=by,
                provider_receipt=line.provider_receipt,
                line=line,
            )
            for charge in asked
        ]
        for email in sorted(charge.email for charge in asked if charge.email and line.is_of_the_bank):
            PayerAlias.objects.learn(line, email)
        return payments

    @transaction.atomic
    def give_back(self, refunds: Iterable[Refund], *, by: "User") -> list[Payment]:
        """It is the money of these refunds, that left. Raises LineSpent, LineDoubtful, NothingLeft, PaymentMismatch."""
        pks = [refund.pk for refund in refunds]
        charges = Refund.objects.filter(pk__in=pks).values("charge")
        list(Charge.objects.select_for_update().filter(pk__in=charges).order_by("pk"))
        found = list(Refund.objects.select_for_update(of=("self",)).filter(pk__in=pks).order_by("pk"))
        line = self._held_for(-total(found))
        if any(not refund.is_to_make for refund in found):
            raise NothingLeft
        return [
            refund.settle(
                method=line.method,
                reference=line._next_reference(),
                valued_on=line.valued_on,
                recorded_by=by,
                line=line,
            )
            for refund in found
        ]

    @transaction.atomic
    def charge_back(self, payment: Payment, *, by: "User") -> Payment:
        """It is that payment, taken back by the payer's bank, or given back by its provider.

        Raises LineSpent, LineDoubtful, PaymentMismatch.
        """
        charge = payment.charge.locked()
        line = self._held_for(-payment.amount)
        if payment.is_countered:
            raise LineSpent
        return charge.take_back(
            payment,
            amount=payment.amount,
            reference=line._next_reference(),
            kind=Payment.Kind.REFUND if line.counters_id else Payment.Kind.CHARGEBACK,
            on=line.booked_on,
            recorded_by=by,
            line=line,
        )

    @transaction.atomic
    def set_aside(self, reason: str, *, by: "User", note: str = "", fees: Decimal = ZERO) -> Aside:
        """What is left of it pays no charge. `fees` are what a provider kept of the payout that it is.

        Raises LineSpent, and LineDoubtful unless it is a double.
        """
        line = self.locked()
        is_double = reason == Aside.Reason.DOUBLE
        if not line.remainder or (is_double and not line.is_doubtful):
            raise LineSpent
        if line.is_doubtful and not is_double:
            raise LineDoubtful
        whole = line.remainder + fees
        kept = Aside.of(line, -fees, reason=Aside.Reason.FEES, note=note, by=by) if fees else None
        return Aside.of(line, whole, reason=reason, note=note, by=by) if whole or not kept else kept

    @transaction.atomic
    def cancel_out(self, *, by: "User") -> list[Aside]:
        """It came and left again: set it aside with what it counters, or what counters it, as far as both go. Raises LineSpent."""
        family = Q(pk=self.pk) | Q(pk=self.counters_id) | Q(counters=self.pk)
        held = {
            line.pk: line for line in StatementLine.objects.select_for_update().filter(family).order_by("pk")
        }
        line, made = held.pop(self.pk), []
        for other in held.values():
            if line.remainder * other.remainder < 0:
                size = min(abs(line.remainder), abs(other.remainder))
                for one, against in ((line, other), (other, line)):
                    amount = size if one.amount > 0 else -size
                    made.append(
                        Aside.of(one, amount, reason=Aside.Reason.GIVEN_BACK, note=against.number, by=by)
                    )
        if not made:
            raise LineSpent
        return made

    @transaction.atomic
    def tell_apart(self, *, by: "User") -> None:
        """It is not the same operation as its twin. A second call changes nothing. Raises LineSpent for one set aside as a double."""
        line = self.locked()
        if line.is_doubtful:
            if not line.remainder:
                raise LineSpent
            decided = {"told_apart_at": timezone.now(), "told_apart_by": by}
            StatementLine.objects.filter(pk=line.pk).update(**decided)
        self.refresh_from_db()

    @transaction.atomic
    def doubt_again(self) -> None:
        """Whoever told it apart was wrong. Raises LineSpent while something is said of it."""
        line = self.locked()
        if not line.told_apart_at or line.remainder != line.amount:
            raise LineSpent
        StatementLine.objects.filter(pk=line.pk).update(told_apart_at=None, told_apart_by=None)
        self.refresh_from_db()

    def forget_payer(self, email: str) -> None:
        """It was not for them that its counterparty paid."""
        if self.is_of_the_bank:
            PayerAlias.objects.unlearn(self, email)

    def _held_for(self, amount: Decimal) -> "StatementLine":
        """This line, held, if so much is left of it."""
        line = self.locked()
        if line.is_doubtful:
            raise LineDoubtful
        if not amount or amount * line.remainder <= 0 or abs(amount) > abs(line.remainder):
            raise LineSpent
        return line

    def _known_for(self, parts: Mapping[int, Decimal]) -> dict[int, Decimal]:
        """Which of them its provider's payment has paid already, since it was shown here. The caller holds the charges."""
        recorded = Payment.objects.filter(
            method=self.method, reference=self.bank_id, line=None, charge__in=parts
        ).exclude(reference="")
        return {one.charge_id: one.amount for one in recorded if one.amount == parts[one.charge_id]}

    def _next_reference(self) -> str:
        """Its own at the provider for the first payment, so that it is known again. The caller holds the line."""
        count = Payment.objects.filter(line=self).count()
        if self.is_of_the_bank or not self.bank_id:
            return f"{self.number}-{count + 1}"
        return f"{self.bank_id}-{count + 1}" if count else self.bank_id


def total_of(amounts: Iterable[Decimal]) -> Decimal:
    """Zero where one of them is not above it: no part of a payment is negative."""
    found = list(amounts)
    return sum(found, ZERO) if all(amount > 0 for amount in found) else ZERO
