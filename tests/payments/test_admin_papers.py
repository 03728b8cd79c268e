"""Documents as the treasurer sees them."""

from datetime import date
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.urls import reverse

from journal.models import Entry
from mailing.models import Email
from payments import invoicing, tasks
from payments.models import Billing, Document
from tests import papers
from tests.admin import assert_same_queries, search, told, unlabelled
from tests.factories import create_charge, create_staff, create_user
from tests.papers import COMPANY, SOMEBODY, create_billed

pytestmark = pytest.mark.django_db
DOCUMENTS = reverse("admin:payments_document_changelist")
BILLINGS = reverse("admin:payments_billing_changelist")
TYPED = COMPANY | {"country": "FR", "is_organisation": "on"}


@pytest.fixture(autouse=True)
def _who_we_are(settings):
    papers.know_ourselves(settings)


@pytest.fixture
def staff(client):
    client.force_login(create_staff("tresor@example.org"))
    return client


def issue_page(charge):
    return reverse("admin:payments_billing_issue", args=[charge.pk])


def download(document):
    return reverse("admin:payments_document_download", args=[document.token])


def create_document(charge, number, **fields):
    content = f"document {number}".encode()
    document = Document(charge=charge, kind="invoice", number=number, issued_on=date(2026, 5, 1), total=1)
    for name, value in fields.items():
        setattr(document, name, value)
    return document.freeze(content)


def test_documents_are_sorted_by_kind_and_by_year(staff):
    charge = create_charge()
    old = create_document(charge, "F2025-1", issued_on=date(2025, 1, 1))
    new, note = create_document(charge, "F2026-1"), create_document(charge, "A2026-1", kind="credit_note")

    assert search(staff, DOCUMENTS, year="2025") == [old]
    assert search(staff, DOCUMENTS, kind__exact="credit_note") == [note]
    assert search(staff, DOCUMENTS, q="F2026") == [new]
    assert len(search(staff, DOCUMENTS, year="x")) == len(search(staff, DOCUMENTS, year="0000")) == 3


def test_the_list_of_documents_is_read_in_as_many_queries_for_one_as_for_a_hundred(staff):
    charge, numbers = create_charge(), iter(range(1000))

    assert_same_queries(staff, DOCUMENTS, lambda: create_document(charge, f"F2026-{next(numbers)}"))


def test_the_list_of_addresses_is_read_in_as_many_queries_for_one_as_for_a_hundred(staff):
    assert_same_queries(staff, BILLINGS, create_billed)


def test_a_download_is_the_very_file_and_is_noted(staff):
    document = create_document(create_charge(), "F2026-1")

    response = staff.get(download(document))

    assert response.content == b"document F2026-1"
    assert "no-store" in response.headers["Cache-Control"]
    assert Entry.objects.filter(action="exported", object_id=document.pk).count() == 1


def test_the_page_of_a_document_says_whether_its_bytes_are_still_the_same(staff):
    document = create_document(create_charge(), "F2026-1")
    page = reverse("admin:payments_document_change", args=[document.pk])
    assert 'alt="True"' in staff.get(page).text

    Document.objects.filter(pk=document.pk).update(content=b"autre chose")

    assert 'alt="False"' in staff.get(page).text


def test_only_who_may_see_documents_takes_them(client):
    document = create_document(create_charge(), "F2026-1")
    call_command("load_roles", verbosity=0)
    nobody, treasurer = (create_user(is_staff=True, second_factor=True) for _ in range(2))
    treasurer.groups.add(Group.objects.get(name="Trésorerie"))

    client.force_login(nobody)
    refused = [client.get(one).status_code for one in (download(document), issue_page(document.charge))]
    client.force_login(treasurer)
    allowed = [client.get(one).status_code for one in (download(document), issue_page(create_billed()))]

    assert (refused, allowed) == ([403, 403], [200, 200])


