"""Paying with Stripe, against a Stripe of the tests that keeps the documented rules."""

import json
import sys
import threading
import time
from datetime import date
from decimal import Decimal

import pytest
import time_machine
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse
from django.views.debug import ExceptionReporter

from mailing.models import Email
from payments import checkouts, providers
from payments.models import Charge, Checkout, Payment
from payments.providers import stripe as provider
from tests.factories import create_charge
from tests.fakes import stripe as fakes

pytestmark = pytest.mark.django_db
DONE, NOTHING_PAID, NOT_OURS = (
    (200, "Enregistré."),
    (200, "Aucun paiement confirmé."),
    (200, "Rien pour nous."),
)
UNKNOWN, UNREADABLE = (404, "Paiement inconnu."), (400, "Notification illisible.")


def told(response):
    return response.status_code, response.content.decode()


def order(**fields):
    usual = {
        "reference": "S-000001",
        "label": "Adhésion",
        "amount": Decimal(40),
        "has_gift": False,
        "payer": providers.Payer("Zoé", "zoe@example.org"),
        "return_url": "https://portail.example.org/retour/",
        "cancel_url": "https://portail.example.org/",
        "key": "clé-1",
    }
    return providers.Order(**usual | fields)


def state():
    return Checkout.objects.get().state


# Starting


def test_the_payer_is_led_to_a_page_that_asks_for_what_is_due_in_french(stripe):
    charge = create_charge(Decimal("40.10"), email="zoe@example.org")

    session = stripe.fake.sessions[stripe.start(charge)]

    assert (session["amount_total"], session["currency"]) == (4010, "eur")
    assert session["client_reference_id"] == charge.number
    assert 30 * 60 <= session["expires_at"] - time.time() <= 31 * 60
    _method, _path, headers = stripe.fake.asked[0]
    assert len(headers["Idempotency-Key"]) == 36


def test_the_page_speaks_the_language_of_the_payer(stripe, monkeypatch):
    asked = []
    create = fakes.FakeStripe._create_session
    monkeypatch.setattr(
        fakes.FakeStripe, "_create_session", lambda self, given: asked.append(given) or create(self, given)
    )

    for language in ("en", "fr"):
        client = Client(headers={"accept-language": language})
        stripe.start(create_charge(40), client)

    assert [given["locale"] for given in asked] == ["en", "fr"]
    assert asked[0]["allowed_payment_method_types"] == {"0": "card", "1": "sepa_debit"}


def test_the_same_request_told_twice_opens_one_page_and_another_under_its_key_is_refused(stripe):
    with time_machine.travel("2026-11-24 10:00", tick=False):
        first, second = provider.start(order()), provider.start(order())
        with pytest.raises(providers.ProviderRefused, match="same parameters"):
            provider.start(order(amount=Decimal(41)))

    assert first == second
    assert len(stripe.fake.sessions) == 1


def test_an_answer_lost_on_the_way_opens_one_page(stripe):
    def lose_answer(answer):
        answer()
        return 500, {"error": {"type": "api_error", "message": "Lost"}}

    stripe.fake.faults = [lose_answer]

    stripe.start(create_charge(40))

    assert len(stripe.fake.sessions) == 1


def test_a_sum_too_small_for_them_is_said_as_such(stripe):
    with pytest.raises(providers.ProviderRefused, match="pas de somme aussi petite"):
        provider.start(order(amount=Decimal("0.49")))


# Paying


def test_a_card_paid_is_heard_by_notification(stripe):
    charge = create_charge(40)

    with time_machine.travel("2026-12-31 23:30 +0100", tick=False):
        intent = stripe.pay(charge)

    payment = charge.payments.get()
    assert charge.paid_at is not None
    assert (payment.method, payment.amount, payment.reference) == ("stripe", Decimal(40), intent)
    assert payment.valued_on == date(2026, 12, 31)
    assert state() == "paid"


def test_the_return_alone_is_enough_when_the_notification_is_lost(stripe, client):
    charge = create_charge(40)
    stripe.fake.pay(stripe.start(charge))

    response = client.get(reverse("payments:charge_return", args=[charge.uuid]))

    assert response["Location"] == charge.return_path
    assert charge.payments.count() == 1


def test_a_return_before_anything_is_paid_pays_nothing(stripe, client):
    charge = create_charge(40)
    stripe.fake.refuse_card(stripe.start(charge))

    client.get(reverse("payments:charge_return", args=[charge.uuid]))

    assert (Payment.objects.count(), state()) == (0, "open")


