"""A place given back of what is in the books and not paid: what is asked is corrected, and never asked anew."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from events.models import Booking, Place
from mailing.models import Email
from payments import invoicing
from payments.models import Billing, Charge, Document, Refund
from tests import papers
from tests.events.test_event import STATE
from tests.factories import create_event, create_price, create_staff, pay, register
from tests.papers import COMPANY

pytestmark = pytest.mark.django_db
CHU = "CHU de Montpellier\n191 avenue du Doyen\n34295 Montpellier"


@pytest.fixture(autouse=True)
def _who_we_are(settings):
    papers.know_ourselves(settings)


def come(event=None, *, of=3, **fields):
    """A booking of so many places at 20 €: Lou, Max, Noé and Zoé."""
    event = event or create_event(price=Decimal(20), allows_invoice=True)
    names = ["Lou", "Max", "Noé", "Zoé"][:of]
    places = [Place(name, f"{name.lower()}@example.org") for name in names]
    return register(event, "lou@example.org", places=places, **fields)


def receive(charge, amount):
    charge.record_payment(method="transfer", amount=Decimal(amount), reference=f"{charge.pk}-{amount}")


def give_back(booking, name):
    booking = Booking.objects.get(pk=booking.pk)
    booking.cancel(booking.registrations.get(name=name))
    return Booking.objects.select_related("charge").get(pk=booking.pk)


def asked(booking):
    """By name, what is still asked for each who came first."""
    return [line.left for line in booking.charge.lines.order_by("pk")]


def promised():
    return [refund.amount for refund in Refund.objects.to_make().order_by("pk")]


def test_an_invoice_stands_with_its_day_and_one_line_of_it_is_credited(run_commit_hooks):
    with run_commit_hooks():
        booking = come(invoice_to=CHU)
    with time_machine.travel(timezone.now() + timedelta(days=10)), run_commit_hooks():
        after = give_back(booking, "Max")

    assert after.charge == booking.charge
    assert (after.charge.due_on, after.charge.amount_due) == (booking.charge.due_on, 40)
    assert Document.objects.filter(kind="invoice").count() == 1
    note = Document.objects.get(kind="credit_note")
    assert [(line["amount"], "Max" in line["label"]) for line in note.lines] == [("20.00", True)]


def test_a_reduction_by_staff_stays_for_who_stays():
    booking = come()
    booking.charge.reduce(Decimal(5), reason="Geste", line=booking.charge.lines.order_by("pk")[0])

    after = give_back(booking, "Max")

    assert (after.charge, after.charge.amount_due) == (booking.charge, 35)
    assert asked(after) == [15, 0, 20]
    assert (after.state, after.charge.payable_until) == (STATE.HELD, booking.expires_at)


def test_what_staff_asked_less_of_who_leaves_is_not_taken_off_twice():
    booking = come()
    booking.charge.reduce(Decimal(5), reason="Geste", line=booking.charge.lines.order_by("pk")[1])

    after = give_back(booking, "Max")

    assert after.charge.amount_due == 40


def test_what_came_in_stays_for_the_others_and_the_rest_is_asked():
    booking = come(of=2)
    receive(booking.charge, 5)

    after = give_back(booking, "Lou")

    assert (after.charge, after.charge.amount_due, after.state) == (booking.charge, 15, STATE.HELD)
    assert promised() == []
    receive(after.charge, 15)
    assert Booking.objects.get().state == STATE.CONFIRMED


def test_what_is_covered_then_is_paid_and_the_place_given():
    booking = come(of=2)
    receive(booking.charge, 20)

    after = give_back(booking, "Lou")

    assert (after.state, after.charge.paid_at is None) == (STATE.CONFIRMED, False)
    assert (promised(), asked(after)) == ([], [0, 20])
    mail = Email.objects.get(key=f"events.confirmed.{booking.pk}").text.replace("\u00a0", " ")
    assert "paiement de 20,00 €" in mail
    assert "- Lou" not in mail


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({}, [5]),
        ({"cancellation_fee": Decimal(3)}, [2]),
        ({"cancellation_fee": Decimal(10)}, []),
        ({"refunds_until": timezone.now() - timedelta(days=1)}, []),
    ],
)
def test_what_came_in_for_who_leaves_is_owed_back_by_the_policy(policy, expected):
    booking = come(create_event(price=Decimal(20), **policy), of=2)
    receive(booking.charge, 25)

    after = give_back(booking, "Lou")

    assert promised() == expected
    assert after.state == STATE.CONFIRMED
    assert after.charge.amount_kept == after.charge.amount_owed == 25 - sum(expected)


def test_covered_too_late_for_any_place_all_is_owed_back():
    event = create_event(price=Decimal(20), capacity=2)
    booking = come(event, of=2)
    receive(booking.charge, 25)

    with time_machine.travel(timezone.now() + timedelta(minutes=30)):
        register(event, places=2)
        after = give_back(booking, "Lou")

    assert after.state == STATE.EXPIRED
    assert (after.charge.amount_kept, sum(promised())) == (0, 25)


def test_only_a_free_place_is_left_of_what_was_paid_in_part():
    event = create_event()
    prices = [create_price(event, Decimal(amount)) for amount in (20, 0)]
    booking = register(event, places=[Place("Lou", price=prices[0]), Place("Max", price=prices[1])])
    receive(booking.charge, 5)

    after = give_back(booking, "Lou")

    assert (after.state, promised()) == (STATE.CONFIRMED, [5])
    assert "votre paiement" not in Email.objects.get(key=f"events.confirmed.{booking.pk}").text


@pytest.mark.parametrize("act", ["hand_over", "move", "rename"])
def test_a_place_under_another_name_is_still_its_line(act):
    booking = come(of=3, invoice_to=CHU)
    invoicing.invoice(booking.charge)
    max_ = booking.registrations.get(name="Max")
    if act == "move":
        booking.move(create_event(price=Decimal(20)))
    elif act == "rename":
        max_.rename("Maxime")
    else:
        max_.hand_over(name="Ami", email="ami@example.org")
    max_.refresh_from_db()

    after = give_back(booking, max_.name)

    assert (after.charge, asked(after)) == (booking.charge, [20, 0, 20])


def test_an_invoice_that_comes_after_a_move_says_the_new_date(run_commit_hooks):
    booking = come(invoice_to="CHU")  # nobody knows where to send it
    booking.move(there := create_event(price=Decimal(20), starts_in=timedelta(days=90)))
    Billing.objects.update(**COMPANY)

    with run_commit_hooks():
        invoicing.invoice(booking.charge)

    assert Charge.objects.get().supplied_on == timezone.localdate(there.starts_at)


def test_who_leaves_after_another_is_their_own_line():
    booking = come(create_event(price=Decimal(20), cancellation_fee=Decimal(5)), of=4)
    give_back(booking, "Lou")  # in no book yet: asked anew
    pay(Booking.objects.get())
    give_back(booking, "Max")

    after = give_back(booking, "Zoé")

    assert asked(after) == [5, 20, 5]
    assert promised() == [15, 15]


def test_of_a_paid_invoice_just_the_line_of_who_leaves_is_credited(run_commit_hooks):
    with run_commit_hooks():
        booking = come(invoice_to=CHU)
    with run_commit_hooks():
        receive(booking.charge, 60)
        give_back(booking, "Lou")

    assert [line["label"].count("Lou") for line in Document.objects.get(kind="credit_note").lines] == [1]


def test_a_paid_place_brings_back_no_more_than_what_was_asked_for_it():
    booking = come()
    booking.charge.reduce(Decimal(5), reason="Geste", line=booking.charge.lines.order_by("pk")[1])
    receive(booking.charge, 55)

    give_back(booking, "Max")

    assert promised() == [15]


def test_what_staff_have_given_up_is_not_asked_again():
    booking = come(invoice_to=CHU)
    invoicing.invoice(booking.charge)
    booking.charge.write_off(reason="Perdu", by=create_staff())

    after = give_back(booking, "Max")

    assert (Charge.objects.count(), after.charge.amount_due) == (1, 0)


def test_what_a_bank_took_back_is_asked_for_who_stays():
    booking = come(of=2)
    payment = pay(booking)
    booking.charge.take_back(payment, amount=Decimal(40), reference="cb", kind="chargeback")

    after = give_back(booking, "Lou")

    assert (after.charge, after.charge.amount_due, after.state) == (booking.charge, 20, STATE.CONFIRMED)


def test_what_is_in_no_book_is_asked_anew_with_its_day():
    booking = come(invoice_to="Sans adresse")
    Billing.objects.update(**COMPANY | {"city": ""})

    with time_machine.travel(timezone.now() + timedelta(days=10)):
        after = give_back(booking, "Max")

    assert after.charge != booking.charge
    assert (after.charge.due_on, after.charge.amount_due) == (booking.charge.due_on, 40)


def test_the_page_of_the_booking_says_what_is_asked_now(client):
    booking = come()
    booking.charge.reduce(Decimal(5), reason="Geste")
    give_back(booking, "Lou")

    page = client.get(booking.get_absolute_url()).text.replace("\u00a0", " ")

    assert ("35,00 €" in page, "60,00 €" in page) == (True, False)