def test_staff_fill_in_what_is_missing_and_the_invoice_leaves(staff):
    charge = create_billed(("dues", 100), billing=COMPANY | {"city": ""}, paid=100)
    [waiting] = search(staff, BILLINGS, state="to_invoice")
    assert [waiting] == search(staff, BILLINGS, state="incomplete")
    assert "1 facture à émettre" in staff.get(reverse("admin:index")).text

    form = staff.get(issue_page(charge))
    page = staff.post(issue_page(charge), TYPED, follow=True)

    document = Document.objects.get()
    assert unlabelled(form) == []
    assert told(page) == [f"Envoyé à compta@example.org\u00a0: facture {document.number}."]
    assert document.issued_by.email == "tresor@example.org"
    assert Email.objects.filter(key=f"payments.document.{document.pk}").exists()
    assert document.number in page.text
    assert not Billing.objects.to_invoice().exists()
    addresses = staff.get(BILLINGS).text
    assert f">{document.number}</a>" in addresses
    assert "Émettre" not in addresses


def test_staff_may_invoice_before_money_comes(staff):
    charge = create_billed(("event", 30), billing=None)

    staff.post(issue_page(charge), SOMEBODY | {"country": "FR"})

    assert Document.objects.get().due_on is not None


def test_staff_read_which_setting_is_missing(staff, settings):
    settings.ASSOCIATION = settings.ASSOCIATION | {"rna": "", "siret": ""}
    charge = create_billed(("dues", 100), paid=100)

    page = staff.post(issue_page(charge), TYPED)

    assert page.status_code == 400
    assert "le numéro SIRET, 14 chiffres, le numéro RNA, un W et 9 chiffres" in page.text
    assert Document.objects.count() == 0


def test_what_is_invoiced_is_not_invoiced_again_by_staff(staff):
    charge = create_billed(("dues", 100), paid=100)
    invoicing.invoice(charge)

    page = staff.post(issue_page(charge), TYPED)

    assert page.status_code == 400
    assert "Rien n’est à facturer" in page.text
    assert Document.objects.count() == 1


def test_nothing_is_asked_about_what_sells_nothing(staff):
    page = staff.get(issue_page(create_billed(("gift", 10))), follow=True)

    assert "Rien n’est à facturer" in told(page)[0]


def test_an_invoice_made_out_to_the_wrong_one_is_credited_and_made_again(staff):
    charge = create_billed(("dues", 100), ("event", 20), paid=120)
    wrong = invoicing.invoice(charge)

    staff.post(issue_page(charge), TYPED | {"name": "Le bon nom"})

    notes, right = (
        Document.objects.filter(kind="credit_note"),
        Document.objects.filter(buyer__name="Le bon nom"),
    )
    assert {note.corrects for note in notes} == set(wrong)
    assert sum(note.total for note in notes) == sum(one.total for one in right) == 120
    assert all(one.is_paid for one in right)
    assert charge.amount_due == 0
    assert Email.objects.filter(key__startswith="payments.document").count() == 4


def test_what_is_owed_on_top_of_an_invoice_has_one_more(staff):
    """Of what was reduced by mistake and is owed again, nothing but the difference."""
    charge = create_billed(("dues", 100), ("event", 20))
    invoicing.invoice(charge)
    event = charge.lines.get(nature="event")
    charge.reduce(Decimal(20), reason="Erreur", line=event)
    tasks.issue_credit_notes()
    again = {"line": event, "kind": "reduced", "amount": Decimal(-20), "account": "706"}
    charge.adjustments.create(booked_on=date(2026, 11, 26), **again)

    staff.post(issue_page(charge), TYPED)

    last = Document.objects.filter(kind="invoice").order_by("pk").last()
    assert (last.total, last.vat) == (20, "261-7-1-b")
    assert Document.objects.filter(kind="credit_note").count() == 1


def test_what_is_no_number_of_a_document_leads_back_to_the_admin(staff):
    assert staff.get(reverse("admin:payments_document_change", args=["F2026-00001"])).status_code == 302
