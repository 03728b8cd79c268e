"""What no notification told: open checkouts are read again, and HelloAsso's own list is compared with the books."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from payments import checkouts, tasks
from payments.models import Charge, Checkout, Payment, StatementLine
from payments.providers import helloasso as provider
from tests.factories import create_charge, create_staff
from tests.payments.test_helloasso import received

pytestmark = pytest.mark.django_db


def readings(helloasso):
    return len([path for method, path, *_rest in helloasso.asked if "checkout-intents/" in path])


# Open checkouts


def test_both_tasks_are_on_the_schedule():
    schedule = django_settings.CELERY_BEAT_SCHEDULE

    assert schedule["open-checkouts"] == {
        "task": tasks.read_open_checkouts.name,
        "schedule": 600.0,
    }
    assert schedule["helloasso-payments"]["task"] == tasks.sweep_helloasso.name


def test_a_payment_whose_notification_was_lost_is_found(helloasso, begin):
    charge = create_charge()
    _checkout, intent = begin(charge)
    helloasso.pays_by_card(intent)

    tasks.read_open_checkouts()

    assert received(charge) == [("received", 40)]
    assert Charge.objects.get().paid_at


def test_a_checkout_is_read_once_in_ten_minutes_then_once_an_hour_then_no_more(
    helloasso, begin, time_machine_travel
):
    begin(create_charge())
    counts = []
    for minutes in [0, 5, 10, 20, 30, 70, 80, 90, 140, 3 * 24 * 60 + 1]:
        with time_machine_travel(minutes=minutes):
            tasks.read_open_checkouts()
        counts.append(readings(helloasso))

    assert counts == [1, 1, 2, 3, 4, 4, 4, 5, 5, 5]


def test_a_debit_is_followed_until_the_bank_has_answered(helloasso, begin, time_machine_travel):
    charge = create_charge()
    _checkout, intent = begin(charge)
    number = helloasso.pays_by_debit(intent)
    tasks.read_open_checkouts()
    with time_machine_travel(days=6):
        tasks.read_open_checkouts()
        assert received(charge) == []
        helloasso.bank_honours(number)
    with time_machine_travel(days=6, hours=1):
        tasks.read_open_checkouts()

    assert received(charge) == [("received", 40)]


def test_a_provider_that_is_down_is_left_alone_until_the_next_run(
    helloasso, begin, time_machine_travel, caplog
):
    charges = [create_charge() for _number in range(3)]
    for charge in charges:
        helloasso.pays_by_card(begin(charge)[1])
    helloasso.faults = [500, 500]

    tasks.read_open_checkouts()
    assert (readings(helloasso), Payment.objects.count()) == (0, 0)
    assert [record.message for record in caplog.records] == ["read_failed"]

    with time_machine_travel(minutes=10):
        tasks.read_open_checkouts()
    assert Payment.objects.count() == 3


def test_a_checkout_that_is_refused_does_not_stop_the_others(helloasso, begin):
    _checkout, stolen = begin(create_charge())
    helloasso.intents[stolen]["organization"] = "une-autre"
    charge = create_charge()
    helloasso.pays_by_card(begin(charge)[1])

    tasks.read_open_checkouts()

    assert received(charge) == [("received", 40)]


@pytest.mark.parametrize(("name", "value"), [("BATCH", 2), ("BATCH_SECONDS", -1)])
def test_a_run_is_bounded_and_the_next_one_goes_on(helloasso, begin, monkeypatch, name, value):
    for _number in range(3):
        helloasso.pays_by_card(begin(create_charge())[1])
    with monkeypatch.context() as patched:
        patched.setattr(tasks, name, value)
        tasks.read_open_checkouts()
    assert Payment.objects.count() == max(value, 0)

    tasks.read_open_checkouts()

    assert Payment.objects.count() == 3


def test_a_provider_that_was_switched_off_is_not_read(helloasso, begin, settings):
    begin(create_charge())
    settings.PAYMENT_PROVIDERS = []

    tasks.read_open_checkouts()
    tasks.sweep_helloasso()

    assert readings(helloasso) == 0


# Its list of payments


def test_the_list_is_read_to_its_end(helloasso, begin, monkeypatch):
    monkeypatch.setattr(provider, "PAGE", 2)
    for _number in range(5):
        helloasso.pays_on_its_own_form(1000)

    tasks.sweep_helloasso()

    assert StatementLine.objects.count() == 5


def test_a_list_without_end_is_left(helloasso, monkeypatch, caplog):
    monkeypatch.setattr(provider, "PAGES", 1)
    monkeypatch.setattr(provider, "PAGE", 1)
    helloasso.pays_on_its_own_form(1000)

    tasks.sweep_helloasso()

    assert "helloasso_list_too_long" in caplog.text


def test_a_debit_that_showed_nothing_while_it_waited_is_found_by_the_list(
    helloasso, begin, time_machine_travel
):
    helloasso.shows_orders_that_wait = False
    charge = create_charge()
    _checkout, intent = begin(charge)
    number = helloasso.pays_by_debit(intent)
    with time_machine_travel(days=6):
        helloasso.bank_honours(number)
        tasks.read_open_checkouts()
        assert received(charge) == []

        tasks.sweep_helloasso()

    assert received(charge) == [("received", 40)]


@pytest.mark.parametrize(
    ("act", "kind", "after"),
    [("contest", "chargeback", 390), ("refunds", "refund", 390), ("bank_refuses", "chargeback", 2)],
)
def test_what_is_taken_back_long_after_is_found_by_the_list(
    helloasso, paid, time_machine_travel, act, kind, after
):
    checkout, number = paid
    with time_machine_travel(days=after):
        getattr(helloasso, act)(number)
        for _time in range(2):
            tasks.sweep_helloasso()

    assert received(checkout.charge) == [("received", 40), (kind, -40)]


def test_what_the_bank_gives_back_in_the_end_is_found_too(helloasso, paid):
    checkout, number = paid
    helloasso.contest(number)
    tasks.sweep_helloasso()
    helloasso.gives_in(number)

    tasks.sweep_helloasso()

    assert received(checkout.charge)[2:] == [("received", 40)]


def test_what_is_in_the_books_is_not_read_again(helloasso, paid):
    before = readings(helloasso)

    tasks.sweep_helloasso()

    assert readings(helloasso) == before


def test_a_listed_checkout_that_is_refused_does_not_stop_the_others(helloasso, begin, caplog):
    _checkout, intent = begin(create_charge())
    helloasso.pays_by_card(intent)
    helloasso.intents[intent]["organization"] = "une-autre"
    helloasso.pays_on_its_own_form(1000)

    tasks.sweep_helloasso()

    assert (Payment.objects.count(), StatementLine.objects.count()) == (0, 1)
    assert "read_failed" in caplog.text


def test_money_paid_on_a_form_of_helloasso_is_shown_to_staff_once(helloasso):
    number = helloasso.pays_on_its_own_form(2550, form="Donation")
    helloasso.refunds(number, 550)
    helloasso.refunds(helloasso.pays_on_its_own_form(1000))

    for _time in range(2):
        tasks.sweep_helloasso()

    line, back = StatementLine.objects.order_by("pk")
    assert (line.method, line.bank_id, line.amount) == ("helloasso", str(number), Decimal("25.50"))
    assert (line.payer, line.email, line.label) == ("Zoé Démo", "zoe@example.org", "Adhésion 2026")
    assert (back.amount, back.counters) == (Decimal("-5.50"), line)
    assert line.booked_on == timezone.localdate()
    assert Payment.objects.count() == 0


@pytest.mark.parametrize("is_matched_before", [False, True])
def test_the_tax_receipt_of_helloasso_follows_what_it_paid_whenever_it_comes(helloasso, is_matched_before):
    number = helloasso.pays_on_its_own_form(4000)
    tasks.sweep_helloasso()
    line, staff = StatementLine.objects.get(), create_staff()
    parts = {create_charge().pk: Decimal(30), create_charge().pk: Decimal(10)}

    if is_matched_before:
        line.pay(parts, by=staff)
    helloasso.payments[number]["fiscalReceiptUrl"] = "https://www.helloasso.com/recu/9"
    tasks.sweep_helloasso()
    if not is_matched_before:
        line.pay(parts, by=staff)

    told = Payment.objects.values_list("provider_receipt", flat=True)
    assert list(told) == ["https://www.helloasso.com/recu/9"] * 2


def test_the_tax_receipt_of_a_payment_in_the_books_is_noted_from_the_list(helloasso, paid):
    checkout, number = paid
    helloasso.payments[number]["fiscalReceiptUrl"] = "https://www.helloasso.com/recu/9"

    tasks.sweep_helloasso()

    assert checkout.charge.payments.get().provider_receipt == "https://www.helloasso.com/recu/9"


def test_money_that_does_not_come_is_not_shown(helloasso):
    helloasso.set_state(helloasso.pays_on_its_own_form(1000), "Refused")

    tasks.sweep_helloasso()

    assert StatementLine.objects.count() == 0


def test_a_nameless_payment_is_shown_by_its_form(helloasso):
    number = helloasso.pays_on_its_own_form(1000, form="Shop")
    helloasso.payments[number] |= {"payer": None, "items": []}

    tasks.sweep_helloasso()

    line = StatementLine.objects.get()
    assert (line.payer, line.label, line.amount) == ("", "bulletin-shop", Decimal(10))


@pytest.mark.parametrize("fault", [500, 403, b'{"data": [1], "pagination": {}}', b'{"data": []}'])
def test_a_list_that_fails_is_asked_again_tomorrow(helloasso, begin, caplog, fault):
    begin(create_charge())
    helloasso.faults = [fault, fault]

    tasks.sweep_helloasso()

    assert [record.message for record in caplog.records] == ["sweep_failed"]


def test_a_lost_notification_costs_ten_minutes_at_most(helloasso, begin):
    """The period of the schedule, and what may be read in it, leave no open checkout out."""
    begin(create_charge())
    Checkout.objects.update(read_at=timezone.now() - timedelta(minutes=10))

    assert Checkout.objects.to_read().not_read_lately().count() == 1
    assert checkouts.synchronise(Checkout.objects.get()) == []
