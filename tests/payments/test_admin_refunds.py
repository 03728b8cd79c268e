"""How staff give money back: by its provider, or by using it for something else."""

from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.urls import reverse, reverse_lazy

from payments.models import Refund
from tests.admin import told, unlabelled
from tests.factories import create_charge, create_staff, create_user

pytestmark = pytest.mark.django_db
GESTURE = Refund.Reason.GESTURE


@pytest.fixture
def staff(client):
    client.force_login(create_staff())
    return client


@pytest.fixture
def paid(stripe):
    """A charge of 40 € paid with Stripe."""
    charge = create_charge(40)
    stripe.pay(charge)
    return charge


REFUNDS = reverse_lazy("admin:payments_refund_changelist")


def provider_page(refund):
    return reverse("admin:payments_refund_provider", args=[refund.pk])


def credit_page(refund):
    return reverse("admin:payments_refund_credit", args=[refund.pk])


def owe(charge, amount=15):
    return charge.owe_refund(Decimal(amount), reason=GESTURE)


def errors(response):
    assert response.status_code == 400
    return [str(error) for found in response.context["errors"].values() for error in found]


# By the provider


def test_the_provider_gives_back_and_it_is_noted(staff, stripe, paid):
    refund = owe(paid)
    assert unlabelled(staff.get(provider_page(refund))) == []

    response = staff.post(provider_page(refund), {"payment": paid.payments.get().pk}, follow=True)

    refund.refresh_from_db()
    assert told(response) == ["Stripe a rendu 15,00\u00a0€."]
    assert (refund.payment.amount, refund.payment.method) == (-15, "stripe")
    assert LogEntry.objects.get().change_message == "Stripe a rendu 15,00\u00a0€."


def test_the_page_says_what_is_left_of_each_payment(staff, stripe, paid):
    stripe.fake.give_back(paid.payments.get().reference, 1000)
    stripe.carry("charge.refunded")

    page = staff.get(provider_page(owe(paid, 15))).text

    assert "\u00a0: 30,00\u00a0€</option>" in page


def test_a_double_click_gives_back_once(staff, stripe, paid):
    refund, payment = owe(paid), paid.payments.get()

    for _ in range(2):
        response = staff.post(provider_page(refund), {"payment": payment.pk}, follow=True)

    assert told(response)[-1] == "Ce remboursement est déjà noté, ou n’est plus à faire."
    assert len(stripe.fake.refunds) == 1


def test_what_takes_time_is_said_so(staff, stripe, paid):
    stripe.fake.new_refunds_are = "pending"
    refund = owe(paid)

    response = staff.post(provider_page(refund), {"payment": paid.payments.get().pk}, follow=True)

    assert told(response) == ["Stripe va rendre 15,00\u00a0€\u00a0: ce sera noté quand ce sera fait."]
    assert refund.is_to_make


def test_a_refusal_is_told_in_the_provider_s_own_words(staff, stripe, paid):
    stripe.fake.dispute(paid.payments.get().reference)
    refund = owe(paid)

    response = staff.post(provider_page(refund), {"payment": paid.payments.get().pk})

    assert errors(response) == ["Ce paiement est contesté\u00a0: Stripe ne peut pas le rendre."]
    refund.refresh_from_db()
    assert refund.is_to_make


def test_a_provider_that_is_down_may_be_asked_again(staff, stripe, paid):
    refund, typed = owe(paid), {"payment": paid.payments.get().pk}

    stripe.fake.faults = [503] * 4
    refused = staff.post(provider_page(refund), typed)
    stripe.fake.faults = [503] * 2
    unread = staff.post(provider_page(refund), {**typed, "second": "1"})
    staff.post(provider_page(refund), typed)

    words = ["Le prestataire ne répond pas. Demandez de nouveau\u00a0: il ne rendra pas deux fois."]
    assert errors(refused) == errors(unread) == words
    assert len(stripe.fake.refunds) == 1


