"""What HelloAsso's calls may be: theirs, forged, signed or not, twice, out of order, cut, huge; and what they never show."""

import json
import logging

import pytest
from django.conf import settings as django_settings
from django.test import Client, RequestFactory
from django.urls import reverse
from django.views.debug import ExceptionReporter

from iamm.logs import JsonFormatter
from payments import checkouts
from payments.models import Charge, Payment
from payments.providers import ProviderDown, ProviderRefused, helloasso_api
from tests.factories import create_charge
from tests.fakes.helloasso import SECRET

pytestmark = pytest.mark.django_db
ADDRESS = reverse("payments:notification", args=["helloasso", django_settings.PAYMENT_NOTIFICATION_SECRET])
PATHS = {"order": ["data", "checkoutIntentId"], "payment": ["data", "order", "checkoutIntentId"]}


def carry(told, **extra):
    """Bring it to the portal; what it answers."""
    body, headers = told if isinstance(told, tuple) else (told, {})
    response = Client().post(ADDRESS, body, content_type="application/json", headers=headers, **extra)
    return response.status_code, response.content.decode()


@pytest.fixture
def told(helloasso, begin):
    """A card has paid: the checkout, and the two calls that say so."""
    checkout, intent = begin(create_charge())
    helloasso.pays_by_card(intent)
    payment, order = helloasso.take_notifications()
    return checkout, payment, order


def edited(call, **fields):
    body = json.loads(call[0])
    return json.dumps(body | fields).encode()


def without_intent(call):
    body = json.loads(call[0])
    del body["data"]["order"]["checkoutIntentId"]
    return json.dumps(body).encode()


@pytest.mark.parametrize("arrive", [[0, 1], [1, 0], [0, 0, 1, 1, 0], [1]])
def test_twice_or_out_of_order_a_payment_is_written_once(told, arrive):
    checkout, *calls = told

    answers = [carry(calls[index]) for index in arrive]

    assert answers == [(200, "Enregistré.")] * len(arrive)
    assert Payment.objects.get().charge == checkout.charge
    assert Charge.objects.get().paid_at


def test_a_forged_call_only_makes_us_ask(told, helloasso):
    checkout, _payment, order = told
    forged = edited(order, data={"formType": "Checkout", "checkoutIntentId": int(checkout.reference)})
    for number in helloasso.payments:
        helloasso.set_state(number, "Refused")
        helloasso.payments[number]["paymentMeans"] = "Card"
    helloasso.shown_orders.clear()

    assert carry(forged) == (200, "Aucun paiement confirmé.")
    assert Payment.objects.count() == 0


def test_a_replay_after_a_refund_pays_nothing_again(told, helloasso):
    checkout, payment, _order = told
    carry(payment)
    helloasso.refunds(next(iter(helloasso.payments)))

    carry(payment)
    carry(payment)

    assert [one.amount for one in Payment.objects.order_by("pk")] == [40, -40]
    assert checkout.charge.checkouts.count() == 1


def test_the_number_of_another_organisation_s_checkout_finds_nothing(told, helloasso):
    _checkout, _payment, order = told
    number = helloasso.intent_of_another()
    helloasso.asked.clear()

    answer = carry(edited(order, data={"formType": "Checkout", "checkoutIntentId": number}))

    assert answer == (404, "Paiement inconnu.")
    assert helloasso.asked == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"data": 1}',
        b'{"eventType": "Order"}',
        b'{"eventType": "Order", "data": [1]}',
        b'{"eventType": "Payment", "data": {"order": 3}}',
        b'{"eventType": ["Order"], "data": {}}',
        b'{"eventType": "Order", "data": {"formType": "Checkout", "checkoutIntentId": "x"}}',
        b'{"eventType": "Payment", "data": {"order": {"formType": "Checkout"}}}',
        b'{"eventType": "Payment", "data": {"order": {"formType": "Checkout"}, "id": {}}, "metadata": 3}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a": ' + b"9" * 5000 + b"}",
    ],
)
def test_a_call_that_is_not_one_is_refused(helloasso, body):
    assert carry(body) == (400, "Notification illisible.")


def test_a_call_cut_anywhere_changes_nothing(told):
    _checkout, payment, _order = told
    body = payment[0]

    for length in range(0, len(body), 97):
        assert carry(body[:length])[0] == 400
    assert Payment.objects.count() == 0


def test_a_call_of_one_megabyte_is_not_read(told):
    _checkout, payment, _order = told

    assert carry(edited(payment, padding="x" * 1_000_000)) == (413, "Notification trop longue.")
    assert Payment.objects.count() == 0


@pytest.mark.parametrize(
    "body",
    [
        {"eventType": "Form", "data": {"formType": "Checkout"}},
        {"eventType": "Organization", "data": {"oldSlug": "a"}},
        {"eventType": "Payment", "data": {"id": 1, "order": {"formType": "Membership"}}},
        {"eventType": "Order", "data": {"id": 1, "formType": "Checkout"}},
        {"eventType": "Order", "data": {"formType": "Checkout", "checkoutIntentId": 3}, "metadata": {"x": 1}},
    ],
)
def test_what_speaks_of_nothing_of_ours_is_thanked(helloasso, body):
    assert carry(json.dumps(body).encode()) == (200, "Rien pour nous.")


