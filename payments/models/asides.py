"""What is said of a line of the bank that pays no charge, and who is known to pay for whom."""

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from payments.models.closing import open_day
from payments.models.frozen import FrozenRow
from payments.models.payments import NotUndoable
from payments.statements.names import tokens

if TYPE_CHECKING:
    from accounts.models import User
    from payments.models.statement_lines import StatementLine

ALIAS_KEPT = timedelta(days=3 * 365)


class Aside(FrozenRow):
    """What a line, or what was left of it, is instead of a payment. Undone by another one that counters it.

    With an `account` it is in the books, from `account` to `bank`: money that moves between two accounts of ours, or fees.
    """

    class Reason(models.TextChoices):
        HELLOASSO = "helloasso", _("reversement de HelloAsso")
        STRIPE = "stripe", _("reversement de Stripe")
        CASH = "cash", _("dépôt d’espèces")
        KNOWN = "known", _("déjà enregistré")
        GIVEN_BACK = "given_back", _("venu, puis rendu")
        FEES = "fees", _("frais bancaires")
        SUBSIDY = "subsidy", _("subvention")
        DOUBLE = "double", _("la même opération qu’une autre ligne")
        OTHER = "other", _("autre")

    MOVES: ClassVar = [
        Reason.HELLOASSO,
        Reason.STRIPE,
        Reason.CASH,
    ]  # money that the books already hold elsewhere
    PAYOUTS: ClassVar = [Reason.HELLOASSO, Reason.STRIPE]
    BOOKED: ClassVar = [*MOVES, Reason.FEES]

    line = models.ForeignKey(
        "payments.StatementLine", models.PROTECT, related_name="asides", verbose_name=_("ligne")
    )
    reason = models.CharField(_("raison"), max_length=10, choices=Reason)
    note = models.CharField(_("précision"), max_length=200, blank=True)
    amount = models.DecimalField(_("montant"), max_digits=12, decimal_places=2)
    account = models.CharField(_("compte"), max_length=12, blank=True)
    bank = models.CharField(_("compte de banque"), max_length=12, blank=True)
    booked_on = models.DateField(_("écrit le"))
    counters = models.OneToOneField(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="countered_by",
        verbose_name=_("contrepasse"),
    )
    made_at = models.DateTimeField(_("fait le"), default=timezone.now, editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("fait par")
    )

    objects: ClassVar = models.Manager()

    class Meta:
        verbose_name = _("mise de côté")
        verbose_name_plural = _("mises de côté")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="aside_amount_not_zero"),
            models.CheckConstraint(
                condition=Q(account="", bank="") | (~Q(account="") & ~Q(bank="")),
                name="aside_has_both_accounts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_reason_display()} – {self.line}"

    @classmethod
    def reasons_for(cls, line: "StatementLine") -> list[str]:
        """Only what the bank tells is in the books."""
        return [one for one in cls.Reason.values if line.is_of_the_bank or one not in cls.BOOKED]

    @classmethod
    def of(cls, line: "StatementLine", amount: Decimal, *, reason: str, note: str, by: "User") -> "Aside":
        """The caller holds the line."""
        accounts = {}
        if reason not in cls.reasons_for(line):
            raise ValueError(reason)
        if reason in cls.BOOKED:
            account = (
                settings.BOOKS["fees"] if reason == cls.Reason.FEES else settings.BOOKS["methods"][reason]
            )
            accounts = {"account": account, "bank": settings.BOOKS["bank"]}
        return cls._write(line, amount, reason=reason, note=note, day=line.booked_on, made_by=by, **accounts)

    @transaction.atomic
    def undo(self, *, by: "User") -> "Aside":
        """Counter it: its line waits again. Raises NotUndoable."""
        line = self.line.locked()
        if self.counters_id or type(self).objects.filter(counters=self).exists():
            raise NotUndoable
        accounts = {"account": self.account, "bank": self.bank}
        day = timezone.localdate()
        return self._write(
            line, -self.amount, reason=self.reason, note="", day=day, made_by=by, counters=self, **accounts
        )

    @classmethod
    def _write(cls, line: "StatementLine", amount: Decimal, *, day: date, **fields: Any) -> "Aside":
        return cls.objects.create(line=line, amount=amount, booked_on=open_day(day), **fields)


class PayerAliasQuerySet(models.QuerySet["PayerAlias"]):
    def of_lines(self, lines: "list[StatementLine]") -> "PayerAliasQuerySet":
        """All that is known of who these lines come from. One query."""
        return self.filter(key__in={key for line in lines for key in alias_keys(line)})

    def learn(self, line: "StatementLine", email: str) -> None:
        """Somebody said that this counterparty paid for `email`."""
        for key in alias_keys(line):
            alias, _is_new = self.get_or_create(key=key, email=email, defaults={"name": line.payer})
            self.filter(pk=alias.pk).update(times=F("times") + 1, used_on=timezone.localdate())

    def unlearn(self, line: "StatementLine", email: str) -> None:
        """They were wrong."""
        known = self.filter(key__in=alias_keys(line), email=email)
        known.update(times=F("times") - 1)
        known.filter(times__lte=0).delete()


class PayerAlias(models.Model):
    """That a counterparty has paid for somebody: a company by its trade name, a spouse, an old account."""

    key = models.CharField(max_length=64, editable=False)
    name = models.CharField(_("contrepartie"), max_length=200, blank=True)
    email = models.EmailField(_("a payé pour"))
    times = models.PositiveIntegerField(_("fois"), default=0)
    used_on = models.DateField(_("vu le"), default=timezone.localdate)

    objects: ClassVar = PayerAliasQuerySet.as_manager()

    class Meta:
        verbose_name = _("payeur reconnu")
        verbose_name_plural = _("payeurs reconnus")
        ordering = ["name", "email"]
        constraints = [models.UniqueConstraint(fields=["key", "email"], name="payer_alias_once")]

    def __str__(self) -> str:
        return f"{self.name} → {self.email}"


def alias_keys(line: "StatementLine") -> list[str]:
    """What its counterparty is recognised by: the account, and the words of the name. Hashed: neither can be read back."""
    words = " ".join(sorted(tokens(line.payer or line.label)))
    facts = [f"iban:{line.iban}" if line.iban else "", f"name:{words}" if words else ""]
    return [
        salted_hmac("payments.payer_alias", fact, algorithm="sha256").hexdigest() for fact in facts if fact
    ]
