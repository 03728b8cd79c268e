"""HelloAsso, against a server that keeps its documented rules: what is asked, each state, each fault, each refund."""

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from payments import checkouts, providers
from payments.models import Charge, ChargeLine, Checkout, Line, Payment, Refund
from payments.providers import ProviderDown, ProviderRefused, helloasso_api
from tests.factories import create_charge
from tests.fakes.helloasso import THEIRS

pytestmark = pytest.mark.django_db


def received(charge):
    """What the books hold of it, oldest first."""
    return [(one.kind, one.amount) for one in charge.payments.order_by("pk")]


def state_of(checkout):
    return Checkout.objects.get(pk=checkout.pk).state


# Start


def test_a_click_opens_a_checkout_for_what_is_due_and_leads_to_its_page(client, helloasso):
    gift = Line(ChargeLine.Nature.GIFT, "Don", Decimal("12.34"))
    dues = Line(ChargeLine.Nature.DUES, "Adhésion", Decimal(40))
    charge = Charge.open(name="Camille Demo", email="c@example.org", lines=[dues, gift], return_path="/")

    response = client.post(reverse("payments:charge_pay", args=[charge.uuid]), {"provider": "helloasso"})

    [intent] = helloasso.intents.values()
    body = intent["body"]
    assert response["Location"] == f"{helloasso.url}/checkout/{intent['id']}"
    assert (body["totalAmount"], body["initialAmount"], body["containsDonation"]) == (5234, 5234, True)
    assert body["itemName"] == "Adhésion, Don"
    assert body["payer"] == {"email": "c@example.org", "firstName": "Camille", "lastName": "Demo"}
    assert body["metadata"]["reference"] == charge.number
    assert body["backUrl"].endswith(charge.get_absolute_url())
    assert body["returnUrl"] == body["errorUrl"] == body["backUrl"] + "retour/"
    assert Checkout.objects.get().amount == Decimal("52.34")


@pytest.mark.parametrize(
    "name",
    [
        "Anne-Laure O'Connor",
        "Zoé Démo",
        "Lou Ng",
        "Société d'essai",
        "Aaamandine Durand",
        "Martin Martin",
        "Anonyme Durand",
        "Camille",
        "Marie Claire Durand",
        "Agent 007",
    ],
)
def test_a_name_that_might_be_refused_is_left_to_the_payer_to_type(helloasso, begin, name):
    charge = create_charge()
    Charge.objects.filter(pk=charge.pk).update(name=name)
    charge.refresh_from_db()

    begin(charge)

    [intent] = helloasso.intents.values()
    assert intent["body"]["payer"] == {"email": "payeur@example.org"}


def test_a_long_label_is_cut_to_what_is_accepted(helloasso, begin):
    line = Line(ChargeLine.Nature.DUES, "é" * 200, Decimal(40))

    begin(Charge.open(name="X", email="x@example.org", lines=[line, line], return_path="/"))

    [intent] = helloasso.intents.values()
    assert len(intent["body"]["itemName"]) == 250


def test_a_page_is_open_for_fifteen_minutes_and_a_later_click_opens_another(
    helloasso, begin, time_machine_travel
):
    charge = create_charge()
    _checkout, first = begin(charge)

    with time_machine_travel(minutes=16):
        _checkout, second = begin(charge)

        assert helloasso.has_expired(first)
        assert not helloasso.has_expired(second)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (500, "Notre prestataire de paiement ne répond pas."),
        (429, "Notre prestataire de paiement ne répond pas."),
        (302, "Notre prestataire de paiement ne répond pas."),
        (b"<html>", "Notre prestataire de paiement ne répond pas."),
        (b"[]", "Notre prestataire de paiement ne répond pas."),
        (b"{}", "Notre prestataire de paiement ne répond pas."),
        (403, "Notre prestataire refuse ce paiement."),
        (400, "Notre prestataire refuse ce paiement."),
    ],
)
def test_a_start_that_fails_says_so_and_loses_nothing(client, helloasso, begin, fault, words):
    begin(create_charge())  # it has a token already
    charge = create_charge()
    helloasso.faults = [fault]

    page = client.post(
        reverse("payments:charge_pay", args=[charge.uuid]), {"provider": "helloasso"}, follow=True
    )

    assert words in page.text
    assert charge.checkouts.count() == 0
    assert "Payer 40,00\u00a0€ avec HelloAsso" in page.text


def test_its_own_words_on_what_is_wrong_reach_staff(helloasso, begin):
    with pytest.raises(ProviderRefused, match="Le montant minimum est de 0,50 €"):
        begin(create_charge(Decimal("0.30")))


def test_a_refusal_without_words_is_said_in_ours(helloasso, begin):
    begin(create_charge())
    helloasso.privileges.clear()

    with pytest.raises(ProviderRefused, match="hasn't the privileges"):
        begin(create_charge())
    helloasso.faults = [400]
    with pytest.raises(ProviderRefused, match="sans dire pourquoi"):
        begin(create_charge())


# Read: each state


