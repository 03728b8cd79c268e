from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models, transaction
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, Sum, Value, When
from django.db.models.functions import Cast, Coalesce, Concat, TruncDate
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from mailing.outbox import current_language
from payments.models.lines import MONEY, ZERO, Adjustment, ChargeLine, cents, total
from payments.models.payments import Payment, Refund

if TYPE_CHECKING:
    from accounts.models import User
    from payments.models.charges import Charge  # noqa: F401 - for mypy, of the querysets below

LATE = timedelta(days=15)


def _sum(found: "models.QuerySet[Any]", of: Any = "amount") -> Coalesce:
    """Of these rows of each charge."""
    rows = found.filter(charge=OuterRef("pk")).order_by().values("charge")
    summed = rows.annotate(summed=cents(Sum(of))).values("summed")
    return Coalesce(Subquery(summed), Value(ZERO), output_field=MONEY)


class ChargeQuerySet(models.QuerySet["Charge"]):
    def with_amounts(self) -> "ChargeQuerySet":
        """Annotate what is owed and what came in, by subqueries so that neither multiplies the other."""
        nothing = Q(cancelled_at__isnull=False, booked_on=None)
        return self.annotate(
            asked=_sum(ChargeLine.objects.all()),
            adjusted=_sum(Adjustment.objects.all()),
            received=_sum(Payment.objects.all()),
            promised=_sum(Refund.objects.to_make()),
        ).annotate(
            owed=Case(When(nothing, then=Value(ZERO)), default=cents(F("asked") - F("adjusted"))),
            missing=cents(F("owed") - F("received") + F("promised")),
        )

    def with_rows(self) -> "ChargeQuerySet":
        """With all that its amounts are counted from, in as many queries for one as for a hundred."""
        return self.prefetch_related("lines", "adjustments", "payments", "refunds")

    def unpaid(self) -> "ChargeQuerySet":
        """What we still claim: what has lapsed is taken if it comes, and asked of nobody."""
        lapsed = Q(payable_until__lt=timezone.now())
        return self.filter(paid_at=None, cancelled_at=None).exclude(lapsed)

    def claimed(self) -> "ChargeQuerySet":
        """In the books, or on credit: a basket is claimed of nobody. The same rule as `is_claimed`."""
        return self.exclude(booked_on=None, due_on=None)

    def written_off(self) -> "ChargeQuerySet":
        """The same rule as `Charge.is_written_off`."""
        mine = Adjustment.objects.filter(charge=OuterRef("pk"))
        lost, cancelled = (
            Exists(mine.filter(kind=kind))
            for kind in (Adjustment.Kind.WRITTEN_OFF, Adjustment.Kind.CANCELLED)
        )
        return self.exclude(cancelled_at=None).filter(lost, ~cancelled)

    def with_due_day(self) -> "ChargeQuerySet":
        """Annotate the day from which each is late: `Charge.due_day`."""
        return self.annotate(due_since=Coalesce("due_on", "booked_on", TruncDate("created_at")))

    def late(self) -> "ChargeQuerySet":
        """Unpaid for so long that somebody should ask."""
        unpaid: Any = self.unpaid().with_due_day()
        late: ChargeQuerySet = unpaid.filter(due_since__lt=timezone.localdate() - LATE)
        return late

    def stranded(self) -> "ChargeQuerySet":
        """Paid in part, and no longer claimed: the time to pay has run out. Staff give it back, or take the rest."""
        begun = Payment.objects.filter(charge=OuterRef("pk")).order_by().values("charge")
        received = begun.annotate(total=cents(Sum("amount"))).values("total")
        lapsed = self.filter(paid_at=None, cancelled_at=None, payable_until__lt=timezone.now())
        return lapsed.annotate(in_hand=Subquery(received)).filter(in_hand__gt=0)

    def contested(self) -> "ChargeQuerySet":
        """Money had come and was taken back, by the payer's bank or at the provider, and is still missing."""
        rows: Any = self.exclude(contested_at=None).with_amounts()
        missing: ChargeQuerySet = rows.filter(missing__gt=0)
        return missing

    def unclear(self) -> "ChargeQuerySet":
        """For which a provider holds a payment in another currency, or of another amount, than we asked for."""
        from payments.models.checkouts import Checkout  # noqa: PLC0415 - it reads the charge, which reads us

        return self.filter(pk__in=Checkout.objects.unclear().values("charge"))

    def to_credit(self) -> "ChargeQuerySet":
        """Invoiced, and asked less for since than the invoices and their credit notes say. A gift is in neither, a loss stays invoiced."""
        from payments.models.papers import Document  # noqa: PLC0415 - it reads the charge, which reads us

        corrected = Adjustment.objects.exclude(kind=Adjustment.Kind.WRITTEN_OFF)
        invoiced = Case(When(kind=Document.Kind.INVOICE, then=F("total")), default=-F("total"))
        rows = self.filter(Exists(corrected.filter(charge=OuterRef("pk"))))
        return rows.annotate(
            invoiced=_sum(Document.objects.accounting(), invoiced),
            sold=_sum(ChargeLine.objects.exclude(nature=ChargeLine.Nature.GIFT)),
            corrected=_sum(corrected.exclude(line__nature=ChargeLine.Nature.GIFT)),
        ).filter(invoiced__gt=cents(F("sold") - F("corrected")))

    def visible_to(self, user: "User") -> "ChargeQuerySet":
        return self.filter(Q(user=user) | Q(email__in=user.verified_emails))

    def unbooked(self) -> "ChargeQuerySet":
        """No money ever came in for them and no invoice was issued: they are no accounting document."""
        return self.filter(booked_on=None)

    @transaction.atomic
    def erase_payers(self) -> int:
        """Forget who owed those that are in no book, and ask nothing more. Payments wait for it, or come before."""
        held = [charge.pk for charge in self.order_by("pk").select_for_update(of=("self",))]
        pks = list(self.model.objects.filter(pk__in=held).unbooked().values_list("pk", flat=True))
        self.model.objects.filter(pk__in=pks, cancelled_at=None).update(cancelled_at=timezone.now())
        return self.model.objects.filter(pk__in=pks).forget_payers()

    def forget_payers(self) -> int:
        """Take the people out of accounting documents whose ten years are over."""
        from payments.models.billing import Billing  # noqa: PLC0415 - it reads the charge, which reads us
        from payments.models.papers import Document  # noqa: PLC0415 - the same

        pks = list(self.values_list("pk", flat=True))
        Billing.objects.filter(charge__in=pks).delete()
        Document.objects.filter(charge__in=pks).forget()
        for nature in ChargeLine.Nature:  # a label may name who comes
            ChargeLine.objects.filter(charge__in=pks, nature=nature).update(label=str(nature.label))
        unnamed = Concat(Value("efface-"), Cast("pk", models.CharField()))
        Payment.objects.filter(charge__in=pks).update(reference=unnamed)
        Adjustment.objects.filter(charge__in=pks).update(reason="")  # as staff wrote it, with a name perhaps
        nobody = {"name": "", "email": "", "user": None, "cancel_reason": ""}
        return self.model.objects.filter(pk__in=pks).update(**nobody)


