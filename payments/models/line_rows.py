"""Lines of the bank and of providers as rows: what is left of each, what waits, what is forgotten of whom they name."""

import hashlib
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from payments.models.asides import Aside
from payments.models.lines import MONEY, ZERO, cents
from payments.models.payments import Payment

if TYPE_CHECKING:
    from payments.models.statement_lines import StatementLine

NOBODY = dict.fromkeys(
    ["label", "payer", "email", "iban", "bank_id", "end_to_end", "reference", "provider_receipt"], ""
)

UNDECIDED = Q(twin__isnull=False, told_apart_at=None)


def fingerprint(*facts: object) -> str:
    """What a line is recognised by when it is read again."""
    return hashlib.sha256("|".join(str(fact) for fact in facts).encode()).hexdigest()


class StatementLineQuerySet(models.QuerySet["StatementLine"]):
    def with_left(self) -> Any:
        """Annotate what was set aside of each, and what is left to deal with."""

        def of(model: type[models.Model]) -> Coalesce:
            rows = model._default_manager.filter(line=OuterRef("pk")).order_by().values("line")
            found = rows.annotate(total=cents(Sum("amount"))).values("total")
            return Coalesce(Subquery(found), Value(ZERO), output_field=MONEY)

        return self.annotate(aside=of(Aside), paid=of(Payment)).annotate(
            left=cents(F("amount") - F("aside") - F("paid"))
        )

    def with_rows(self) -> "StatementLineQuerySet":
        return self.prefetch_related("payments", "asides")

    def to_match(self) -> "StatementLineQuerySet":
        return self.with_left().exclude(left=0).exclude(UNDECIDED)

    def doubtful(self) -> "StatementLineQuerySet":
        return self.with_left().exclude(left=0).filter(UNDECIDED)

    def matched(self) -> "StatementLineQuerySet":
        return self.with_left().filter(left=0, aside=0)

    def set_aside(self) -> "StatementLineQuerySet":
        return self.with_left().filter(left=0).exclude(aside=0)

    def told_by(self, provider: str, reference: str) -> "StatementLine | None":
        """The line of this payment, or of this give-back, of a provider."""
        return self.filter(fingerprint=fingerprint(provider, reference)).first()

    def named(self) -> "StatementLineQuerySet":
        """That still say who paid."""
        return self.exclude(**NOBODY)

    def forget(self) -> int:
        """Take the people out of lines whose ten years are over. What is recognised, and the money, stay."""
        pks = list(self.values_list("pk", flat=True))
        Aside.objects.filter(line__in=pks).update(note="")
        return self.model.objects.filter(pk__in=pks).update(**NOBODY)