def test_nothing_is_paid_before_the_payer_has_paid(helloasso, begin):
    checkout, _intent = begin(create_charge())

    assert checkouts.synchronise(checkout) == []
    assert state_of(checkout) == "open"


def test_a_card_that_is_refused_leaves_the_page_open_and_the_next_one_pays(helloasso, begin):
    checkout, intent = begin(create_charge())
    helloasso.card_is_refused(intent)
    checkouts.synchronise(checkout)
    assert state_of(checkout) == "open"

    helloasso.pays_by_card(intent)
    checkouts.synchronise(checkout)

    assert received(checkout.charge) == [("received", 40)]
    assert state_of(checkout) == "paid"


def test_a_payment_is_written_once_with_its_day_and_without_the_tip(helloasso, begin):
    checkout, intent = begin(create_charge())
    number = helloasso.pays_by_card(
        intent,
        tip=500,
        date="2026-12-31T23:30:00.1234567+00:00",
        fiscalReceiptUrl="https://www.helloasso.com/recu/1",
    )

    for _time in range(3):
        checkouts.synchronise(checkout)

    payment = Payment.objects.get()
    assert (payment.amount, payment.reference, payment.method) == (40, str(number), "helloasso")
    assert payment.valued_on == date(2027, 1, 1)  # in Paris
    assert payment.provider_receipt == "https://www.helloasso.com/recu/1"
    assert not Refund.objects.exists()


@pytest.mark.parametrize("hides", [False, True])
def test_a_debit_is_paid_when_the_bank_honours_it_and_not_before(helloasso, begin, hides):
    helloasso.shows_orders_that_wait = not hides
    checkout, intent = begin(create_charge())
    number = helloasso.pays_by_debit(intent)
    checkouts.synchronise(checkout)
    assert (received(checkout.charge), state_of(checkout)) == ([], "open" if hides else "waiting")

    helloasso.bank_honours(number)
    checkouts.synchronise(checkout)

    assert (received(checkout.charge), state_of(checkout)) == ([("received", 40)], "paid")


def test_a_debit_that_the_bank_refuses_brings_nothing(helloasso, begin):
    checkout, intent = begin(create_charge())
    number = helloasso.pays_by_debit(intent)
    helloasso.bank_refuses(number)

    checkouts.synchronise(checkout)

    assert (received(checkout.charge), state_of(checkout)) == ([], "failed")


def test_a_debit_refused_after_it_was_told_paid_is_asked_for_again(helloasso, begin):
    checkout, intent = begin(create_charge())
    number = helloasso.pays_by_debit(intent)
    helloasso.bank_honours(number)
    checkouts.synchronise(checkout)

    helloasso.bank_refuses(number)
    for _time in range(2):
        checkouts.synchronise(checkout)

    charge = Charge.objects.get()
    assert received(charge) == [("received", 40), ("chargeback", -40)]
    assert (charge.paid_at, charge.is_contested) == (None, True)


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ("Authorized", "paid"),
        ("AuthorizedPreprod", "paid"),
        ("Refunding", "paid"),
        ("Pending", "waiting"),
        ("Waiting", "waiting"),
        ("WaitingBankValidation", "waiting"),
        ("WaitingBankWithdraw", "waiting"),
        ("Registered", "waiting"),
        ("Corrected", "waiting"),
        ("Inconsistent", "waiting"),
        ("Unknown", "waiting"),
        ("Init", "open"),
        ("WaitingAuthentication", "open"),
        ("Refused", "failed"),
        ("Error", "failed"),
        ("Canceled", "failed"),
        ("Abandoned", "failed"),
        ("Deleted", "failed"),
        ("NoDonation", "failed"),
    ],
)
def test_each_documented_state_is_understood(helloasso, begin, told, state):
    checkout, intent = begin(create_charge())
    number = helloasso.pays_by_debit(intent)
    helloasso.set_state(number, told)

    checkouts.synchronise(checkout)

    assert state_of(checkout) == state
    assert received(checkout.charge) == ([("received", 40)] if state == "paid" else [])


def test_a_state_that_nobody_has_documented_waits_and_is_logged(helloasso, begin, caplog):
    checkout, intent = begin(create_charge())
    helloasso.set_state(helloasso.pays_by_debit(intent), "Teleported")

    checkouts.synchronise(checkout)

    assert (received(checkout.charge), state_of(checkout)) == ([], "waiting")
    assert [(record.message, record.state) for record in caplog.records] == [
        ("helloasso_unknown_state", "Teleported")
    ]


def test_two_payments_of_one_page_are_both_written_and_one_is_owed_back(helloasso, begin):
    checkout, intent = begin(create_charge())
    helloasso.pays_by_card(intent)
    helloasso.pays_by_card(intent)

    checkouts.synchronise(checkout)

    assert received(checkout.charge) == [("received", 40), ("received", 40)]
    assert Refund.objects.get().amount == 40


