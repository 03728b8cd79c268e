"""What the payer reads on the page of a charge, whatever has happened to it."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from payments import transfer
from payments.models import Checkout, Payment, Refund
from tests.factories import create_charge, create_event, create_staff, register

pytestmark = pytest.mark.django_db
BANK = {"holder": "Association d’essai", "iban": "FR7630006000011234567890189", "bic": ""}


@pytest.fixture
def read(client, settings):
    """The page as text, spaces made plain."""
    settings.BANK = BANK

    def read(charge, status=200):
        response = client.get(charge.get_absolute_url())
        assert response.status_code == status
        text = re.sub(r"<script.*?</script>|<[^>]+>", " ", response.content.decode(), flags=re.DOTALL)
        return " ".join(text.split())

    return read


@pytest.fixture
def both(settings):
    settings.PAYMENT_PROVIDERS = ["sandbox", "stripe"]


def awaited(charge, amount=40):
    return Checkout.objects.create(
        charge=charge, provider="stripe", reference=f"cs_{charge.pk}", amount=amount, state="waiting"
    )


def test_each_provider_has_a_button_that_says_the_act_and_the_amount(read, both):
    page = read(create_charge(Decimal("1240.50")))

    assert "Payer 1 240,50 €" in page
    assert "Payer 1 240,50 € par carte ou prélèvement Chez Stripe." in page


def test_a_transfer_is_told_with_all_that_a_bank_asks(read):
    charge = create_charge(Decimal("40.50"))

    page = read(charge)

    assert "Association d’essai" in page
    assert "FR76 3000 6000 0112 3456 7890 189" in page
    assert transfer.for_charge(charge).reference_in_groups in page
    assert "BIC" not in page


def test_without_an_account_or_a_provider_there_is_still_a_way_to_pay(client, settings):
    settings.PAYMENT_SANDBOX, settings.PAYMENT_PROVIDERS = False, []
    settings.BANK = BANK | {"iban": ""}
    charge = create_charge(40)

    page = client.get(charge.get_absolute_url()).content.decode()

    assert "IBAN" not in page
    assert f"avec {charge.number} écrit au dos" in page
    assert "Payer 40" not in page


def test_the_cheque_is_sent_to_the_address_of_the_association(read, settings):
    settings.ASSOCIATION = settings.ASSOCIATION | {"address": "1 place d’essai\n34000 Montpellier"}

    assert "À envoyer à : IA Montpellier Méditerranée 1 place d’essai 34000 Montpellier" in read(
        create_charge()
    )


def test_what_comes_by_post_is_not_offered_for_a_place_that_is_held_for_minutes(read):
    booking = register(create_event(price=Decimal(20)))

    page = read(booking.charge)

    assert "seul le paiement en ligne arrive à temps" in page
    assert "IBAN" not in page


def test_a_held_place_may_be_paid_by_post_where_nothing_is_paid_online(read, settings):
    booking = register(create_event(price=Decimal(20)))
    settings.PAYMENT_SANDBOX, settings.PAYMENT_PROVIDERS = False, []

    assert "IBAN" in read(booking.charge)


def test_the_last_day_is_told(read):
    charge = create_charge(40)
    charge.due_on = timezone.localdate() + timedelta(days=30)
    charge.save()

    assert "Au plus tard le " in read(charge)


# What has happened


def test_a_payment_in_part_asks_for_the_rest(read):
    charge = create_charge(40)
    charge.record_payment(method="cheque", amount=Decimal(15), reference="1", valued_on=timezone.localdate())

    page = read(charge)

    assert "Chèque, le " in page
    assert "Reste à payer 25,00 €" in page


def test_an_entry_made_by_mistake_is_not_shown_to_the_payer(read):
    charge = create_charge(40)
    charge.record_payment(method="cheque", amount=Decimal(15), reference="1").undo(by=create_staff())

    page = read(charge)

    assert "15,00" not in page
    assert "Reste à payer 40,00 €" in page


def test_nobody_is_pressed_to_pay_what_a_bank_must_still_confirm(read):
    charge = create_charge(40)
    awaited(charge)

    page = read(charge)

    assert "Votre banque doit encore confirmer" in page
    assert "Ne payez pas une seconde fois" in page
    assert page.index("Payer autrement, si ce paiement n’aboutit pas") < page.index("Payer 40,00 €")


def test_what_the_bank_confirmed_since_is_paid(read):
    charge = create_charge(40)
    awaited(charge)
    charge.record_payment(method="stripe", amount=Decimal(40), reference="pi_1")

    page = read(charge)

    assert "C’est payé" in page
    assert "Ne payez pas" not in page


def test_what_a_bank_took_back_is_asked_again(read):
    charge = create_charge(40)
    payment = charge.record_payment(method="stripe", amount=Decimal(40), reference="pi_1")
    charge.take_back(payment, amount=Decimal(40), reference="du_1", kind=Payment.Kind.CHARGEBACK)

    page = read(charge)

    assert "Repris par votre banque, le " in page
    assert "cette somme est de nouveau à payer" in page
    assert "Reste à payer 40,00 €" in page


def test_what_a_provider_gave_back_by_itself_is_no_deed_of_the_bank(read):
    charge = create_charge(40)
    payment = charge.record_payment(method="helloasso", amount=Decimal(40), reference="1")
    charge.take_back(payment, amount=Decimal(40), reference="refund-1", kind=Payment.Kind.REFUND)

    page = read(charge)

    assert "Un paiement vous a été remboursé par HelloAsso : cette somme est de nouveau à payer." in page
    assert "Remboursé par HelloAsso, le " in page
    assert "Votre banque" not in page


def test_the_latest_that_was_taken_back_is_the_one_told(read):
    charge = create_charge(40)
    first = charge.record_payment(method="helloasso", amount=Decimal(40), reference="1")
    charge.take_back(first, amount=Decimal(40), reference="refund-1", kind=Payment.Kind.REFUND)
    second = charge.record_payment(method="stripe", amount=Decimal(60), reference="pi_1")
    charge.refunds.get().settle(method="transfer", reference="V1")
    charge.take_back(second, amount=Decimal(60), reference="du_1", kind=Payment.Kind.CHARGEBACK)

    page = read(charge)

    assert "Votre banque a repris un paiement : cette somme est de nouveau à payer." in page
    assert "remboursé par HelloAsso :" not in page


def test_money_owed_back_then_given_back_is_told_at_each_step(read):
    charge = create_charge(40)
    charge.record_payment(method="cheque", amount=Decimal(60), reference="1")

    assert "Nous vous devons 20,00 €" in read(charge)

    charge.refunds.get().settle(method="transfer", reference="V1")
    page = read(charge)
    assert "Nous vous avons remboursé 20,00 €" in page
    assert "Remboursé par virement, le " in page


def test_a_promise_taken_back_is_no_longer_told(read):
    charge = create_charge(40)
    payment = charge.record_payment(method="stripe", amount=Decimal(60), reference="pi_1")
    charge.take_back(payment, amount=Decimal(60), reference="du_1", kind=Payment.Kind.CHARGEBACK)

    assert "Nous vous devons" not in read(charge)


def test_a_credit_used_elsewhere_is_told_on_both_sides(read):
    charge, other = create_charge(40), create_charge(40)
    charge.record_payment(method="cheque", amount=Decimal(60), reference="1")
    charge.refunds.get().apply_to(other, by=create_staff())

    assert "20,00 € que nous vous devions ont servi à payer une autre somme." in read(charge)
    assert "Avoir utilisé, le " in read(other)


def test_a_part_given_back_is_a_reduction(read):
    charge = create_charge(40)
    charge.record_payment(method="cheque", amount=Decimal(40), reference="1")
    charge.owe_refund(Decimal(10), reason=Refund.Reason.GESTURE)

    page = read(charge)

    assert "Réduction -10,00 €" in page
    assert "C’est payé" in page


@pytest.mark.parametrize("verb", ["cancel", "write_off"])
def test_what_is_no_longer_asked_says_why_and_asks_nothing(read, verb):
    charge = create_charge(40)
    charge.record_payment(method="cheque", amount=Decimal(15), reference="1")
    getattr(charge, verb)(reason="Séance reportée", by=create_staff())

    page = read(charge)

    assert "Il n’y a rien à payer Séance reportée" in page
    assert "Reste à payer" not in page
    assert "Payer 40" not in page


# Who reads it


@pytest.mark.parametrize("name", ["charge", "charge_return", "charge_pay"])
def test_a_page_of_payment_stays_in_no_cache_and_is_told_to_no_other_site(client, name):
    url = reverse(f"payments:{name}", args=[create_charge(40).uuid])

    response = client.post(url) if name == "charge_pay" else client.get(url)

    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "same-origin"


def test_so_does_the_page_of_the_sandbox(client):
    charge = create_charge(40)
    page = client.post(reverse("payments:charge_pay", args=[charge.uuid]), {"provider": "sandbox"})[
        "Location"
    ]

    response = client.get(page.removeprefix("http://localhost:8000"))

    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "same-origin"