def test_a_direct_debit_waits_for_the_bank_which_honours_it(stripe):
    charge = create_charge(40)
    session = stripe.start(charge)
    stripe.fake.pay(session, method="sepa_debit")

    assert told(stripe.carry("checkout.session.completed")) == NOTHING_PAID
    assert (Payment.objects.count(), state()) == (0, "waiting")

    stripe.fake.honour(session)
    assert told(stripe.carry("checkout.session.async_payment_succeeded")) == DONE
    assert (charge.payments.get().amount, state()) == (Decimal(40), "paid")


def test_a_direct_debit_that_the_bank_refuses_pays_nothing(stripe):
    charge = create_charge(40)
    session = stripe.start(charge)
    stripe.fake.pay(session, method="sepa_debit")
    stripe.fake.bounce(session)

    assert told(stripe.carry("checkout.session.async_payment_failed")) == NOTHING_PAID
    assert (Payment.objects.count(), state()) == (0, "failed")
    assert charge.amount_due == Decimal(40)


def test_a_page_that_expired_brings_nothing(stripe):
    stripe.fake.expire(stripe.start(create_charge(40)))

    assert told(stripe.carry("checkout.session.expired")) == NOTHING_PAID
    assert state() == "failed"


def test_an_amount_that_differs_is_recorded_as_it_came(stripe):
    charge = create_charge(40)

    stripe.pay(charge, amount=3000)

    assert (charge.payments.get().amount, charge.amount_due) == (Decimal(30), Decimal(10))


def test_another_currency_is_not_taken_for_euros(stripe):
    charge = create_charge(40)

    stripe.pay(charge, currency="usd")

    assert Payment.objects.count() == 0
    assert list(Charge.objects.unclear()) == [charge]


# Notifications


def test_a_notification_told_again_or_in_any_order_records_once(stripe):
    charge = create_charge(40)
    intent = stripe.fake.pay(stripe.start(charge))
    stripe.fake.give_back(intent, 1500)

    assert told(stripe.carry("charge.refunded")) == NOT_OURS
    assert Payment.objects.count() == 0
    answers = [told(stripe.carry("checkout.session.completed")) for _ in range(3)]

    assert answers == [DONE] * 3
    assert sorted(charge.payments.values_list("amount", flat=True)) == [Decimal(-15), Decimal(40)]
    assert told(stripe.carry("charge.refunded")) == DONE
    assert charge.payments.count() == 2


@pytest.mark.parametrize(
    "signature",
    [{"secret": "whsec_another"}, {"age": 301}, {"header": ""}, {"header": "t=1"}, {"header": "v1=é,t=x"}],
    ids=str,
)
def test_a_notification_that_they_did_not_sign_just_now_is_refused(stripe, signature):
    stripe.fake.pay(stripe.start(create_charge(40)))

    assert told(stripe.carry("checkout.session.completed", **signature)) == UNREADABLE
    assert Payment.objects.count() == 0