def test_a_payment_told_without_its_checkout_is_found_by_its_number_once_it_is_known(told, helloasso):
    checkout, payment, order = told
    assert carry(without_intent(payment)) == (404, "Paiement inconnu.")
    carry(order)
    [number] = helloasso.payments
    helloasso.contest(number)

    assert carry(without_intent(helloasso.take_notifications()[0])) == (200, "Enregistré.")
    assert [one.amount for one in checkout.charge.payments.order_by("pk")] == [40, -40]


def test_a_partner_s_calls_are_signed_and_no_other_is_heard(helloasso, begin, settings):
    helloasso.signature_key = "cle-de-signature-a-ne-pas-montrer"
    settings.HELLOASSO = helloasso.settings
    _checkout, intent = begin(create_charge())
    helloasso.pays_by_card(intent)
    (body, headers), _order = helloasso.take_notifications()

    for forged in [{}, {"x-ha-signature": "0" * 64}, {"x-ha-signature": "é"}]:
        assert carry((body, forged)) == (400, "Notification illisible.")
    assert carry((body + b" ", headers))[0] == 400
    assert carry((body, headers)) == (200, "Enregistré.")


def test_only_the_addresses_of_helloasso_are_heard_when_they_are_given(told, settings):
    _checkout, payment, _order = told
    settings.HELLOASSO = settings.HELLOASSO | {"sources": ["51.138.206.200"]}
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1

    assert carry(payment, HTTP_X_FORWARDED_FOR="51.138.206.200, 192.0.2.1")[0] == 400
    assert carry(payment, REMOTE_ADDR="192.0.2.1")[0] == 400
    assert carry(payment, HTTP_X_FORWARDED_FOR="192.0.2.1, 51.138.206.200") == (200, "Enregistré.")


@pytest.mark.parametrize("faults", [[500, 500], [429], [b"<html>"]])
def test_a_provider_that_is_down_when_it_calls_is_asked_to_call_again(told, helloasso, faults):
    _checkout, payment, _order = told
    helloasso.faults = faults

    assert carry(payment) == (503, "Réessayez plus tard.")
    assert carry(payment) == (200, "Enregistré.")


# Secrets


def secrets_of(helloasso):
    return [SECRET, django_settings.PAYMENT_NOTIFICATION_SECRET, *helloasso.access, *helloasso.refresh]


def reported(error):
    """What an error report of production would show."""
    trace = error.__traceback__
    while "/tests/" in trace.tb_frame.f_code.co_filename:
        trace = trace.tb_next
    reporter = ExceptionReporter(RequestFactory().get("/"), type(error), error, trace)
    return reporter.get_traceback_html() + reporter.get_traceback_text()


@pytest.fixture
def log(caplog):
    caplog.set_level(logging.DEBUG)
    return lambda: "\n".join(JsonFormatter().format(record) for record in caplog.records)


@pytest.mark.parametrize("fault", [403, b"<html>", 0.3])
def test_no_secret_is_in_a_log_a_page_or_an_error_report(
    client, helloasso, begin, log, settings, monkeypatch, fault
):
    settings.DEBUG = False
    monkeypatch.setattr(helloasso_api, "TIMEOUT", (1, 0.1))
    settings.PAYMENT_NOTIFICATION_SECRET = django_settings.PAYMENT_NOTIFICATION_SECRET
    charge = create_charge()
    checkout, intent = begin(charge)
    helloasso.pays_by_card(intent)
    pages, reports = [], []
    for url in [charge.get_absolute_url(), helloasso.return_url(intent)]:
        helloasso.faults = [fault, fault]
        pages.append(client.get(url, follow=True).text)
    for failing in [[fault, fault], [401, 401, fault]]:
        for act in [lambda: checkouts.synchronise(checkout), lambda: checkouts.start(charge, "helloasso")]:
            helloasso.faults = [*failing]
            try:
                act()
            except (ProviderDown, ProviderRefused, checkouts.NotPayable) as error:
                reports.append(reported(error))

    carry(helloasso.take_notifications()[0])

    assert reports
    shown = "\n".join([log(), *pages, *reports])
    assert [secret for secret in secrets_of(helloasso) if secret in shown] == []
    assert "client_secret" in shown  # the settings are shown, without their values


def test_a_wrong_key_is_in_no_report_either(helloasso, begin, log, settings):
    settings.DEBUG = False
    wrong = "un-secret-qui-n-est-pas-le-bon"
    settings.HELLOASSO = settings.HELLOASSO | {"client_secret": wrong}

    with pytest.raises(ProviderRefused) as error:
        begin(create_charge())

    assert wrong not in reported(error.value) + log()
