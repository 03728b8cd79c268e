"""What holds of the books whatever has happened."""

from collections import Counter

from payments import books
from payments.models import Charge


def assert_books_balance():
    """Each entry is above zero, all add up to nothing, and 411 is what payers owe. No advance is left open."""
    held = Counter()
    for entry in books.entries():
        assert entry.amount > 0
        held[entry.debit] += entry.amount
        held[entry.credit] -= entry.amount
    assert sum(held.values()) == 0
    assert held["411"] == sum(
        charge.amount_owed - charge.amount_received
        for charge in Charge.objects.exclude(booked_on=None).with_rows()
    )
    assert held["4191"] == 0
