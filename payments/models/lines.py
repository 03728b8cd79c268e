from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Sum
from django.db.models.functions import Round
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from payments.models.closing import open_day
from payments.models.frozen import FrozenRow

if TYPE_CHECKING:
    from accounts.models import User
    from payments.models.charges import Charge

ZERO = Decimal("0.00")
MONEY: models.DecimalField = models.DecimalField(max_digits=12, decimal_places=2)


class RefundTooLarge(Exception):
    """More than what came in and is not promised back yet, or more than what is owed."""


def total(rows: Iterable[Any]) -> Decimal:
    return sum((row.amount for row in rows), ZERO)


def cents(amount: Any) -> Round:
    """Of a sum in the database: SQLite counts in binary, and leaves dust where there should be nothing."""
    return Round(amount, precision=2, output_field=MONEY)


class Line(NamedTuple):
    """What is asked for. `deductible` is the part that a tax receipt may bear: unsaid, the whole of a gift, and nothing else.

    Without an `account`, that of its nature.
    """

    nature: str
    label: str
    amount: Decimal
    deductible: Decimal | None = None
    account: str = ""


class ChargeLine(FrozenRow):
    """One thing owed. `account` is that of its nature on the day it was written: later settings change no old book."""

    class Nature(models.TextChoices):
        DUES = "dues", _("cotisation")
        GIFT = "gift", _("don")
        EVENT = "event", _("événement")
        TRAINING = "training", _("formation")
        SPONSORSHIP = "sponsorship", _("parrainage")

    charge = models.ForeignKey("payments.Charge", models.PROTECT, related_name="lines")
    nature = models.CharField(_("nature"), max_length=12, choices=Nature)
    label = models.CharField(_("libellé"), max_length=250)
    amount = models.DecimalField(_("montant"), max_digits=10, decimal_places=2)
    deductible = models.DecimalField(_("part déductible"), max_digits=10, decimal_places=2, default=ZERO)
    account = models.CharField(_("compte"), max_length=12)

    class Meta:
        verbose_name = _("ligne")
        verbose_name_plural = _("lignes")
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="charge_line_amount_not_negative"),
            models.CheckConstraint(
                condition=Q(deductible__gte=0, deductible__lte=F("amount")),
                name="charge_line_deductible_within",
            ),
            models.CheckConstraint(condition=~Q(account=""), name="charge_line_has_account"),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def left(self) -> Decimal:
        """What is still asked for of it, paid or not."""
        return self.amount - total(self.adjustments.all())

    @classmethod
    def of(cls, charge: "Charge", line: Line) -> "ChargeLine":
        """The row, not yet written, of what is asked for."""
        if line.deductible is None:
            line = line._replace(deductible=line.amount if line.nature == cls.Nature.GIFT else ZERO)
        line = line._replace(account=line.account or settings.BOOKS["natures"][line.nature])
        return cls(charge=charge, **line._asdict())


class Adjustment(FrozenRow):
    """What is no longer owed of a line that is in the books; negative when it is owed again."""

    class Kind(models.TextChoices):
        CANCELLED = "cancelled", _("annulation")
        REDUCED = "reduced", _("réduction")
        WRITTEN_OFF = "written_off", _("perte")

    charge = models.ForeignKey("payments.Charge", models.PROTECT, related_name="adjustments")
    line = models.ForeignKey(ChargeLine, models.PROTECT, related_name="adjustments", verbose_name=_("ligne"))
    kind = models.CharField(_("nature"), max_length=12, choices=Kind)
    amount = models.DecimalField(_("montant"), max_digits=10, decimal_places=2)
    reason = models.CharField(_("raison"), max_length=200, blank=True)
    account = models.CharField(_("compte"), max_length=12)
    booked_on = models.DateField(_("écrit le"))
    made_at = models.DateTimeField(_("fait le"), default=timezone.now, editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("fait par"),
    )

    class Meta:
        verbose_name = _("correction")
        verbose_name_plural = _("corrections")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="adjustment_amount_not_zero"),
            models.CheckConstraint(condition=~Q(account=""), name="adjustment_has_account"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} – {self.line}"

    @classmethod
    def recover(
        cls, charge: "Charge", amount: Decimal, *, reason: str = "", by: "User | None" = None
    ) -> None:
        """Count a loss no longer, up to `amount` that came after all. The caller holds the charge."""
        lost = cls.objects.filter(charge=charge, kind=cls.Kind.WRITTEN_OFF)
        for row in lost.values("line", "account").annotate(left=cents(Sum("amount"))).order_by("line"):
            part = min(row["left"], amount)
            if part > ZERO:
                counter = {"amount": -part, "account": row["account"], "line_id": row["line"]}
                written = {"booked_on": open_day(timezone.localdate()), "reason": reason, "made_by": by}
                cls.objects.create(charge=charge, kind=cls.Kind.WRITTEN_OFF, **counter, **written)
                amount -= part

    @classmethod
    def spread(
        cls,
        charge: "Charge",
        amount: Decimal,
        *,
        kind: str,
        reason: str,
        line: ChargeLine | None = None,
        by: "User | None" = None,
    ) -> None:
        """Ask for `amount` less, of `line` or of all, a gift last: it was given. The caller holds the charge.

        What was invoiced is credited soon, and what a receipt bore is cancelled. Raises RefundTooLarge, except for a loss: that may be above what the lines asked.
        """
        booked_on, rest, is_loss = open_day(timezone.localdate()), amount, kind == cls.Kind.WRITTEN_OFF
        lines = (
            [line] if line else sorted(charge.lines.all(), key=lambda one: (one.nature == "gift", -one.pk))
        )
        for one in lines:
            part = min(rest, one.left)
            if is_loss and one == lines[-1]:  # money given back for nothing: more than the lines ever asked
                part = rest
            if part > ZERO:
                cls.objects.create(
                    charge=charge,
                    line=one,
                    kind=kind,
                    amount=part,
                    reason=reason,
                    account=settings.BOOKS["loss"] if is_loss else one.account,
                    booked_on=booked_on,
                    made_by=by,
                )
                rest -= part
        if rest > ZERO:
            raise RefundTooLarge
        if not is_loss:
            from payments import invoicing, receipts  # noqa: PLC0415 - they read our models

            invoicing.credit_soon(charge)
            receipts.follow(charge)