@pytest.mark.parametrize(("cents", "due"), [(3000, 10), (5000, 0)])
def test_another_amount_is_written_as_it_is(helloasso, begin, cents, due):
    checkout, intent = begin(create_charge())
    helloasso.pays_by_card(intent, amount=cents)

    checkouts.synchronise(checkout)

    charge = Charge.objects.get()
    assert received(charge) == [("received", Decimal(cents) / 100)]
    assert charge.amount_due == due
    assert [one.amount for one in charge.refunds.all()] == ([] if due else [10])


def test_an_amount_that_changes_afterwards_changes_nothing_and_is_logged(helloasso, paid, caplog):
    checkout, number = paid
    helloasso.payments[number]["amount"] = 100

    assert checkouts.synchronise(checkout) == []

    assert received(checkout.charge) == [("received", 40)]
    assert [record.message for record in caplog.records] == ["payment_mismatch"]


def test_a_payment_of_nothing_is_nothing(helloasso, begin):
    checkout, intent = begin(create_charge())
    helloasso.payments[helloasso.pays_by_card(intent)]["amount"] = 0

    assert checkouts.synchronise(checkout) == []


def test_a_late_payment_of_a_cancelled_charge_is_kept_and_owed_back(helloasso, begin):
    charge = create_charge()
    checkout, intent = begin(charge)
    charge.cancel(reason="Plus de place")
    helloasso.pays_by_card(intent)

    checkouts.synchronise(checkout)

    assert received(charge) == [("received", 40)]
    assert charge.refunds.get().amount == 40


# Read: what is not ours


def test_the_checkout_of_another_organisation_is_refused(helloasso, begin):
    begin(create_charge())
    number = helloasso.intent_of_another()
    stolen = Checkout.objects.create(charge=create_charge(), provider="helloasso", reference=number, amount=1)

    with pytest.raises(ProviderRefused):
        checkouts.synchronise(stolen)


def test_a_checkout_that_we_do_not_know_is_refused_without_asking(helloasso):
    with pytest.raises(ProviderRefused):
        providers.get("helloasso").read("4242")

    assert helloasso.asked == []


@pytest.mark.parametrize("metadata", [None, "S-000001", {}, {"reference": "S-999999"}])
def test_a_checkout_that_bears_another_reference_is_refused(helloasso, begin, metadata):
    checkout, intent = begin(create_charge())
    helloasso.pays_by_card(intent)
    helloasso.intents[intent]["body"]["metadata"] = metadata

    with pytest.raises(ProviderRefused, match="n’est pas celui que nous avons demandé"):
        checkouts.synchronise(checkout)
    assert Payment.objects.count() == 0


def test_the_intent_is_asked_of_our_organisation_only(helloasso, settings, begin):
    checkout, _intent = begin(create_charge())
    settings.HELLOASSO = settings.HELLOASSO | {"organization": THEIRS}

    with pytest.raises(ProviderRefused):
        checkouts.synchronise(checkout)


@pytest.mark.parametrize(
    "broken",
    [{"id": "x"}, {"amount": "beaucoup"}, {"date": "hier"}, {"date": None}, {"refundOperations": ["x"]}],
)
def test_a_payment_that_cannot_be_read_is_left_for_later(helloasso, paid, broken):
    checkout, number = paid
    helloasso.payments[number] |= broken

    with pytest.raises(ProviderDown):
        checkouts.synchronise(checkout)
    assert received(checkout.charge) == [("received", 40)]


def test_a_day_without_an_hour_zone_is_taken_as_it_is(helloasso, begin):
    checkout, intent = begin(create_charge())
    helloasso.pays_by_card(intent, date="2026-12-31T23:30:00")

    checkouts.synchronise(checkout)

    assert Payment.objects.get().valued_on == date(2026, 12, 31)


# The payer comes back


@pytest.mark.parametrize("fault", [500, 0.4])
def test_a_provider_that_is_down_at_return_does_not_invite_to_pay_twice(
    client, helloasso, begin, monkeypatch, time_machine_travel, fault
):
    monkeypatch.setattr(helloasso_api, "TIMEOUT", (4, 0.1))
    charge = create_charge()
    _checkout, intent = begin(charge)
    helloasso.pays_by_card(intent)
    helloasso.faults = [fault, fault]

    page = client.get(helloasso.return_url(intent), follow=True)

    assert "ne payez pas une seconde fois" in page.text
    assert "vous pouvez réessayer" not in page.text
    with time_machine_travel(seconds=6):
        client.get(helloasso.return_url(intent))
    assert charge.payments.count() == 1


def test_a_debit_that_waits_is_said_at_return(client, helloasso, begin):
    _checkout, intent = begin(create_charge())
    helloasso.pays_by_debit(intent)

    page = client.get(helloasso.return_url(intent), follow=True)

    assert "Votre banque doit encore confirmer" in page.text


def test_a_forged_return_pays_nothing(client, helloasso, begin):
    charge = create_charge()
    _checkout, intent = begin(charge)
    url = reverse("payments:charge_return", args=[charge.uuid])

    client.get(url, {"checkoutIntentId": intent, "code": "succeeded", "orderId": 1})

    assert Payment.objects.count() == 0
    assert timezone.now() >= Checkout.objects.get().read_at
