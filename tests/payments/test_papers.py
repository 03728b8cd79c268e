"""Invoices, for people, for machines and for who audits them."""

from decimal import Decimal

import facturx
import pytest
import time_machine
from django.db import transaction

from payments import facturx as ours
from payments import invoicing
from payments.models import Billing, Charge, Document, read_address
from payments.seller import LegalMentionsMissing
from tests import papers
from tests.papers import COMPANY, METROPOLE, SOMEBODY, create_billed, failures, text_of, xml_of

pytestmark = pytest.mark.django_db
MENTIONS = [
    *("IA Montpellier Méditerranée", "1 place de la Comédie", "34000 Montpellier", "SIRET 12345678200010"),
    *(
        "RNA W343000000",
        "Association loi 1901",
        "Nature de l’opération Prestation de services",
        "Désignation Quantité Prix unitaire Montant",
        "TVA 0,00 €",
    ),
    *("Pénalités de retard : trois fois le taux d’intérêt légal", "40 €", "Pas d’escompte", "page 1 / 1"),
]
CASES = {
    "to pay": (
        {"due_on": papers.day(12, 31)},
        [COMPANY["name"], "SIREN 732829320", "Ligne 1 – dues", "Hors du champ d’application de la TVA"],
        ["À payer au plus tard le 31 décembre 2026", "IBAN FR76 3000 1007 9412", "Total à payer 1 200,00 €"],
    ),
    "paid": ({"paid": 1200}, ["Payée le 26 novembre 2026", "Réglée par virement"], ["Reste à payer 0,00 €"]),
    "paid in part": (
        {"paid": 200},
        ["Déjà réglé -200,00 €", "Reste à payer 1 000,00 €"],
        ["À payer au plus tard"],
    ),
    "exempt training": (
        {"lines": [("training", 390)], "supplied_on": papers.day(12, 1)},
        ["Exonération de TVA, article 261, 4, 4° a du CGI", "Date de la prestation 1er décembre 2026"],
        [],
    ),
    "public client": (
        {"billing": METROPOLE | {"service_code": "SERVICE-01", "engagement_number": "ENG-77"}},
        ["Montpellier Méditerranée Métropole", "SIRET 24340001700022", "SIREN 243400017"],
        ["Code service SERVICE-01", "Numéro d’engagement ENG-77"],
    ),
    "individual": (
        {"lines": [("event", "25.50")], "billing": SOMEBODY, "paid": "25.50"},
        ["Destinataire Camille Démo", "3 rue Foch", "article 261, 7, 1° b du CGI", "25,50 €"],
        [],
    ),
    "foreign company": (
        {
            "lines": [("sponsorship", 800)],
            "billing": COMPANY | {"siret": "", "country": "BE", "vat_number": "BE0403170701"},
        },
        ["Belgique", "TVA BE0403170701"],
        [],
    ),
}


@pytest.fixture(autouse=True)
def _who_we_are(settings):
    papers.know_ourselves(settings)
    settings.VAT = settings.VAT | {"training": "261-4-4-a"}


@pytest.fixture(autouse=True)
def _a_day():
    with time_machine.travel("2026-11-26 10:00+01:00"):
        yield


def invoice_of(*, lines=(), **fields):
    [document] = invoicing.invoice(create_billed(*lines, **fields))
    return document


@pytest.mark.parametrize("case", CASES)
def test_an_invoice_is_valid_whole_and_readable(case):
    fields, *said = CASES[case]

    document = invoice_of(**fields)

    content = xml_of(document)
    assert failures(content) == set()
    assert content == ours.xml(document)
    text = text_of(document)
    wanted = [*MENTIONS, f"Facture {document.number}", "Date 26 novembre 2026", *said[0], *said[1]]
    assert [mention for mention in wanted if mention not in text] == []
    assert document.is_intact


def test_a_paid_invoice_says_so_to_machines_and_asks_for_no_transfer():
    content = xml_of(invoice_of(paid=1200)).decode()

    assert ">S2</ram:ID>" in content
    assert ">1200.00</ram:TotalPrepaidAmount>" in content
    assert ">0.00</ram:DuePayableAmount>" in content
    assert "FR76" not in content


def test_what_a_public_body_needs_to_pay_is_where_chorus_pro_reads_it():
    billing = METROPOLE | {"service_code": "SERVICE-01", "engagement_number": "ENG-77"}
    content = xml_of(invoice_of(billing=billing)).decode()

    assert "<ram:BuyerReference>SERVICE-01</ram:BuyerReference>" in content
    assert "<ram:IssuerAssignedID>ENG-77</ram:IssuerAssignedID>" in content
    assert '<ram:GlobalID schemeID="0009">24340001700022</ram:GlobalID>' in content
    assert '<ram:ID schemeID="0002">243400017</ram:ID>' in content


