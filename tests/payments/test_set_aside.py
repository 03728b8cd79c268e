"""What a line of the bank is when it pays no charge: money that moves, fees, or nothing of these books."""

from decimal import Decimal

import pytest

from payments import books
from payments.models import StatementLine
from tests.factories import create_charge, create_line, create_staff
from tests.payments.test_reconciling import accounts, left

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff():
    return create_staff()


def test_what_a_provider_passes_on_moves_between_two_accounts_of_ours(staff):
    create_line(900).set_aside("helloasso", by=staff)
    create_line(120).set_aside("cash", by=staff)
    create_line(-5).set_aside("stripe", by=staff)

    assert accounts() == [("BQ", "512", "580", 900), ("BQ", "512", "530", 120), ("BQ", "580", "512", 5)]


def test_fees_of_the_bank_are_an_expense_in_the_books(staff):
    line = create_line(-12)

    aside = line.set_aside("fees", by=staff)

    assert accounts() == [("BQ", "627", "512", 12)]
    aside.undo(by=staff)
    assert books.balances(line.booked_on, line.booked_on) == {"512": (12, 12), "627": (12, 12)}


@pytest.mark.parametrize(
    ("amount", "whole"), [(95, ("BQ", "512", "580", 100)), (-20, ("BQ", "580", "512", 15))]
)
def test_a_payout_is_what_was_paid_less_what_the_provider_kept(staff, amount, whole):
    line = create_line(amount)

    line.set_aside("stripe", fees=Decimal(5), by=staff)

    assert accounts() == [("BQ", "627", "512", 5), whole]
    assert left(line) == 0


def test_a_debit_of_a_provider_that_is_all_fees_is_only_that(staff):
    line = create_line(-15)

    line.set_aside("stripe", fees=Decimal(15), by=staff)

    assert (accounts(), left(line)) == ([("BQ", "627", "512", 15)], 0)


@pytest.mark.parametrize("reason", ["subsidy", "known", "other"])
def test_what_is_no_money_of_a_payer_is_out_of_these_books(staff, reason):
    line = create_line(-12)

    line.set_aside(reason, note="Tenue de compte", by=staff)

    assert accounts() == []
    assert list(StatementLine.objects.set_aside()) == [line]


@pytest.mark.parametrize("reason", ["helloasso", "fees"])
def test_only_what_the_bank_tells_is_in_the_books(staff, reason):
    with pytest.raises(ValueError, match=reason):
        create_line(40, method="helloasso").set_aside(reason, by=staff)


def test_what_is_left_of_a_line_in_part_matched_is_set_aside(staff):
    line, charge = create_line(100), create_charge(40)
    line.pay({charge.pk: Decimal(40)}, by=staff)

    aside = line.set_aside("subsidy", by=staff)

    assert (aside.amount, left(line)) == (60, 0)