class Owed(models.Model):
    """What is known of a charge; `Charge` adds what happens to it."""

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
    due_on = models.DateField(_("échéance"), null=True, blank=True, editable=False)
    supplied_on = models.DateField(_("date de la prestation"), null=True, blank=True, editable=False)
    booked_on = models.DateField(_("écrit le"), null=True, blank=True, editable=False)
    reminded_on = models.DateField(_("dernière relance"), null=True, blank=True, editable=False)
    paid_at = models.DateTimeField(_("réglé le"), null=True, blank=True, editable=False)
    contested_at = models.DateTimeField(_("contesté le"), null=True, blank=True, editable=False)
    cancelled_at = models.DateTimeField(_("annulé le"), null=True, blank=True, editable=False)
    cancel_reason = models.CharField(_("raison de l’annulation"), max_length=200, blank=True, editable=False)

    objects: ClassVar = ChargeQuerySet.as_manager()
    lines: Any  # the rows of these four point at the charge
    adjustments: Any
    payments: Any
    refunds: Any

    class Meta:
        abstract = True

    @property
    def due_day(self) -> date:
        """The day that was agreed, or else that on which it entered the books, or on which it was asked for."""
        return self.due_on or self.booked_on or timezone.localdate(self.created_at)

    @property
    def claimed_on(self) -> date:
        return self.booked_on or timezone.localdate(self.created_at)

    @property
    def number(self) -> str:
        return f"S-{self.pk:06d}"

    @property
    def has_lapsed(self) -> bool:
        return self.is_payable and self.payable_until is not None and self.payable_until < timezone.now()

    @property
    def is_payable(self) -> bool:
        return self.paid_at is None and self.cancelled_at is None

    @property
    def is_claimed(self) -> bool:
        """In the books, or on credit: a basket is claimed of nobody."""
        return self.booked_on is not None or self.due_on is not None

    @property
    def is_written_off(self) -> bool:
        """Given up, and not cancelled: what comes after all is taken."""
        kinds = {row.kind for row in self.adjustments.all()} if self.cancelled_at else set()
        return Adjustment.Kind.WRITTEN_OFF in kinds and Adjustment.Kind.CANCELLED not in kinds

    @property
    def is_contested(self) -> bool:
        """Taken back by the payer's bank, and asked for again."""
        return self.is_payable and self.contested_at is not None

    @property
    def awaits_decision(self) -> bool:
        """Taken back, and not asked for since: staff decide whether it still is due, and say so by a reminder."""
        if not self.is_contested or self.contested_at is None:
            return False
        return self.reminded_on is None or self.reminded_on < timezone.localdate(self.contested_at)

    @property
    def amount(self) -> Decimal:
        """What was asked for at first."""
        return total(self.lines.all())

    @property
    def amount_owed(self) -> Decimal:
        """What is asked for once corrected: paid or not, it is what the payer gets for their money."""
        if self.cancelled_at and not self.booked_on:
            return ZERO
        return self.amount - total(self.adjustments.all())

    @property
    def amount_received(self) -> Decimal:
        return total(self.payments.all())

    @property
    def amount_kept(self) -> Decimal:
        """What came in and is not to be given back."""
        return self.amount_received - self.amount_promised

    @property
    def amount_missing(self) -> Decimal:
        """What the books still wait for. Of a cancelled charge: what was given back, and taken back by the bank too."""
        return max(self.amount_owed - self.amount_kept, ZERO)

    @property
    def amount_due(self) -> Decimal:
        return ZERO if self.cancelled_at else self.amount_missing

    @property
    def amount_promised(self) -> Decimal:
        """What we owe back and have not given back yet: the credit of the payer."""
        return total(refund for refund in self.refunds.all() if refund.is_to_make)

    @property
    def amount_awaited(self) -> Decimal:
        """What is not too much if it comes: what is due, or what was given up."""
        return self.amount_lost if self.is_written_off else self.amount_due

    @property
    def amount_lost(self) -> Decimal:
        """What was given up, and has not come since."""
        return total(row for row in self.adjustments.all() if row.kind == Adjustment.Kind.WRITTEN_OFF)
