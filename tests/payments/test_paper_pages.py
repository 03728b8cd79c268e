"""What a payer sees and asks of the documents of a charge."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.urls import reverse

from mailing.models import Email
from payments import confirmations, invoicing, paper_views, tasks
from payments.models import Billing, Document, Payment
from tests import papers
from tests.factories import create_charge, create_staff, create_user
from tests.papers import COMPANY, SOMEBODY, create_billed, failures, root_of, tags_of, text_of, xml_of

pytestmark = pytest.mark.django_db
TYPED = SOMEBODY | {"country": "FR"}


@pytest.fixture(autouse=True)
def _who_we_are(settings):
    papers.know_ourselves(settings)


def address(name, charge, *more):
    return reverse(f"payments:{name}", args=[charge.uuid, *more])


@pytest.fixture
def invoice():
    charge = create_billed(("dues", 100), paid=100)
    return invoicing.invoice(charge)[0]


# Reading a document


def test_whoever_has_the_link_takes_the_very_bytes_that_were_issued(client, invoice):
    response = client.get(invoice.get_absolute_url())

    assert response.content == bytes(invoice.content)
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.headers["Content-Disposition"] == f'attachment; filename="facture-{invoice.number}.pdf"'
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in response.headers["Cache-Control"]
    assert response.headers["Referrer-Policy"] == "same-origin"


def test_what_asks_for_a_document_stays_in_no_cache_and_is_told_to_no_other_site(client, settings):
    settings.TAX_RECEIPTS = papers.RECEIPTS
    due, gift = create_billed(("dues", 100)), create_billed(("gift", 50), billing=None, paid=50)
    receipt = address("charge_receipt", gift, gift.payments.get().pk)
    invoice, quote = address("charge_invoice", due), address("charge_quote", due)

    answers = [
        *[client.get(one) for one in (invoice, receipt, quote)],
        *[client.post(one, {"name": ""}) for one in (invoice, receipt, quote)],
    ]

    assert [one.status_code for one in answers] == [200, 200, 405, 400, 400, 302]
    assert [one for one in answers if "no-store" not in one.headers["Cache-Control"]] == []
    assert {one.headers["Referrer-Policy"] for one in answers} == {"same-origin"}


def test_a_stranger_finds_no_document(client, invoice):
    other = create_billed(("dues", 10))

    tries = [
        address("document", invoice.charge, uuid4()),
        address("document", other, invoice.token),
        reverse("payments:document", args=[uuid4(), invoice.token]),
    ]

    assert [client.get(one).status_code for one in tries] == [404] * 3


def test_the_page_of_a_charge_leads_to_its_documents(client, invoice):
    invoice.charge.owe_refund(Decimal(10), reason="gesture")
    tasks.issue_credit_notes()

    page = client.get(invoice.charge.get_absolute_url()).text

    note = Document.objects.get(kind="credit_note")
    assert all(one.get_absolute_url() in page for one in (invoice, note))
    assert "Demander une facture" not in page


def test_the_account_leads_to_documents_and_to_nobody_elses(client, invoice):
    user = create_user("compta@example.org")
    mine = create_charge(40, user=user)
    mine.record_payment(method="cash", amount=Decimal(40), reference="1")
    hidden = create_billed(("dues", 7), paid=7)
    hidden.__class__.objects.filter(pk=hidden.pk).update(email="autre@example.org")
    client.force_login(user)

    page = client.get(reverse("account")).text

    assert invoice.get_absolute_url() in page
    assert mine.get_absolute_url() in page
    assert hidden.get_absolute_url() not in page


# The confirmation of a payment


def test_a_confirmation_is_issued_when_it_is_wanted_and_never_again(client):
    charge = create_billed(("dues", 100), ("event", 20), paid=70)
    wanted = address("confirmation", charge, charge.payments.get().pk)

    first, second = client.get(wanted), client.get(wanted)

    document = Document.objects.get()
    assert first.url == second.url == document.get_absolute_url()
    text = text_of(document)
    said = [
        *(
            f"Confirmation de paiement {document.number}",
            f"70,00 € de {charge.name}",
            "Virement",
            charge.number,
        ),
        *("Reste à payer à ce jour 50,00 €", "ni une facture, ni un reçu fiscal", "RNA W343000000"),
    ]
    assert [one for one in said if one not in text] == []
    assert {"/H1", "/Table"} <= tags_of(document)
    assert root_of(document)["/Lang"] == "fr-FR"


def test_a_confirmation_needs_no_setting(settings):
    settings.ASSOCIATION = settings.ASSOCIATION | {"rna": "", "siret": "", "address": ""}
    charge = create_billed(("dues", 100), paid=100)

    assert "Nous avons reçu 100,00 €" in text_of(confirmations.confirm(charge.payments.get()))


def test_nothing_is_confirmed_that_did_not_stay(client):
    charge, other = create_billed(("dues", 100), paid=100), create_billed(("dues", 5), paid=5)
    payment = charge.payments.get()
    payment.undo(by=create_staff())
    counter = charge.payments.exclude(pk=payment.pk).get()

    wanted = [payment.pk, counter.pk, other.payments.get().pk, 987654]

    assert [client.get(address("confirmation", charge, pk)).status_code for pk in wanted] == [404] * 4
    assert "Confirmation de paiement" not in client.get(charge.get_absolute_url()).text


# Asking for an invoice


def test_somebody_who_has_paid_says_who_they_are_and_has_their_invoice(client):
    charge = create_billed(("event", 25), billing=None, paid=25)
    assert "Demander une facture" in client.get(charge.get_absolute_url()).text

    form = client.get(address("charge_invoice", charge))
    page = client.post(address("charge_invoice", charge), TYPED, follow=True)

    document = Document.objects.get()
    assert form.context["form"].instance.name == charge.name
    assert "Votre facture est prête" in page.text
    assert document.get_absolute_url() in page.text
    assert document.is_paid
    assert failures(xml_of(document)) == set()
    assert Email.objects.filter(key__startswith="payments.document").count() == 0, "they have it before them"


def test_who_has_not_paid_yet_is_invoiced_once_they_have(client, run_commit_hooks):
    charge = create_billed(("event", 25), billing=None)

    page = client.post(address("charge_invoice", charge), TYPED, follow=True)
    assert "la facture sera émise dès que la somme sera réglée" in page.text
    assert Document.objects.count() == 0
    with run_commit_hooks():
        charge.record_payment(method="cash", amount=Decimal(25), reference="1")

    document = Document.objects.get()
    assert (document.buyer["name"], document.is_paid) == ("Camille Démo", True)
    assert Email.objects.filter(key=f"payments.document.{document.pk}").exists()


@pytest.mark.parametrize(
    ("typed", "field", "word"),
    [
        ({"siret": "123 456 789 00011"}, "siret", "un chiffre est faux"),
        ({"vat_number": "FR123"}, "vat_number", "n’est pas valable"),
        ({"postcode": "3400"}, "postcode", "cinq chiffres"),
        ({"name": ""}, "name", "obligatoire"),
        ({"name": "Voir www.exemple.fr"}, "name", "adresse web"),
        ({"address": ""}, "address", "obligatoire"),
        ({"country": "XX"}, "country", "XX"),
    ],
)
def test_what_is_wrong_is_said_by_its_field_and_nothing_is_lost(client, typed, field, word):
    charge = create_billed(("event", 25), billing=None, paid=25)

    response = client.post(address("charge_invoice", charge), TYPED | {"purchase_order": "BC-12"} | typed)

    assert response.status_code == 400
    assert list(response.context["form"].errors) == [field]
    assert word in str(response.context["form"].errors[field])
    assert 'value="BC-12"' in response.text
    assert (Billing.objects.count(), Document.objects.count()) == (0, 0)


def test_a_number_makes_an_organisation_and_is_kept_without_its_spaces(client):
    charge = create_billed(("dues", 25), billing=None, paid=25)

    client.post(address("charge_invoice", charge), TYPED | {"siret": "732 829 320"})

    buyer = Document.objects.get().buyer
    assert (buyer["siret"], buyer["is_organisation"]) == ("732829320", True)


def test_what_an_organisation_had_said_is_there_to_be_corrected(client):
    charge = create_billed(("dues", 25), billing=COMPANY | {"city": ""}, paid=25)

    form = client.get(address("charge_invoice", charge)).context["form"]
    client.post(address("charge_invoice", charge), form.initial | {"city": "Sète"})

    assert Document.objects.get().buyer == COMPANY | {
        **{"city": "Sète", "country": "FR", "vat_number": "", "service_code": ""},
        **{"engagement_number": "", "purchase_order": "", "legal_form": ""},
    }


def test_an_invoice_that_cannot_be_issued_yet_waits_for_the_staff(client, settings):
    settings.ASSOCIATION = settings.ASSOCIATION | {"siret": ""}
    charge = create_billed(("event", 25), billing=None, paid=25)

    page = client.post(address("charge_invoice", charge), TYPED, follow=True)

    assert "nous ne pouvons pas encore émettre de facture" in page.text
    assert [one.charge for one in Billing.objects.to_invoice()] == [charge]


def test_what_is_invoiced_or_sells_nothing_asks_for_no_invoice(client, invoice):
    gift = create_billed(("gift", 50), billing=None, paid=50)

    for charge in (invoice.charge, gift):
        for response in (
            client.get(address("charge_invoice", charge)),
            client.post(address("charge_invoice", charge), TYPED),
        ):
            assert response.url == charge.get_absolute_url()
    assert Document.objects.count() == 1


# Asking for a quote


def test_whoever_must_ask_before_they_pay_has_a_quote(client):
    charge = create_billed(("dues", 100))
    assert "Obtenir un devis" in client.get(charge.get_absolute_url()).text

    first, second = (client.post(address("charge_quote", charge)) for _ in range(2))

    assert first.url == second.url == Document.objects.get().get_absolute_url()
    assert client.get(address("charge_quote", charge)).status_code == 405


def test_what_is_paid_has_no_quote(client):
    charge = create_billed(("dues", 100), paid=100)

    response = client.post(address("charge_quote", charge), follow=True)

    assert "Il n’y a plus rien à payer ici." in response.text
    assert Document.objects.count() == 0


def test_what_is_cancelled_while_a_quote_is_asked_for_has_none(client, monkeypatch):
    charge = create_billed()
    papers_of = paper_views.papers_of
    monkeypatch.setattr(paper_views, "papers_of", lambda seen: papers_of(seen) | {"late": charge.cancel()})

    response = client.post(address("charge_quote", charge), follow=True)

    assert "Il n’y a plus rien à payer ici." in response.text
    assert not Document.objects.exists()


def test_no_quote_leaves_before_we_know_who_we_are(client, settings):
    settings.ASSOCIATION = settings.ASSOCIATION | {"address": "Montpellier"}
    charge = create_billed(("dues", 100))

    response = client.post(address("charge_quote", charge), follow=True)

    assert "Nous ne pouvons pas encore établir de devis" in response.text
    assert Payment.objects.count() == Document.objects.count() == 0
