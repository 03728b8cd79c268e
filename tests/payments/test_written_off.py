"""A sum that staff have given up: what comes after all is taken, and once all of it has come it is paid like any other."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from mailing.models import Email
from payments.models import Charge, NotUndoable, Payment, Refund
from tests.admin import search, told
from tests.factories import (
    create_booking,
    create_charge,
    create_event,
    create_line,
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


def test_a_transfer_of_the_inbox_pays_it_without_a_word_of_too_much(client, staff):
    charge, line = given_up(staff), create_line(25)
    page = reverse("admin:payments_statementline_change", args=[line.pk])
    shown = " ".join(client.get(page, {"q": charge.number}).text.split())
    assert "(abandonnée)" in shown
    assert '<td class="inbox-part">25,00 €</td>' in shown

    match = reverse("admin:payments_statementline_match", args=[line.pk])
    response = client.post(match, {f"amount_{charge.pk}": "25"}, follow=True)

    assert told(response) == [f"Rapprochée\u00a0: {charge}."]
    assert fresh(charge).paid_at is not None


def test_the_list_tells_what_was_given_up_from_what_was_cancelled(client, staff):
    lost, cancelled, both = given_up(staff), create_charge(40), create_charge(40)
    cancelled.cancel()
    payment = pay(both, method="cheque")
    both.cancel()
    Refund.objects.get().settle(method="transfer", reference="rendu", recorded_by=staff)
    payment.undo(by=staff)
    both.write_off(reason="Chèque jamais reçu", by=staff)
    charges = reverse("admin:payments_charge_changelist")

    assert search(client, charges, state="written_off") == [lost]
    assert search(client, charges, state="cancelled") == [both, cancelled]
    assert [fresh(one).is_written_off for one in (lost, cancelled, both)] == [True, False, False]
    assert '<td class="field-state">abandonnée</td>' in client.get(charges, {"state": "written_off"}).text


# Claimed again


def test_what_was_given_up_is_claimed_again_as_it_was(staff, heard):  # noqa: F811
    charge = given_up(staff)
    pay(charge, 10, "2", "cheque")

    for _twice in range(2):
        charge.claim_again(reason="Retrouvé", by=staff)

    charge = fresh(charge)
    assert (charge.amount_due, charge.is_payable, charge.cancel_reason) == (15, True, "")
    assert balances() == {"411": 15, "512": 25, "756": -40}
    assert charge.adjustments.first().made_by == staff
    pay(charge, 15, "3", "cheque")
    assert heard == [charge.pk]


def test_only_what_was_given_up_is_claimed_again(staff):
    open_one, cancelled = create_charge(40), create_charge(40)
    pay(cancelled, 15)
    cancelled.cancel()

    for charge in (open_one, cancelled):
        charge.claim_again(reason="Retrouvé", by=staff)

    assert (fresh(open_one).amount_due, fresh(cancelled).amount_due) == (40, 0)
    assert fresh(cancelled).adjustments.count() == 1


def test_staff_claim_it_again_from_its_page(client, staff):
    charge = given_up(staff)
    page = reverse("admin:payments_charge_claim_again", args=[charge.pk])
    assert page in client.get(reverse("admin:payments_charge_change", args=[charge.pk])).text
    asked = client.get(page)
    seen = asked.context["adminform"].form["seen"].value()

    response = client.post(page, {"seen": seen, "reason": "Retrouvé"}, follow=True)

    assert "25,00\u00a0€ ont été abandonnés." in asked.text
    assert told(response) == ["Le reste est de nouveau demandé."]
    assert fresh(charge).amount_due == 25
    assert page not in response.text
    assert LogEntry.objects.get().change_message == "Réclamer de nouveau\u00a0: Retrouvé"


# A credit used by mistake


@pytest.fixture
def used(staff):
    """60 for a charge of 40, of which 20 were used for another of 40: both sides."""
    source, other = create_charge(40), create_charge(40)
    pay(source, 60, "trop", "cheque")
    paid = Refund.objects.get().apply_to(other, by=staff)
    return Payment.objects.get(method="credit", amount__lt=0), paid


@pytest.mark.parametrize("side", [0, 1])
def test_a_credit_used_by_mistake_is_one_to_give_back_again(staff, used, side):
    used[side].undo(by=staff)

    source, other = (fresh(one.charge) for one in used)
    assert (source.amount_promised, source.amount_kept, other.amount_due) == (20, 40, 40)
    assert balances() == {"411": 20, "512": 60, "756": -80}
    for one in used:
        with pytest.raises(NotUndoable):
            one.undo(by=staff)
    again = source.refunds.to_make().get().apply_to(other, by=staff)
    assert again.amount == 20


def test_a_credit_of_which_one_side_is_forgotten_is_not_undone_by_half(staff, used):
    Charge.objects.filter(pk=used[1].charge_id).forget_payers()

    with pytest.raises(NotUndoable):
        Payment.objects.get(pk=used[0].pk).undo(by=staff)


def test_staff_undo_it_from_the_page_of_either_side(client, staff, used):
    source, paid = used
    page = reverse("admin:payments_payment_undo", args=[paid.pk])
    assert page in client.get(reverse("admin:payments_payment_change", args=[paid.pk])).text
    told_before = (
        f"20,00\u00a0€ d’avoir\u00a0: la somme {paid.charge.number} les demandera de nouveau, et ils seront de nouveau à "
        f"rendre, pour {source.charge.number}."
    )
    assert told_before in client.get(page).text

    response = client.post(page, {"reason": "Autre personne"}, follow=True)

    assert told(response) == ["La saisie est annulée par une contre-écriture."]
    assert fresh(paid.charge).amount_due == 40
