"""What reached us without a charge to go to."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from iamm import tasks as retention
from payments.models import Statement, StatementLine
from payments.tasks import forget_abandoned_files
from tests.factories import create_charge

pytestmark = pytest.mark.django_db


def arrived(reference="P-1", **facts):
    defaults = {"method": "helloasso", "amount": Decimal(40), "on": date(2026, 1, 15), "payer": "Lou Démo"}
    return StatementLine.arrived(reference=reference, **defaults | facts)


def test_a_payment_of_a_provider_without_a_charge_is_shown_once():
    line, again, other = arrived(), arrived(payer="Autre"), arrived("P-2")

    assert again == line != other
    assert (line.payer, line.bank_id, line.booked_on) == ("Lou Démo", "P-1", date(2026, 1, 15))
    assert StatementLine.objects.count() == 2


def test_a_name_that_would_turn_the_page_around_is_written_as_it_is_read():
    line = arrived(payer="Lou\u202e \u2066Démo\x00", label="Don\x1b\n  libre")

    assert (line.payer, line.label) == ("Lou Démo", "Don libre")


def test_what_has_found_its_charge_waits_for_nobody():
    create_charge().record_payment(method="helloasso", amount=Decimal(40), reference="P-1")

    assert arrived() is None
    assert not StatementLine.objects.exists()


def test_a_line_is_never_edited_or_deleted():
    line = arrived()
    line.amount = Decimal(50)

    for act in (line.save, line.delete):
        with pytest.raises(TypeError):
            act()


def test_who_paid_is_forgotten_after_ten_years_and_the_amount_stays(time_machine_travel):
    line = arrived(on=timezone.localdate(), label="Adhésion", email="lou@example.org")

    with time_machine_travel(days=365 * 10):
        assert not retention.apply_retention().get("statements")
    with time_machine_travel(days=366 * 11):
        assert retention.apply_retention()["statements"] == 1
        assert retention.apply_retention().get("statements", 0) == 0

    line.refresh_from_db()
    assert (line.payer, line.label, line.email, line.bank_id, line.amount) == ("", "", "", "", 40)


def test_a_file_that_nobody_imports_is_forgotten_the_next_day():
    now = timezone.now()
    files = [
        Statement.objects.create(filename=f"{hours}.csv", received_at=now - timedelta(hours=hours), **fields)
        for hours, fields in ((23, {}), (25, {}), (26, {"imported_at": now}))
    ]

    forget_abandoned_files()

    assert list(Statement.objects.order_by("pk")) == [files[0], files[2]]
