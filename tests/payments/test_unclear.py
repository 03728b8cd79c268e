"""A provider holds something else than what we asked for: staff are told, and no euro is made of it."""

from decimal import Decimal

import pytest
from django.urls import reverse

from payments import checkouts
from payments.models import Charge, Checkout, Payment
from tests.admin import search, told
from tests.factories import create_charge, create_role

pytestmark = pytest.mark.django_db
CHARGES = reverse("admin:payments_charge_changelist")


@pytest.fixture
def treasurer(client):
    client.force_login(create_role("Trésorerie"))
    return client


def clear(client, charge, reason="Rendu depuis Stripe"):
    url = reverse("admin:payments_charge_clear", args=[charge.pk])
    page = client.get(url, follow=True)
    if page.redirect_chain:
        return page
    seen = page.context["adminform"].form.fields["seen"].initial
    return client.post(url, {"reason": reason, "seen": seen}, follow=True)


def test_another_currency_is_shown_to_staff_with_what_to_do_until_they_say_it_is_done(stripe, treasurer):
    charge = create_charge(40)
    intent = stripe.pay(charge, currency="usd", amount=5000)

    assert "1 somme payée dans une autre devise" in treasurer.get(reverse("admin:index")).text
    assert "1 somme payée dans une autre devise" in treasurer.get(reverse("admin:payments_treasury")).text
    assert search(treasurer, CHARGES, state="unclear") == [charge]
    page = treasurer.get(reverse("admin:payments_charge_clear", args=[charge.pk])).text
    assert f"Le prestataire tient Stripe {intent} 50.00 USD (≠ 40.00 EUR)." in page
    assert "rendez-le chez le prestataire" in page

    assert told(clear(treasurer, charge)) == ["C’est noté\u00a0: ce paiement n’attend plus personne."]

    assert not Charge.objects.unclear().exists()
    assert told(clear(treasurer, charge)) == ["Il n’y a plus rien à décider là."]
    history = treasurer.get(reverse("admin:payments_charge_history", args=[charge.pk])).text
    assert "Rendu depuis Stripe" in history
    checkouts.synchronise(Checkout.objects.get())
    assert not Charge.objects.unclear().exists()
    assert (Payment.objects.count(), charge.amount_due) == (0, 40)


@pytest.mark.parametrize(("cents", "due"), [(3000, 10), (5000, 0)])
def test_another_amount_is_written_as_it_came_and_shown(stripe, cents, due):
    charge = create_charge(40)

    stripe.pay(charge, amount=cents)

    assert list(Charge.objects.unclear()) == [charge]
    assert (charge.amount_received, charge.amount_due) == (Decimal(cents) / 100, due)


def test_an_amount_that_changed_after_it_was_written_is_shown_and_the_books_stay(helloasso, paid):
    checkout, number = paid
    assert not Charge.objects.unclear().exists()
    helloasso.payments[number]["amount"] = 9900

    checkouts.synchronise(checkout)

    assert Charge.objects.get().checkouts.in_words() == f"HelloAsso {number} 99.00 EUR (≠ 40.00 EUR)"
    assert Payment.objects.get().amount == 40


def test_who_paid_otherwise_is_not_told_to_pay_again(stripe, client):
    charge = create_charge(40)
    stripe.fake.pay(stripe.start(charge), currency="usd")

    page = client.get(reverse("payments:charge_return", args=[charge.uuid]), follow=True).text

    assert "Votre paiement n’est pas celui que nous attendions" in page
    assert "vous pouvez réessayer" not in page


def test_what_is_said_otherwise_later_is_shown_again(helloasso, paid, treasurer):
    checkout, number = paid
    for cents in (9900, 9800):
        helloasso.payments[number]["amount"] = cents
        checkouts.synchronise(checkout)
        assert list(Charge.objects.unclear()) == [checkout.charge]
        clear(treasurer, checkout.charge)
        assert not Charge.objects.unclear().exists()
