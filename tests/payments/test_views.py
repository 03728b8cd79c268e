import json
from decimal import Decimal
from uuid import uuid4

import pytest
import requests
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse

from events.models import Booking
from members.models import Application, Membership
from payments import tasks
from payments.models import Charge, Checkout, Payment, Refund, SandboxOrder, SandboxPayment
from tests.factories import create_charge, create_event, create_plan, register

pytestmark = pytest.mark.django_db
SECRET = django_settings.PAYMENT_NOTIFICATION_SECRET


@pytest.fixture
def wire(monkeypatch):
    """Carries the provider's HTTP request to our notification view, and keeps the answers."""
    answers = []

    def post(url, *, json, timeout):
        response = Client().post(
            url.removeprefix(django_settings.SITE_URL), json, content_type="application/json"
        )
        answer = requests.Response()
        answer.status_code = response.status_code
        answers.append((response.status_code, response.content.decode()))
        return answer

    monkeypatch.setattr(requests, "post", post)
    return answers


def start(client, charge):
    client.post(reverse("payments:charge_pay", args=[charge.uuid]), {"provider": "sandbox"})
    return SandboxOrder.objects.latest("pk")


def choose(client, order, choice):
    return client.post(reverse("payments:sandbox", args=[order.uuid]), {"choice": choice})


def notify(order, *, secret=SECRET, provider="sandbox", body=None):
    body = body if body is not None else json.dumps({"data": {"order": str(order.uuid)}})
    url = reverse("payments:notification", args=[provider, secret])
    return Client().post(url, body, content_type="application/json")


def test_paying_in_the_sandbox_is_heard_by_notification_and_leads_back(client, wire, run_commit_hooks):
    charge = create_charge(40)
    order = start(client, charge)

    with run_commit_hooks():
        response = choose(client, order, "pay")

    charge.refresh_from_db()
    assert charge.paid_at is not None
    assert wire == [(200, "Enregistré.")]
    assert response["Location"] == f"{django_settings.SITE_URL}/paiements/{charge.uuid}/retour/"
    assert client.get(response["Location"])["Location"] == charge.return_path


@pytest.mark.parametrize("choice", ["refuse", "leave"])
def test_a_return_without_payment_pays_nothing_and_says_so(client, wire, run_commit_hooks, choice):
    charge = create_charge(40)
    order = start(client, charge)

    with run_commit_hooks():
        choose(client, order, choice)
    response = client.get(reverse("payments:charge_return", args=[charge.uuid]), follow=True)

    assert "Nous n’avons pas reçu de paiement" in response.content.decode()
    assert Payment.objects.count() == 0


def test_a_forged_return_pays_nothing(client):
    charge = create_charge(40)
    start(client, charge)

    client.get(reverse("payments:charge_return", args=[charge.uuid]), {"code": "succeeded", "orderId": "1"})

    assert Payment.objects.count() == 0


def test_the_return_alone_is_enough_when_the_notification_is_lost(client):
    charge = create_charge(40)
    choose(client, start(client, charge), "pay")

    client.get(reverse("payments:charge_return", args=[charge.uuid]))

    assert charge.payments.count() == 1


def test_a_provider_that_was_switched_off_does_not_break_the_return(client, settings):
    charge = create_charge(40)
    start(client, charge)
    settings.PAYMENT_SANDBOX, settings.PAYMENT_PROVIDERS = False, []

    response = client.get(reverse("payments:charge_return", args=[charge.uuid]))

    assert response.headers["Location"] == charge.get_absolute_url()


def test_paying_twice_owes_the_second_back(client, wire, run_commit_hooks):
    charge = create_charge(40)
    order = start(client, charge)

    with run_commit_hooks():
        choose(client, order, "pay_twice")

    assert charge.payments.count() == 2
    assert Refund.objects.get().amount == Decimal(40)


def test_a_late_payment_is_unknown_until_its_time(client, wire, run_commit_hooks, time_machine_travel):
    booking = register(create_event(price=Decimal(20), capacity=1))
    order = start(client, booking.charge)
    with run_commit_hooks():
        choose(client, order, "pay_late")
    client.get(reverse("payments:charge_return", args=[booking.charge.uuid]))
    assert Payment.objects.count() == 0

    with time_machine_travel(minutes=26):
        tasks.notify_sandbox_payments()

    assert Booking.objects.get().state == Booking.State.CONFIRMED
    assert wire == [(200, "Enregistré.")]


