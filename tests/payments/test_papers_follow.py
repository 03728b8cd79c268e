"""Documents that follow money: invoices of organisations by themselves, credit notes with each correction."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db.models import Sum
from django.utils import timezone

from mailing.models import Email
from payments import invoicing, tasks
from payments.models import Billing, Charge, Closing, Document, Refund, RefundTooLarge
from tests import papers
from tests.factories import create_charge, create_event, create_plan, create_staff, register
from tests.members.applying import ORGANISATION, submit
from tests.papers import COMPANY, SOMEBODY, create_billed, failures, text_of, xml_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _who_we_are(settings):
    papers.know_ourselves(settings)


@pytest.fixture
def invoiced():
    charge = create_billed(("dues", 100), ("event", 30))
    invoicing.invoice(charge)
    return charge


def pay(charge, amount):
    charge.record_payment(method="transfer", amount=Decimal(amount), reference=f"{charge.pk}-{amount}")


def invoices():
    return list(Document.objects.filter(kind="invoice").order_by("pk"))


def notes():
    """Once the schedule has run."""
    tasks.issue_credit_notes()
    return list(Document.objects.filter(kind="credit_note").order_by("pk"))


def mails():
    return sorted(one.replace("\u00a0", " ") for one in Email.objects.values_list("subject", flat=True))


# Credit notes


def test_a_credit_note_is_valid_and_names_the_invoice_it_corrects():
    charge = create_billed(("dues", 100))
    [invoice] = invoicing.invoice(charge)

    charge.reduce(Decimal(40), reason="Erreur de tarif")

    [note] = notes()
    content = xml_of(note)
    assert failures(content) == set()
    assert f">{invoice.number}</ram:IssuerAssignedID>".encode() in content
    assert b">381</ram:TypeCode>" in content
    text = text_of(note)
    said = [
        *(f"Avoir {note.number}", f"facture {invoice.number} du", "À votre crédit", COMPANY["name"]),
        *("Total de l’avoir 40,00 €", "SIRET 12345678200010", "Hors du champ d’application de la TVA"),
    ]
    assert [one for one in said if one not in text] == []
    assert mails() == [f"Avoir {note.number} de 40,00 €"]


def test_a_credit_note_that_a_rule_would_refuse_is_seen():
    charge = create_billed(("dues", 100))
    invoicing.invoice(charge)
    charge.cancel()
    content = xml_of(notes()[0])
    reference = content[content.index(b"<ram:InvoiceReferencedDocument") :]
    reference = reference[: reference.index(b"</ram:InvoiceReferencedDocument>") + 32]

    assert any("BR-FR-CO-05" in one for one in failures(content.replace(reference, b"")))


def test_cancelling_credits_each_invoice_of_what_is_left(invoiced):
    invoiced.reduce(Decimal(10), reason="Geste", line=invoiced.lines.get(nature="event"))
    assert [note.total for note in notes()] == [10]

    invoiced.cancel()

    assert [note.total for note in notes()][1:] == [20, 100]
    credited = Document.objects.filter(kind="credit_note").values_list("corrects").annotate(Sum("total"))
    assert dict(credited) == {one.pk: one.total for one in invoices()}


def test_what_is_given_back_of_a_paid_invoice_is_credited(invoiced):
    pay(invoiced, 130)

    invoiced.owe_refund(Decimal(30), reason=Refund.Reason.GESTURE, line=invoiced.lines.get(nature="event"))

    assert [(note.total, note.corrects.vat) for note in notes()] == [(30, "261-7-1-b")]


def test_what_was_paid_too_much_is_no_credit_note(invoiced):
    pay(invoiced, 150)

    assert Refund.objects.get().amount == 20
    assert notes() == []


def test_a_loss_is_no_credit_note(invoiced):
    invoiced.write_off(reason="Perdu", by=create_staff())

    assert notes() == []


def test_what_was_corrected_before_the_invoice_is_not_on_it():
    charge = create_billed(("dues", 100), ("event", 30))
    charge.reduce(Decimal(30), reason="Geste", line=charge.lines.get(nature="event"))

    assert [one.total for one in invoicing.invoice(charge)] == [100]
    assert notes() == []


def test_a_correction_is_a_credit_note_then_another_invoice(invoiced):
    """The name was wrong: the charge is cancelled, and asked again."""
    invoiced.cancel()
    again = create_billed(("dues", 100), billing=COMPANY | {"name": "Le bon nom"})

    [invoice] = invoicing.invoice(again)

    assert len(notes()) == 2
    assert invoice.number.endswith("-00003")


def test_a_cancellation_is_never_refused_because_the_settings_were_lost(invoiced, settings):
    settings.ASSOCIATION = settings.ASSOCIATION | {"siret": ""}

    invoiced.cancel()

    assert [note.seller["siret"] for note in notes()] == ["12345678200010"] * 2


@pytest.mark.parametrize("kind", ["mistake", "chargeback", "refund"])
def test_an_invoice_says_nothing_of_a_payment_that_went_back(kind):
    charge = create_billed(("event", 100))
    days = {"cheque": papers.day(11, 20), "stripe": papers.day(11, 21), "transfer": papers.day(11, 5)}
    wrong, other, _right = (
        charge.record_payment(
            method=method, amount=Decimal(100 if method == "transfer" else 60), reference="1", valued_on=day
        )
        for method, day in days.items()
    )
    charge.take_back(wrong, amount=Decimal(60), reference="R", kind=kind)
    charge.take_back(other, amount=Decimal(60), reference="R", kind="chargeback")

    [document] = invoicing.invoice(charge)

    assert document.paid_on == papers.day(11, 5)
    assert "Payée le 5 novembre 2026" in text_of(document)
    assert "Réglée par virement. Merci." in text_of(document)


def test_a_correction_that_fails_leaves_no_credit_note(invoiced):
    with pytest.raises(RefundTooLarge):
        invoiced.reduce(Decimal(500), reason="Trop")

    assert notes() == []


# When


def test_the_books_are_right_at_once_and_the_credit_note_follows(invoiced, run_commit_hooks):
    staff = create_staff()
    with run_commit_hooks():
        invoiced.reduce(Decimal(40), reason="Geste", by=staff)
        assert sorted(row.amount for row in invoiced.adjustments.all()) == [10, 30]
        assert not Document.objects.filter(kind="credit_note").exists()

    issued = Document.objects.filter(kind="credit_note")
    assert sorted(note.total for note in issued) == [10, 30]
    assert {note.issued_by for note in issued} == {staff}
    assert not Charge.objects.to_credit().exists()


def test_what_a_worker_that_died_left_is_found_and_credited_once(invoiced, run_commit_hooks):
    invoiced.reduce(Decimal(40), reason="Geste")  # nothing comes after this commit
    other = create_billed(("dues", 50), paid=50)
    other.owe_refund(Decimal(50), reason="gesture")  # never invoiced
    assert list(Charge.objects.to_credit()) == [invoiced]

    with run_commit_hooks():
        runs = [tasks.issue_credit_notes() for _ in range(2)]

    assert (runs, sorted(note.total for note in notes())) == ([1, 0], [10, 30])


def test_two_corrections_before_it_is_issued_are_one_credit_note(invoiced):
    dues = invoiced.lines.get(nature="dues")
    for amount in (10, 20):
        invoiced.reduce(Decimal(amount), reason="Geste", line=dues)

    assert [note.total for note in notes()] == [30]


def test_it_is_dated_of_its_own_day_and_the_books_of_that_of_the_correction(invoiced):
    """Also when the month of the correction is closed before it is issued."""
    with time_machine.travel(datetime(2027, 1, 31, 22, 59, tzinfo=UTC)):
        invoiced.reduce(Decimal(40), reason="Geste", line=invoiced.lines.get(nature="dues"))
    staff = create_staff()
    with time_machine.travel(datetime(2027, 2, 1, 7, tzinfo=UTC)):
        Closing.close(invoiced.booked_on, by=staff)
        closing = Closing.close(date(2027, 1, 1), by=staff)
        [note] = notes()

        assert (note.issued_on, note.number) == (date(2027, 2, 1), "A2027-00001")
        assert [row.booked_on for row in invoiced.adjustments.all()] == [date(2027, 1, 31)]
        assert closing.is_intact


@pytest.mark.parametrize(("people", "written"), [(1, 1), (2, 0)])
def test_without_a_worker_many_are_left_to_the_schedule(
    run_commit_hooks, settings, monkeypatch, people, written
):
    settings.CELERY_TASK_ALWAYS_EAGER = True
    monkeypatch.setattr(invoicing, "AT_ONCE", 1)
    event = create_event(price=Decimal(20), allows_invoice=True)
    with run_commit_hooks():
        for _ in range(people):
            register(event, invoice_to="CHU\n191 avenue du Doyen\n34295 Montpellier")

    with run_commit_hooks():
        event.cancel()
    at_once = Document.objects.filter(kind="credit_note").count()

    assert (at_once, len(notes())) == (written, people)
    assert sorted(note.number[-5:] for note in notes()) == [f"{n:05d}" for n in range(1, people + 1)]


def test_what_is_given_is_no_reason_for_a_credit_note():
    charge = create_billed(("dues", 100), ("gift", 50), paid=150)
    invoicing.invoice(charge)

    charge.owe_refund(Decimal(50), reason="gesture", line=charge.lines.get(nature="gift"))

    assert (notes(), Charge.objects.to_credit().exists()) == ([], False)


# Invoices by themselves


def test_an_organisation_that_pays_gets_a_paid_invoice(run_commit_hooks):
    with run_commit_hooks():
        charge = create_billed(("dues", 100))
    assert invoices() == []

    with run_commit_hooks():
        pay(charge, 100)

    [invoice] = invoices()
    assert invoice.is_paid
    assert mails() == [f"Facture {invoice.number} de 100,00 €"]


def test_an_organisation_that_pays_later_gets_an_invoice_to_pay_and_then_no_other(run_commit_hooks):
    until = timezone.localdate() + timedelta(days=45)
    charge = create_billed(("dues", 100))

    with run_commit_hooks():
        charge.give_credit(until=until)
    with run_commit_hooks():
        pay(charge, 100)

    [invoice] = invoices()
    assert (invoice.due_on, invoice.is_paid) == (until, False)
    assert mails() == [f"Facture {invoice.number} de 100,00 €", f"Nous avons reçu 100,00 € ({charge.number})"]


@pytest.mark.parametrize("billing", [None, SOMEBODY])
def test_somebody_who_pays_for_themselves_gets_none_by_itself(run_commit_hooks, billing):
    with run_commit_hooks():
        create_billed(("dues", 100), billing=billing, paid=100)

    assert invoices() == []


def test_money_is_taken_although_the_invoice_has_to_wait_for_an_address(run_commit_hooks):
    with run_commit_hooks():
        charge = create_billed(("dues", 100), billing=COMPANY | {"city": ""}, paid=100)
    assert (charge.amount_due, invoices()) == (0, [])
    assert [one.charge for one in Billing.objects.to_invoice()] == [charge]

    Billing.objects.update(city="Sète")
    with run_commit_hooks():
        assert tasks.issue_invoices() == 1

    assert [one.buyer["city"] for one in invoices()] == ["Sète"]
    assert not Billing.objects.to_invoice().exists()


def test_money_is_taken_although_nobody_has_said_who_we_are(run_commit_hooks, settings):
    settings.ASSOCIATION = settings.ASSOCIATION | {"rna": ""}

    with run_commit_hooks():
        charge = create_billed(("dues", 100), paid=100)

    assert charge.paid_at is not None
    assert invoices() == []


def test_a_gift_of_an_organisation_waits_for_no_invoice():
    create_billed(("gift", 100), paid=100)

    assert not Billing.objects.to_invoice().exists()


# What is told to the payer


def test_a_payment_in_part_is_told_and_the_last_one_by_whom_it_concerns():
    charge = create_charge(100)

    pay(charge, 60)
    pay(charge, 40)

    assert mails() == [f"Nous avons reçu 60,00 € ({charge.number})"]
    assert "Il reste 40,00 € à payer." in Email.objects.get().text.replace("\u00a0", " ")


# From the other apps


def test_a_booking_to_invoice_brings_its_address_and_its_day(run_commit_hooks):
    event = create_event(price=Decimal(20), allows_invoice=True)
    text = "CHU de Montpellier\n191 avenue du Doyen\n34295 Montpellier Cedex 5"

    with run_commit_hooks():
        booking = register(event, "lou@example.org", invoice_to=text)

    [invoice] = invoices()
    assert (invoice.buyer["name"], invoice.buyer["city"]) == ("CHU de Montpellier", "Montpellier Cedex 5")
    assert invoice.due_on == timezone.localdate() + timedelta(days=30)
    assert booking.charge.supplied_on == timezone.localdate(event.starts_at)


def test_an_organisation_accepted_on_credit_gets_its_invoice(run_commit_hooks):
    plan = create_plan(price=Decimal(300), kind="organisation", approval="everybody")
    application = submit(plan, **ORGANISATION | {"siret": "732829320", "service_code": "S-1"})
    until = timezone.localdate() + timedelta(days=60)

    with run_commit_hooks():
        application.accept(by=create_staff(), credit_until=until)

    [invoice] = invoices()
    assert (invoice.due_on, invoice.total, invoice.vat) == (until, 300, "hors-champ")
    wanted = {"name": "Société d’essai", "siret": "732829320", "city": "Montpellier", "service_code": "S-1"}
    assert wanted.items() <= invoice.buyer.items()
    assert failures(xml_of(invoice)) == set()


def test_a_charge_that_waited_and_is_then_given_credit_gets_its_invoice(run_commit_hooks):
    plan = create_plan(price=Decimal(300), kind="organisation")
    with run_commit_hooks():
        application = submit(plan, **ORGANISATION | {"siret": "732829320"})
    assert invoices() == []
    until = timezone.localdate() + timedelta(days=60)

    with run_commit_hooks():
        application.accept(by=create_staff(), credit_until=until)
        application.membership.prolong_credit(until=until + timedelta(days=9))

    assert [one.due_on for one in invoices()] == [until + timedelta(days=9)]


def test_somebody_who_joins_has_their_address_ready_for_an_invoice():
    application = submit(create_plan(), address="1 rue X", postcode="34000", city="Sète", country="belgique")

    billing = application.charge.billing
    assert (billing.is_organisation, billing.name, billing.country) == (False, "Zoé Démo", "BE")