def test_a_notification_altered_or_cut_short_is_refused(stripe):
    stripe.fake.pay(stripe.start(create_charge(40)))
    body = json.dumps(stripe.fake.last("checkout.session.completed"))
    header = stripe.fake.sign(body)

    for other in (body.replace("unpaid", "paid") + " ", body[: len(body) // 2], ""):
        assert told(stripe.post(other, header=header)) == UNREADABLE
    assert told(stripe.post(b"\xff\xfe", header=header)) == UNREADABLE
    assert stripe.post("x" * 1_000_000, header=header).status_code == 413
    assert Payment.objects.count() == 0


@pytest.mark.parametrize("body", ["{", "[]", "null", "1", "{}", '{"data": {"object": "cs"}}', '{"data": {}}'])
def test_what_they_sign_and_is_no_event_is_refused(stripe, body):
    assert told(stripe.post(body)) == UNREADABLE


@pytest.mark.parametrize(
    "about",
    [
        {"object": "customer", "id": "cus_1"},
        {"object": "checkout.session", "id": "cs_1", "metadata": {}},
        {"object": "checkout.session", "id": "cs_1", "metadata": None},
        {"object": "dispute", "id": "du_1", "payment_intent": "pi_of_another_shop"},
        {"object": "refund", "id": "re_1", "payment_intent": None},
        {"object": "payment_intent", "id": "pi_of_another_shop"},
    ],
    ids=lambda about: about["object"],
)
def test_what_the_account_does_elsewhere_is_heard_and_left(stripe, about):
    assert told(stripe.post(json.dumps({"data": {"object": about}}))) == NOT_OURS


def test_a_session_of_ours_that_we_do_not_know_is_not_found(stripe):
    about = {"object": "checkout.session", "id": "cs_1", "metadata": {"charge": "S-000001"}}

    assert told(stripe.post(json.dumps({"data": {"object": about}}))) == UNKNOWN


def test_another_account_s_session_is_refused(stripe):
    charge = create_charge(40)
    checkout = Checkout.objects.create(charge=charge, provider="stripe", reference="cs_elsewhere", amount=40)

    with pytest.raises(providers.ProviderRefused, match="ne connaît pas"):
        checkouts.synchronise(checkout)

    about = {"object": "checkout.session", "id": "cs_elsewhere", "metadata": {"charge": charge.number}}
    assert told(stripe.post(json.dumps({"data": {"object": about}}))) == UNKNOWN


def test_the_session_of_another_charge_is_refused(stripe):
    charge, other = create_charge(40), create_charge(40)
    session = stripe.start(charge)
    stripe.fake.pay(session)
    Checkout.objects.update(charge=other)

    assert told(stripe.carry("checkout.session.completed")) == UNKNOWN
    assert Payment.objects.count() == 0


# Faults


SECRETS = [fakes.KEY, fakes.WEBHOOK_SECRET, django_settings.PAYMENT_NOTIFICATION_SECRET]
FAULTS = {
    "401": 401,
    "402": 402,
    "403": 403,
    "409": 409,
    "429": 429,
    "500": 500,
    "hangs up": lambda answer: None,
    "no JSON": lambda answer: (200, "<html>"),
    "no error in the error": lambda answer: (400, {}),
    "refuses": lambda answer: (400, {"error": {"message": "No"}}),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_at_the_start_leaves_nothing_half_done(stripe, client, fault):
    charge = create_charge(40)
    stripe.fake.faults = [fault, fault]

    url = reverse("payments:charge_pay", args=[charge.uuid])
    response = client.post(url, {"provider": "stripe"}, follow=True)

    assert response.redirect_chain == [(charge.get_absolute_url(), 302)]
    assert "Rien n’est perdu" in response.content.decode()
    assert Checkout.objects.count() == 0


def test_one_fault_on_the_way_is_tried_again(stripe):
    stripe.fake.faults = [500]

    stripe.start(create_charge(40))

    assert len(stripe.fake.asked) == 2


def test_a_provider_that_is_down_at_the_return_or_at_the_notification_is_asked_again_later(stripe, client):
    charge = create_charge(40)
    stripe.fake.pay(stripe.start(charge))

    stripe.fake.faults = [503, 503]
    client.get(reverse("payments:charge_return", args=[charge.uuid]))
    stripe.fake.faults = [429]
    assert told(stripe.carry("checkout.session.completed")) == (503, "Réessayez plus tard.")
    assert Payment.objects.count() == 0

    assert told(stripe.carry("checkout.session.completed")) == DONE


def test_nobody_waits_for_a_slow_provider(stripe, monkeypatch):
    monkeypatch.setattr(provider, "TIMEOUT", 0.05)
    over = threading.Event()
    stripe.fake.faults = [lambda answer: over.wait(5) and None] * 2

    with pytest.raises(providers.ProviderDown):
        provider.start(order())
    over.set()


def test_secrets_reach_no_log_no_page_and_no_error_report(stripe, client, caplog):
    for logger in ("stripe", "urllib3", "payments"):
        caplog.set_level("DEBUG", logger)
    charge = create_charge(40)
    url = reverse("payments:charge_pay", args=[charge.uuid])
    seen = []
    for fault in [FAULTS["401"], FAULTS["hangs up"], FAULTS["refuses"]]:
        stripe.fake.faults = [fault] * 4
        seen.append(client.post(url, {"provider": "stripe"}, follow=True).content.decode())
        try:
            provider.start(order())
        except (providers.ProviderDown, providers.ProviderRefused):
            seen.append(ExceptionReporter(None, *sys.exc_info()).get_traceback_html())
    stripe.fake.faults = []
    stripe.fake.pay(stripe.start(charge))
    seen += [stripe.carry("checkout.session.completed", secret="whsec_another").content.decode()]
    seen += [stripe.carry("checkout.session.completed").content.decode(), caplog.text]
    seen += [str(vars(record)) for record in caplog.records]
    seen += [str(vars(mail)) for mail in Email.objects.all()]

    leaks = [
        text[max(0, text.find(secret) - 150) :][:300] for text in seen for secret in SECRETS if secret in text
    ]
    assert leaks == []
    assert "start_failed" in caplog.text
