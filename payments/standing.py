"""What stands of the money of a charge, once each payment is read with all that counters it."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from payments.models import Charge, Payment


def returned(reference: str) -> str:
    """Under what we write the money that came back after this takeback."""
    return f"{reference}-rendu"


def turn_of(method: str, reference: str) -> str:
    """Under what we write this takeback now: once its money came back, it may be taken again by the same name."""
    while Payment.objects.filter(method=method, reference=returned(reference)).exists():
        reference = f"{reference}-encore"
    return reference


def sources(payments: Iterable[Payment]) -> dict[int, int]:
    """Of each payment of a charge, the one that it counters, or brings again once a dispute is won: all is one money."""
    rows = sorted(payments, key=lambda row: row.pk)
    again = {(row.method, returned(row.reference)): row.pk for row in rows}
    found: dict[int, int] = {}
    for row in rows:
        of = row.counters_id or again.get((row.method, row.reference))
        found[row.pk] = found.get(of, row.pk) if of else row.pk
    return found


def standing(charge: Charge) -> list[Payment]:
    """What came in and has not gone back as a whole, the latest day last: no entry by mistake, nothing that was contested."""
    rows = list(charge.payments.all())
    of, left = sources(rows), defaultdict[int, Decimal](Decimal)
    for row in rows:
        left[of[row.pk]] += row.amount
    came = [row for row in rows if row.kind == Payment.Kind.RECEIVED and left[row.pk] > 0]
    return sorted(came, key=lambda row: (row.valued_on, row.pk))
