"""How long documents are kept, by whom they are taken away, and that nothing loses them."""

import io
from decimal import Decimal
from zipfile import ZipFile

import pytest
import time_machine

from iamm import erasure, personal_export, tasks
from iamm.personal import Person
from members import merging
from payments import invoicing, receipts
from payments.models import Billing, Charge, Document
from tests import papers
from tests.factories import create_member, create_plan, create_staff, create_user
from tests.members.applying import pay, submit
from tests.papers import COMPANY, SOMEBODY, create_billed

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _who_we_are(settings):
    papers.know_ourselves(settings)
    settings.TAX_RECEIPTS = papers.RECEIPTS


def at(day):
    return time_machine.travel(f"{day} 10:00+01:00")


def forgotten():
    tasks.apply_retention()
    return set(Document.objects.filter(content=b"").values_list("kind", flat=True))


def test_a_receipt_is_kept_six_years_and_an_invoice_ten():
    with at("2026-11-26"):
        invoicing.invoice(create_billed(("dues", 100), paid=100))
        receipts.issue(create_billed(("gift", 50), billing=SOMEBODY, paid=50).payments.get())

    with at("2032-12-31"):
        assert forgotten() == set()
    with at("2033-01-01"):
        assert forgotten() == {"receipt"}
    with at("2036-12-31"):
        assert forgotten() == {"receipt"}
    with at("2037-01-01"):
        assert forgotten() == {"receipt", "invoice"}

    assert [row["buyer"] for row in Document.objects.values("buyer")] == [{}, {}]
    assert sorted(Document.objects.values_list("number", flat=True)) == ["F2026-00001", "R2026-00001"]
    assert not Billing.objects.exists()


def test_why_a_receipt_was_cancelled_goes_with_it():
    with at("2026-11-26"):
        receipt = receipts.issue(create_billed(("gift", 50), billing=SOMEBODY, paid=50).payments.get())
        receipts.cancel(receipt, reason="Camille Démo a divorcé")

    with at("2033-01-01"):
        assert forgotten() == {"receipt"}

    receipt.cancellation.refresh_from_db()
    assert receipt.cancellation.reason == ""


def test_what_was_invoiced_and_never_paid_is_kept_as_long():
    with at("2026-11-26"):
        charge = create_billed(("dues", 100))
        invoicing.invoice(charge)
        charge.cancel()

    with at("2029-01-01"):
        assert forgotten() == set()
    assert Charge.objects.get().name == COMPANY["name"]


def test_a_quote_goes_with_what_nobody_wanted():
    with at("2026-11-26"):
        charge = create_billed(("dues", 100))
        invoicing.quote(charge)
        charge.cancel()

    with at("2027-11-28"):
        assert forgotten() == {"quote"}


def test_an_erasure_keeps_what_the_law_keeps():
    user = create_user("compta@example.org")
    document = invoicing.invoice(create_billed(("dues", 100), billing=SOMEBODY, paid=100))[0]

    erasure.erase(Person.of_user(user))

    assert Document.objects.get(pk=document.pk).is_intact


def test_a_person_takes_their_documents_away():
    user = create_user("compta@example.org")
    invoice = invoicing.invoice(create_billed(("dues", 100), paid=100))[0]
    payment = create_billed(("gift", 50), billing=SOMEBODY, paid=50).payments.get()
    cancelled = receipts.issue(payment)
    receipt = receipts.replace(cancelled, to=SOMEBODY, reason="Nom", by=create_staff())

    file = io.BytesIO()
    personal_export.write(Person.of_user(user), file)

    with ZipFile(file) as archive:
        taken = {name: archive.read(name) for name in archive.namelist() if name.startswith("documents/")}
    assert taken == {f"documents/{one.filename}": bytes(one.content) for one in (invoice, receipt)}


def test_two_records_of_one_person_become_one_and_no_document_is_lost():
    kept = create_member()
    application = submit(create_plan(price=Decimal(40)), "autre@example.org")
    member = pay(application).member
    Billing.objects.update_or_create(charge=application.charge, defaults=SOMEBODY)
    document = invoicing.invoice(application.charge)[0]

    merging.merge(kept, member, take=[], by=create_staff())

    assert Document.objects.get(pk=document.pk).is_intact
    assert Document.objects.filter(charge__membership__member=kept).count() == 1
    assert document in Document.objects.filter(charge__in=Person.of_member(kept).charges)


def test_a_document_is_no_longer_read_once_it_is_forgotten(client):
    with at("2026-11-26"):
        document = invoicing.invoice(create_billed(("dues", 100), paid=100))[0]
    url = document.get_absolute_url()

    with at("2037-01-01"):
        tasks.apply_retention()
        assert client.get(url).status_code == 404