@pytest.mark.parametrize(
    ("what", "into", "rule"),
    [
        (">1200.00</ram:GrandTotalAmount>", ">1300.00</ram:GrandTotalAmount>", "BR-CO-15"),
        (">F2026-00001<", ">F2026 00001<", "BR-FR-02"),
        (">PMT<", ">AAA<", "BR-FR-05"),
        (">O</ram:CategoryCode>", ">E</ram:CategoryCode>", "BR-E-"),
        (">123456782</ram:ID>", ">12345</ram:ID>", "BR-FR-10"),
    ],
)
def test_the_schematrons_see_what_is_wrong(what, into, rule):
    content = xml_of(invoice_of()).decode()
    assert what in content

    assert any(rule in one for one in failures(content.replace(what, into).encode()))


def test_the_schema_sees_what_does_not_belong():
    content = xml_of(invoice_of()).replace(b"<ram:GrandTotalAmount", b"<ram:Unknown/><ram:GrandTotalAmount")

    with pytest.raises(Exception, match="not valid against the official XML Schema"):
        facturx.xml_check_xsd(content, flavor="factur-x", level="en16931")


def test_the_pdf_keeps_its_tags_its_language_and_its_marks():
    document = invoice_of()

    root = papers.root_of(document)
    metadata = root["/Metadata"].get_data().decode()
    assert {"/H1", "/H2", "/Table", "/TH", "/TD", "/P"} <= papers.tags_of(document)
    assert root["/Lang"] == "fr-FR"
    assert root["/MarkInfo"]["/Marked"]
    assert root["/OutputIntents"]
    assert root["/AF"].get_object()[0].get_object()["/AFRelationship"] == "/Alternative"
    assert "<pdfaid:part>3</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>" in metadata
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata
    assert "<fx:ConformanceLevel>EN 16931</fx:ConformanceLevel>" in metadata
    assert f"Facture {document.number}" in metadata


def test_whatever_people_write_is_on_the_invoice_as_text():
    billing = SOMEBODY | {"name": 'Zoé <b>&"#panic("x")* 李', "city": "L’Haÿ-les-Roses"}
    document = invoice_of(billing=billing)

    assert failures(xml_of(document)) == set()
    assert 'Zoé <b>&"#panic("x")*' in text_of(document)


# Numbers


@pytest.mark.parametrize("character", ["\x0b", "\x1f", "\ufffe"])
def test_what_xml_cannot_hold_keeps_no_invoice_from_being_issued(character):
    document = invoice_of(billing=COMPANY | {"name": f"Coopérative{character}d’essai"})

    assert "<ram:Name>Coopérative d’essai</ram:Name>" in xml_of(document).decode()


def test_numbers_follow_each_other_and_begin_again_each_year():
    with time_machine.travel("2026-12-31 23:30+01:00"):
        last = [invoice_of().number, invoice_of().number]
    with time_machine.travel("2027-01-01 00:30+01:00"):
        first = invoice_of()

    assert last == ["F2026-00001", "F2026-00002"]
    assert (first.number, first.issued_on) == ("F2027-00001", papers.day(1, 1, 2027))


def test_the_clock_of_paris_cuts_the_year():
    with time_machine.travel("2026-12-31 23:30+00:00"):
        assert invoice_of().number == "F2027-00001"


def test_a_payment_valued_in_december_and_recorded_in_january_keeps_its_day_on_an_invoice_of_january():
    charge = create_billed()
    with time_machine.travel("2027-01-02 09:00+01:00"):
        charge.record_payment(
            method="transfer", amount=Decimal(1200), reference="V", valued_on=papers.day(12, 31)
        )
        [document] = invoicing.invoice(charge)

    assert (document.number, document.issued_on.year) == ("F2027-00001", 2027)
    assert "Payée le 31 décembre 2026" in text_of(document)
    assert failures(xml_of(document)) == set()


def test_a_clock_set_back_dates_no_invoice_before_the_last():
    invoice_of()
    with time_machine.travel("2026-11-25 10:00+01:00"):
        assert invoice_of().issued_on == papers.day(11, 26)


def test_what_is_rolled_back_leaves_no_gap():
    with transaction.atomic():
        invoice_of()
        transaction.set_rollback(True)

    assert Document.objects.count() == 0
    assert invoice_of().number == "F2026-00001"


