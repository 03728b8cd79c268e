"""Where each payer stands in the books: what they owed, paid, and what we have promised them back. A payer is an address."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Count, Q, Sum

from payments.models import Adjustment, Charge, ChargeLine, ChargeQuerySet, Payment, Refund
from payments.models.lines import ZERO, cents


class Payer(NamedTuple):
    """`balance` is due above zero; below, it is a credit. `promised` is the part of it that is to be given back."""

    email: str
    charges: int
    owed: Decimal
    received: Decimal
    promised: Decimal

    @property
    def balance(self) -> Decimal:
        return self.owed - self.received


class Known(NamedTuple):
    """What the latest charge of an address says of it."""

    name: str
    charge: int


ORDERS: dict[str, Any] = {
    "balance": lambda payer: payer.balance,
    "owed": lambda payer: payer.owed,
    "received": lambda payer: payer.received,
    "promised": lambda payer: payer.promised,
    "email": lambda payer: payer.email,
}
KINDS: dict[str, Any] = {
    "all": lambda payer: True,
    "due": lambda payer: payer.balance > 0,
    "credit": lambda payer: payer.balance < 0 or payer.promised,
}


def payers(*, search: str = "", kind: str = "all", order: str = "-balance") -> list[Payer]:
    """Those with something in the books, in five queries however many they are."""
    found = [payer for payer in _all(search) if KINDS[kind](payer)]
    found.sort(key=lambda payer: payer.email)
    return sorted(found, key=ORDERS[order.removeprefix("-")], reverse=order.startswith("-"))


def of(charges: ChargeQuerySet) -> Payer:
    """What these charges add up to, whoever was asked for them. One query."""
    rows: Any = charges.exclude(booked_on=None).with_amounts().order_by()
    sums = rows.aggregate(Count("pk"), Sum("owed"), Sum("received"), Sum("promised"))
    amounts = [sums[f"{name}__sum"] or ZERO for name in ("owed", "received", "promised")]
    return Payer("", sums["pk__count"], *amounts)


def _all(search: str) -> list[Payer]:
    booked: dict[str, Any] = {"charge__booked_on__isnull": False}
    charges: Any = Charge.objects.exclude(booked_on=None)
    if search:
        said = Q(email__icontains=search) | Q(name__icontains=search)
        charges = charges.filter(said)
        booked["charge__email__in"] = charges.order_by().values("email")
        charges = Charge.objects.exclude(booked_on=None).filter(email__in=booked["charge__email__in"])
    counts = dict(charges.order_by().values_list("email").annotate(Count("pk")))
    asked, gone, received = (
        _sums(model.objects.filter(**booked)) for model in (ChargeLine, Adjustment, Payment)
    )
    promised = _sums(Refund.objects.to_make().filter(**booked))
    return [
        Payer(email, count, asked[email] - gone[email], received[email], promised[email])
        for email, count in counts.items()
    ]


def _sums(rows: Any) -> defaultdict[str, Decimal]:
    sums = rows.order_by().values_list("charge__email").annotate(total=cents(Sum("amount")))
    return defaultdict(lambda: ZERO, sums)


def known(emails: Iterable[str]) -> dict[str, Known]:
    """Who these addresses are, in one query."""
    charges = Charge.objects.exclude(booked_on=None).filter(email__in=list(emails)).order_by("pk")
    return {email: Known(name, pk) for email, name, pk in charges.values_list("email", "name", "pk")}