def test_a_notification_nobody_answers_is_told_again_later(client, monkeypatch, wire, time_machine_travel):
    charge = create_charge(40)
    order = start(client, charge)
    choose(client, order, "pay")
    listening = requests.post

    def refuse(*args, **kwargs):
        raise requests.ConnectionError

    monkeypatch.setattr(requests, "post", refuse)
    tasks.notify_sandbox_payments()
    monkeypatch.setattr(requests, "post", listening)
    tasks.notify_sandbox_payments()
    assert Payment.objects.count() == 0

    with time_machine_travel(minutes=2):
        tasks.notify_sandbox_payments()
        tasks.notify_sandbox_payments()

    assert (Payment.objects.count(), len(wire)) == (1, 1)
    assert SandboxPayment.objects.get().notified_at is not None


def test_a_replayed_notification_changes_nothing(client):
    application = Application.submit(
        create_plan(), first_name="Zoé", last_name="Démo", email="zoe@example.org", request_key=uuid4()
    )
    order = start(client, application.charge)
    choose(client, order, "pay")

    answers = [notify(order).status_code for _ in range(3)]

    assert answers == [200, 200, 200]
    assert (Payment.objects.count(), Membership.objects.count()) == (1, 1)


def test_a_forged_notification_of_a_payment_that_was_not_made_records_nothing(client):
    order = start(client, create_charge(40))

    response = notify(order)

    assert (response.status_code, response.content.decode()) == (200, "Aucun paiement confirmé.")
    assert Payment.objects.count() == 0


def test_a_notification_for_an_unknown_payment_is_not_found():
    response = notify(SandboxOrder(amount=40))

    assert (response.status_code, response.content.decode()) == (404, "Paiement inconnu.")


@pytest.mark.parametrize(
    "body", ["", "{", "[]", "null", '{"data": 1}', '{"data": {"order": "1"}}', "\0", "é" * 10]
)
def test_a_notification_that_is_not_one_is_refused(body):
    response = notify(None, body=body)

    assert (response.status_code, response.content.decode()) == (400, "Notification illisible.")


@pytest.mark.parametrize(("secret", "provider"), [("faux", "sandbox"), (SECRET, "helloasso")])
def test_a_wrong_secret_or_provider_finds_nothing(client, secret, provider):
    order = start(client, create_charge(40))

    assert notify(order, secret=secret, provider=provider).status_code == 404


def test_a_paid_charge_cannot_be_paid_again(client):
    charge = create_charge(40)
    charge.record_payment(method="cheque", amount=Decimal(40), reference="1")

    response = client.post(
        reverse("payments:charge_pay", args=[charge.uuid]), {"provider": "sandbox"}, follow=True
    )

    assert "Il n’y a plus rien à payer ici." in response.content.decode()
    assert Checkout.objects.count() == 0


def test_what_is_left_is_what_is_asked(client):
    charge = create_charge(40)
    charge.record_payment(method="cheque", amount=Decimal(15), reference="1")

    assert start(client, charge).amount == Decimal(25)


def test_the_sandbox_does_not_exist_unless_it_is_switched_on(client, settings):
    charge = create_charge(40)
    order = start(client, charge)
    settings.PAYMENT_SANDBOX, settings.PAYMENT_PROVIDERS = False, []

    assert client.get(reverse("payments:sandbox", args=[order.uuid])).status_code == 404
    assert notify(order).status_code == 404
    page = client.post(
        reverse("payments:charge_pay", args=[charge.uuid]), {"provider": "sandbox"}, follow=True
    ).content.decode()
    assert "Le paiement en ligne n’est pas ouvert" in page


def test_an_unknown_choice_in_the_sandbox_is_refused(client):
    order = start(client, create_charge(40))

    assert choose(client, order, "voler").status_code == 400
    assert SandboxPayment.objects.count() == 0


def test_nobody_is_led_to_pay_for_a_place_that_is_no_longer_held(client, time_machine_travel):
    booking = register(create_event(price=Decimal(20)))

    with time_machine_travel(minutes=21):
        page = client.get(booking.charge.get_absolute_url()).content.decode()
        client.post(reverse("payments:charge_pay", args=[booking.charge.uuid]), {"provider": "sandbox"})

        assert "Le délai pour payer est passé" in page
        assert Checkout.objects.count() == 0
        assert list(Charge.objects.unpaid()) == []
    assert list(Charge.objects.unpaid()) == [booking.charge]