def test_a_document_is_never_edited_or_deleted():
    document = Document.objects.get(pk=invoice_of().pk)

    with pytest.raises(TypeError, match="never edited"):
        document.save()
    with pytest.raises(TypeError, match="never deleted"):
        document.delete()


def test_bytes_that_changed_in_the_database_are_seen():
    document = invoice_of()
    Document.objects.filter(pk=document.pk).update(content=bytes(document.content) + b" ")

    assert not Document.objects.get(pk=document.pk).is_intact


# What is invoiced


def test_an_invoice_writes_the_charge_in_the_books():
    charge = create_billed()

    invoicing.invoice(charge)

    charge.refresh_from_db()
    assert charge.booked_on == papers.day(11, 26)


def test_a_mixed_charge_has_an_invoice_for_each_reason_and_a_gift_has_none():
    charge = create_billed(("dues", 40), ("gift", 10), ("training", 390), ("dues", 5), paid=50)

    dues, training = invoicing.invoice(charge)

    assert (dues.vat, dues.total, dues.paid) == ("hors-champ", 45, 45)
    assert (training.vat, training.total, training.paid) == ("261-4-4-a", 390, 5)
    assert failures(xml_of(dues)) | failures(xml_of(training)) == set()


def test_what_is_invoiced_is_not_invoiced_again():
    charge = create_billed()
    invoicing.invoice(charge)

    with pytest.raises(invoicing.NothingToInvoice):
        invoicing.invoice(charge)
    assert Document.objects.count() == 1


@pytest.mark.parametrize("lines", [[("gift", 50)], [("dues", 0)]])
def test_what_sells_nothing_has_no_invoice(lines):
    with pytest.raises(invoicing.NothingToInvoice):
        invoice_of(lines=lines)


def test_a_cancelled_charge_has_no_invoice():
    charge = create_billed()
    charge.cancel()

    with pytest.raises(invoicing.NothingToInvoice):
        invoicing.invoice(charge)


@pytest.mark.parametrize("name", ["address", "siret", "rna"])
def test_nothing_is_issued_while_the_association_is_not_known(settings, name):
    settings.ASSOCIATION = settings.ASSOCIATION | {name: "à compléter"}
    charge = create_billed()

    with pytest.raises(LegalMentionsMissing) as error:
        invoicing.invoice(charge)

    assert len(error.value.names) == 1
    assert Document.objects.count() == 0


@pytest.mark.parametrize("billing", [None, COMPANY | {"address": ""}, COMPANY | {"city": ""}])
def test_nothing_is_issued_to_nobody_knows_whom(billing):
    with pytest.raises(invoicing.BillingIncomplete):
        invoice_of(billing=billing)


def test_an_invoice_keeps_whom_it_was_made_out_to():
    document = invoice_of()
    Billing.objects.update(name="Autre nom")

    assert Document.objects.get(pk=document.pk).buyer["name"] == COMPANY["name"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "CHU de Montpellier\n191 avenue du Doyen\nBâtiment A\n34295 Montpellier",
            {
                "name": "CHU de Montpellier",
                "address": "191 avenue du Doyen, Bâtiment A",
                "postcode": "34295",
                "city": "Montpellier",
            },
        ),
        ("Société d’essai\n1 rue X\n1000 Bruxelles\nBelgique", {"country": "BE"}),
        ("CHU, Montpellier", {"name": "CHU, Montpellier"}),
        ("", {"name": ""}),
    ],
)
def test_an_address_typed_as_text_is_read(text, found):
    assert found.items() <= read_address(text).items()


# A quote


def test_a_quote_says_that_it_is_no_invoice_and_the_same_is_not_made_twice():
    charge = create_billed(("dues", 40), ("training", 390))

    document, again = invoicing.quote(charge), invoicing.quote(charge)

    assert again == document
    text = text_of(document)
    said = [
        "Devis D2026-00001",
        "Ce document n’est pas une facture",
        "430,00 €",
        "261, 4, 4° a",
        COMPANY["name"],
    ]
    assert [one for one in said if one not in text] == []
    assert Charge.objects.get().booked_on is None
    assert invoice_of().number == "F2026-00001"


def test_a_quote_asked_again_after_a_change_is_another():
    charge = create_billed(("dues", 40))
    first = invoicing.quote(charge)
    Billing.objects.update(city="Sète")

    assert invoicing.quote(charge).number == "D2026-00002" != first.number


def test_there_is_no_quote_of_nothing():
    charge = create_billed()
    charge.cancel()

    with pytest.raises(invoicing.NothingToInvoice):
        invoicing.quote(charge)
    assert not Document.objects.exists()
