"""A sum that staff have given up: what comes after all is taken, and once all of it has come it is paid like any other."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from mailing.models import Email
from payments.models import Charge, Refund
from tests.admin import told
from tests.factories import (
    create_booking,
    create_charge,
    create_event,
    create_membership,
    create_price,
    create_staff,
)
from tests.payments.test_ledger import balances, fresh, heard, pay  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client):
    user = create_staff()
    client.force_login(user)
    return user


def given_up(staff, charge=None, *, received=15):
    charge = charge or create_charge(40)
    pay(charge, received, f"début-{charge.pk}", "cheque")
    charge.write_off(reason="Introuvable", by=staff)
    return charge


def told_by_mail():
    return list(Email.objects.order_by("pk").values_list("template", flat=True))


def test_all_of_it_come_late_settles_it_and_tells_the_payer(staff, heard):  # noqa: F811
    charge = given_up(staff)
    assert heard == []

    pay(charge, 25, "2", "cheque")

    charge = fresh(charge)
    assert (charge.cancelled_at, charge.cancel_reason, charge.amount_due) == (None, "", 0)
    assert charge.paid_at is not None
    assert heard == [charge.pk]
    assert balances() == {"512": 40, "756": -40}
    assert not Refund.objects.exists()
    assert "Tout est réglé" in Email.objects.latest("pk").text


def test_a_part_come_late_is_kept_and_told_and_opens_nothing(staff, heard):  # noqa: F811
    charge = given_up(staff)

    pay(charge, 10, "2", "cheque")

    assert (fresh(charge).paid_at, heard) == (None, [])
    assert fresh(charge).cancelled_at is not None
    email = Email.objects.latest("pk")
    assert "Nous avons reçu votre paiement de 10,00\u00a0€" in email.text
    assert "Tout est réglé" not in email.text
    pay(charge, 15, "3", "cheque")
    assert heard == [charge.pk]


def test_what_is_too_much_of_it_is_to_be_given_back(staff):
    charge = given_up(staff)

    pay(charge, 30, "2", "cheque")

    refund = Refund.objects.get()
    assert (refund.amount, refund.reason) == (5, Refund.Reason.PAID_TWICE)
    assert fresh(charge).paid_at is not None


def test_credit_given_and_never_paid_is_a_loss_and_its_money_is_taken_late(staff, heard):  # noqa: F811
    charge = create_charge(40)
    charge.give_credit(until=timezone.localdate())
    charge.write_off(reason="Introuvable", by=staff)
    assert balances() == {"654": 40, "756": -40}

    pay(charge)

    assert balances() == {"512": 40, "756": -40}
    assert heard == [charge.pk]


def test_one_that_was_cancelled_is_not_brought_back_by_money(staff, heard):  # noqa: F811
    charge = create_charge(40)
    payment = pay(charge, method="cheque")
    charge.cancel()
    Refund.objects.get().settle(method="transfer", reference="rendu", recorded_by=staff)
    payment.undo(by=staff)
    charge.write_off(reason="Chèque jamais reçu", by=staff)

    pay(charge, reference="2")

    assert fresh(charge).cancelled_at is not None
    assert heard == [charge.pk]  # when it was first paid


def test_a_place_that_has_lapsed_meanwhile_is_given_back_as_for_any_late_money(staff):
    event = create_event(capacity=1)
    price = create_price(event, Decimal(40))
    booking = create_booking(event, price=price, state="held")
    booking.charge = booking.open_charge(payable_until=booking.expires_at)
    booking.expire()
    booking.save()
    create_booking(event, price=price)
    charge = given_up(staff, booking.charge)

    pay(charge, 25, "2", "cheque")

    booking.refresh_from_db()
    assert not booking.is_confirmed
    refund = Refund.objects.get()
    assert (refund.amount, refund.reason) == (40, Refund.Reason.NO_PLACE)


def test_a_membership_on_credit_counts_again(staff):
    charge = create_charge(40)
    credit_until = timezone.localdate() - timedelta(days=3)
    membership = create_membership(charge=charge, credit_until=credit_until)
    given_up(staff, charge)

    pay(charge, 25, "2", "cheque")

    membership.refresh_from_db()
    assert membership.credit_until is None


# By hand


def typed(**fields):
    defaults = {"method": "cheque", "amount": "25", "reference": "0002", "valued_on": "2026-01-15"}
    return defaults | fields


def test_staff_type_the_cheque_that_came_after_all(client, staff):
    charge = given_up(staff)
    page = reverse("admin:payments_charge_payment", args=[charge.pk])
    assert page in client.get(reverse("admin:payments_charge_change", args=[charge.pk])).text
    assert "Abandonné\u00a0: 25,00\u00a0€." in client.get(page).text

    part = client.post(page, typed(amount="10"), follow=True)
    rest = client.post(page, typed(amount="15", reference="0003"), follow=True)

    assert told(part) == ["Paiement enregistré. Il reste 15,00\u00a0€ de perte."]
    assert told(rest) == ["Paiement enregistré\u00a0: la somme est réglée."]
    assert fresh(charge).paid_at is not None


def test_of_a_sum_that_was_cancelled_they_still_type_nothing(client, staff):
    charge = create_charge(40)
    charge.cancel()

    page = reverse("admin:payments_charge_payment", args=[charge.pk])

    assert told(client.post(page, typed(), follow=True)) == ["Cette somme n’attend plus de paiement."]


def test_what_nobody_was_given_time_for_is_cancelled_and_not_given_up(client, staff):
    """It is in no book: there is no loss to write."""
    page = reverse("admin:payments_charge_write_off", args=[create_charge(40).pk])

    assert told(client.get(page, follow=True)) == ["Il n’y a plus rien à décider là."]
    assert not Charge.objects.exclude(cancelled_at=None).exists()