def test_money_paid_in_two_times_is_given_back_in_two(staff, stripe):
    charge = create_charge(40)
    first = stripe.pay(charge, amount=2500)
    second = stripe.pay(charge)
    charge.cancel(reason="Séance reportée")
    refund = charge.refunds.to_make().get()

    for intent in (first, second):
        payment = charge.payments.get(reference=intent)
        staff.post(provider_page(charge.refunds.to_make().get()), {"payment": payment.pk})

    assert refund.amount == 40
    assert sorted(one["amount"] for one in stripe.fake.refunds.values()) == [1500, 2500]
    assert charge.amount_received == 0
    assert not charge.refunds.to_make().exists()


def test_a_refusal_of_a_part_leaves_both_parts_to_give_back(staff, stripe):
    charge = create_charge(40)
    intent = stripe.pay(charge, amount=2500)
    stripe.pay(charge)
    charge.cancel(reason="Séance reportée")
    first = charge.payments.get(reference=intent)
    stripe.fake.faults = [503] * 4

    response = staff.post(provider_page(charge.refunds.to_make().get()), {"payment": first.pk}, follow=True)

    assert told(response)[0].startswith("Le prestataire ne répond pas.")
    assert sorted(charge.refunds.to_make().values_list("amount", flat=True)) == [15, 25]


def test_done_at_the_provider_it_is_read_again(staff, stripe, paid):
    refund, payment = owe(paid), paid.payments.get()
    typed = {"payment": payment.pk, "second": "1"}

    early = staff.post(provider_page(refund), typed)
    stripe.fake.give_back(payment.reference, 1500)
    response = staff.post(provider_page(refund), typed, follow=True)

    assert errors(early) == ["Le prestataire n’a encore rien rendu de ce montant."]
    assert told(response) == ["Le prestataire l’a rendu\u00a0: c’est noté."]
    refund.refresh_from_db()
    assert refund.payment.amount == -15


def test_a_provider_that_wants_a_person_says_where(staff, helloasso, begin):
    helloasso.demands_mfa = True
    charge = create_charge(40)
    _checkout, intent = begin(charge)
    helloasso.pays_by_card(intent)
    staff.get(reverse("payments:charge_return", args=[charge.uuid]))
    refund = owe(charge)

    response = staff.post(provider_page(refund), {"payment": charge.payments.get().pk})

    [error] = errors(response)
    assert "Le prestataire veut que quelqu’un confirme chez lui" in error
    assert '<a href="https://' in error
    assert error in response.text
    assert "relire" in response.text


def test_what_no_provider_can_give_back_is_given_by_hand(staff, stripe):
    charge = create_charge(40)
    charge.record_payment(method="cheque", amount=Decimal(40), reference="1")

    response = staff.get(provider_page(owe(charge)), follow=True)

    assert told(response) == [
        "Aucun paiement d’un prestataire n’est à rendre\u00a0: rendez l’argent à la main, puis notez-le."
    ]


def test_the_payment_of_another_charge_is_not_given_back(staff, stripe, paid):
    other = create_charge(40)
    stripe.pay(other)

    response = staff.post(provider_page(owe(paid)), {"payment": other.payments.get().pk})

    assert list(response.context["errors"]) == ["payment"]
    assert stripe.fake.refunds == {}


# For something else


def test_a_credit_pays_for_something_else_of_the_same_person(staff):
    charge, other = create_charge(40, email="zoe@example.org"), create_charge(30, email="zoe@example.org")
    charge.record_payment(method="cheque", amount=Decimal(90), reference="1")
    refund = charge.refunds.get()
    assert unlabelled(staff.get(credit_page(refund))) == []

    response = staff.post(credit_page(refund), {"charge": other.pk}, follow=True)

    other.refresh_from_db()
    assert told(response) == [f"30,00\u00a0€ utilisés pour {other.number}."]
    assert other.paid_at is not None
    assert charge.refunds.to_make().get().amount == 20


def test_a_credit_pays_for_nobody_else_and_is_used_once(staff):
    charge, other = create_charge(40, email="zoe@example.org"), create_charge(30, email="zoe@example.org")
    stranger = create_charge(30, email="lou@example.org")
    charge.record_payment(method="cheque", amount=Decimal(70), reference="1")
    refund = charge.refunds.get()

    refused = staff.post(credit_page(refund), {"charge": stranger.pk})
    for _ in range(2):
        response = staff.post(credit_page(refund), {"charge": other.pk}, follow=True)

    assert list(refused.context["errors"]) == ["charge"]
    assert told(response)[-1] == "Ce remboursement est déjà noté, ou n’est plus à faire."
    assert other.payments.count() == 1


def test_who_owes_nothing_else_has_nothing_to_use_a_credit_for(staff):
    charge = create_charge(40)
    charge.record_payment(method="cheque", amount=Decimal(70), reference="1")

    response = staff.get(credit_page(charge.refunds.get()), follow=True)

    assert told(response) == ["Cette personne n’a rien d’autre à régler."]


# Rights


def test_looking_at_refunds_gives_no_right_to_give_money_back(client, stripe, paid):
    refund = owe(paid)
    user = create_user(is_staff=True, second_factor=True)
    user.user_permissions.add(Permission.objects.get(codename="view_refund"))
    client.force_login(user)
    page = client.get(reverse("admin:payments_refund_change", args=[refund.pk])).text

    for address in (provider_page(refund), credit_page(refund)):
        assert address not in page
        assert client.get(address).status_code == 403
        assert client.post(address, {"payment": 1, "charge": 1}).status_code == 403
    assert stripe.fake.refunds == {}


def test_the_page_of_a_refund_leads_to_the_three_ways(staff, stripe, paid):
    refund = owe(paid)
    address = reverse("admin:payments_refund_change", args=[refund.pk])

    ways = [
        provider_page(refund),
        credit_page(refund),
        reverse("admin:payments_refund_settle", args=[refund.pk]),
    ]
    page = staff.get(address).text
    assert [way in page for way in ways] == [True] * 3

    refund.settle(method="cash", reference="1")
    page = staff.get(address).text
    assert [way in page for way in ways] == [False] * 3


# Asked for, and not made yet


@pytest.fixture
def under_way(staff, stripe):
    """A refund that Stripe has been asked for and has not made yet, of a charge paid twice."""
    stripe.fake.new_refunds_are = "pending"
    charge = create_charge(40)
    sessions = [stripe.start(charge) for _ in range(2)]
    for session in sessions:
        stripe.fake.pay(session)
        stripe.carry("checkout.session.completed")
    refund = charge.refunds.to_make().get()
    staff.post(provider_page(refund), {"payment": charge.payments.earliest("pk").pk})
    return refund


@pytest.mark.parametrize("way", ["settle", "credit", "provider"])
def test_what_is_under_way_is_not_given_back_by_another_way_too(staff, stripe, under_way, way):
    typed = {
        "settle": {"method": "transfer", "reference": "V1"},
        "credit": {"charge": create_charge(40).pk},
        "provider": {"payment": under_way.charge.payments.latest("pk").pk},
    }

    page = reverse(f"admin:payments_refund_{way}", args=[under_way.pk])
    response = staff.post(page, typed[way], follow=True)

    assert told(response)[-1].startswith("Un prestataire a été prié de le rendre")
    assert "demandé au prestataire" in staff.get(REFUNDS).text
    [given] = stripe.fake.refunds
    stripe.fake.change_refund(given, "succeeded")
    stripe.carry("refund.updated")
    under_way.refresh_from_db()
    assert (under_way.payment.reference, under_way.charge.amount_received) == (given, 40)


def test_what_the_provider_could_not_give_back_is_given_by_hand(staff, stripe, under_way):
    [given] = stripe.fake.refunds
    stripe.fake.change_refund(given, "failed")
    stripe.carry("refund.failed")

    page = reverse("admin:payments_refund_settle", args=[under_way.pk])
    staff.post(page, {"method": "transfer", "reference": "V1"})

    under_way.refresh_from_db()
    assert under_way.payment.method == "transfer"


def test_of_two_refunds_alike_the_provider_s_word_settles_the_one_it_was_asked_for(staff, stripe, paid):
    stripe.fake.new_refunds_are = "pending"
    payment, (first, second) = paid.payments.get(), [owe(paid) for _ in range(2)]
    staff.post(provider_page(second), {"payment": payment.pk})
    [given] = stripe.fake.refunds
    stripe.fake.change_refund(given, "succeeded")
    stripe.carry("refund.updated")

    staff.post(provider_page(first), {"payment": payment.pk})

    second.refresh_from_db()
    assert second.payment.reference == given
    assert len(stripe.fake.refunds) == 2
