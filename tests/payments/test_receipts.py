"""Tax receipts: off by default, exact when on, never edited."""

from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse

from mailing.models import Email
from members import offers
from payments import receipts
from payments.models import Billing, Charge, Document, Line, Payment, Refund
from tests import papers
from tests.factories import create_plan, create_staff, create_user
from tests.papers import COMPANY, SOMEBODY, create_billed, root_of, tags_of, text_of
from tests.uploads import picture

pytestmark = pytest.mark.django_db
DONOR = SOMEBODY | {"country": "FR"}
DAY = "2026-11-26 10:00+01:00"


@pytest.fixture(autouse=True)
def _who_we_are(settings):
    papers.know_ourselves(settings)
    settings.TAX_RECEIPTS = papers.RECEIPTS


@pytest.fixture(autouse=True)
def _a_day():
    with time_machine.travel(DAY):
        yield


def given(amount=50, *, billing=SOMEBODY, method="cheque", **fields):
    """A payment that is a gift as a whole."""
    charge = create_billed(("gift", amount), billing=billing)
    return charge.record_payment(method=method, amount=Decimal(amount), reference=f"D{charge.pk}", **fields)


def standing():
    return list(Document.objects.standing().filter(kind="receipt").order_by("pk"))


# What it says


def test_the_receipt_of_a_person_bears_every_mention_of_the_model():
    receipt = receipts.issue(given(valued_on=papers.day(11, 3)))

    text = text_of(receipt)
    said = [
        *("Reçu fiscal R2026-00001", "Reçu au titre des dons à certains organismes d’intérêt général"),
        *(
            "Modèle 2041-RD, Cerfa n° 11580*05",
            "IA Montpellier Méditerranée",
            "1 place de la Comédie",
            "34000 Montpellier",
        ),
        *("RNA W343000000", "SIREN 123456782", "Objet Faire connaître l’intelligence artificielle"),
        *("Qualité organisme d’intérêt général", "Donateur Camille Démo 3 rue Foch 34000 Montpellier"),
        *("***50,00 €***", "Date du versement 3 novembre 2026", "Mode de versement Remise de chèque"),
        *(
            "Forme du don Déclaration de don manuel",
            "Nature du don Numéraire",
            "Réduction d’impôt Article 200 du code général",
        ),
        *("certifie sur l’honneur", "Fait à Montpellier, le 26 novembre 2026", "Camille Trésor, trésorière"),
    ]
    assert [one for one in said if one not in text] == []
    assert {"/H1", "/H2", "/P"} <= tags_of(receipt)
    assert root_of(receipt)["/Lang"] == "fr-FR"
    assert receipt.is_intact


def test_the_receipt_of_a_company_bears_its_form_its_number_and_its_article():
    billing = COMPANY | {"legal_form": "SCOP"}
    text = text_of(receipts.issue(given(billing=billing, method="transfer")))

    said = [
        *("effectués par les entreprises", "16216*02", "article 238 bis", COMPANY["name"], "SCOP"),
        *("SIREN 732829320", "Virement, prélèvement, carte bancaire"),
    ]
    assert [one for one in said if one not in text] == []
    assert "article 200" not in text


def test_a_gift_of_the_last_day_of_the_year_recorded_in_january_keeps_its_day():
    with time_machine.travel("2027-01-02 09:00+01:00"):
        receipt = receipts.issue(given(valued_on=papers.day(12, 31)))

    assert receipt.number == "R2027-00001"
    assert "Date du versement 31 décembre 2026" in text_of(receipt)
    assert [row[:1] + row[2:] for row in receipts.DeclaredTable()] == [
        (2027, 1, Decimal(0)),
        (2026, 0, Decimal(50)),
    ]


# What it is worth


@pytest.mark.parametrize(
    ("lines", "paid", "borne"),
    [
        ([("dues", 40), ("gift", 10)], 50, {"gift": "10.00"}),
        ([("dues", 40), ("gift", 10)], 25, {"gift": "5.00"}),
        ([("dues", 100), ("gift", 50)], 100, {"gift": "33.33"}),
        ([("gift", 10)], 15, {"gift": "10.00"}),
    ],
)
def test_a_receipt_bears_the_part_that_was_given_and_no_cent_more(lines, paid, borne):
    charge = create_billed(*lines, billing=SOMEBODY, paid=paid)

    receipt = receipts.issue(charge.payments.get())

    assert {line["nature"]: line["amount"] for line in receipt.lines} == borne


def test_dues_that_the_board_says_deductible_are_borne_and_others_are_not():
    plan = create_plan(price=Decimal(40), is_deductible=True)
    day = papers.day(11, 26)
    terms = {"after": None, "headcount": 0, "seats": 1, "terms": 1, "amount": None, "is_due": False}
    [line] = offers.make(plan, on=day, **terms).lines
    charge = Charge.open(name="Zoé", email="z@example.org", lines=[line], return_path="/", billing=SOMEBODY)
    charge.record_payment(method="cash", amount=Decimal(40), reference="1")

    assert receipts.issue(charge.payments.get()).total == 40
    assert isinstance(
        receipts.refusal(create_billed(("dues", 40), paid=40).payments.get()), receipts.NothingGiven
    )


def test_two_payments_of_one_gift_have_a_receipt_each_and_together_the_whole():
    charge = create_billed(("dues", 100), ("gift", 50), billing=SOMEBODY)
    for amount in (100, 50):
        charge.record_payment(method="cheque", amount=Decimal(amount), reference=f"C{amount}")

    amounts = [receipts.issue(payment).total for payment in charge.payments.order_by("pk")]

    assert amounts == [Decimal("33.33"), Decimal("16.67")]


# What is refused


def test_nothing_is_issued_and_nothing_promised_while_the_board_has_not_decided(client, settings):
    settings.TAX_RECEIPTS = dict.fromkeys(papers.RECEIPTS, "")
    payment = given()
    charge = payment.charge

    with pytest.raises(receipts.ReceiptsOff):
        receipts.issue(payment)

    page = client.get(charge.get_absolute_url()).text
    assert "fiscal" not in page
    assert client.get(reverse("payments:charge_receipt", args=[charge.uuid, payment.pk])).status_code == 404


@pytest.mark.parametrize(
    ("make", "refused"),
    [
        (lambda: given(provider_receipt="https://example.org/r"), receipts.ReceiptElsewhere),
        (lambda: given(billing=None), receipts.DonorUnknown),
        (lambda: given(billing=SOMEBODY | {"city": ""}), receipts.DonorUnknown),
        (lambda: given(billing=COMPANY), receipts.DonorUnknown),
        (lambda: given(billing=COMPANY | {"siret": "", "legal_form": "SA"}), receipts.DonorUnknown),
        (
            lambda: create_billed(("event", 20), billing=SOMEBODY, paid=20).payments.get(),
            receipts.NothingGiven,
        ),
    ],
    ids=["issued by the provider", "nobody", "no city", "no legal form", "no number", "no gift"],
)
def test_a_receipt_is_refused(make, refused):
    with pytest.raises(refused):
        receipts.issue(make())

    assert Document.objects.count() == 0


def test_a_payment_has_one_receipt():
    payment = given()
    receipts.issue(payment)

    with pytest.raises(receipts.ReceiptIssued):
        receipts.issue(payment)


def test_a_credit_that_is_used_is_no_gift():
    charge, other = create_billed(("event", 30), paid=30), create_billed(("gift", 30), billing=SOMEBODY)
    charge.cancel()
    Refund.objects.get().apply_to(other, by=create_staff())

    assert isinstance(receipts.refusal(other.payments.get()), receipts.NothingGiven)


def test_a_donor_sees_that_the_receipt_of_what_went_back_is_worth_nothing(client):
    payment = given()
    receipt = receipts.issue(payment)
    payment.charge.take_back(payment, amount=Decimal(50), reference="R", kind="chargeback")
    payment.charge.cancel()

    assert f"{receipt.number}, annulé" in client.get(payment.charge.get_absolute_url()).text


# Cancelled and replaced


def test_a_receipt_is_cancelled_and_replaced_and_both_stay_listed(client):
    payment = given()
    wrong = receipts.issue(payment)

    right = receipts.replace(
        wrong, to=DONOR | {"name": "Camille Exact"}, reason="Nom corrigé", by=create_staff()
    )

    assert (wrong.number, right.number) == ("R2026-00001", "R2026-00002")
    assert f"Annule et remplace le reçu {wrong.number} du 26 novembre 2026" in text_of(right)
    page = client.get(payment.charge.get_absolute_url()).text
    assert f"{wrong.number}, annulé" in page
    assert client.get(wrong.get_absolute_url()).status_code == 404
    assert client.get(right.get_absolute_url()).status_code == 200
    assert [row[2:] for row in receipts.DeclaredTable()] == [(1, Decimal(50))]
    mails = [key.split(".")[1] for key in Email.objects.order_by("pk").values_list("key", flat=True)]
    assert mails[-2:] == ["receipt_cancelled", "document"]


def test_a_replacement_that_is_refused_cancels_nothing():
    receipt = receipts.issue(given())

    with pytest.raises(receipts.DonorUnknown):
        receipts.replace(receipt, to=DONOR | {"city": ""}, reason="Essai", by=create_staff())

    assert standing() == [receipt]


def test_a_receipt_cancelled_twice_is_cancelled_once():
    receipt = receipts.issue(given())

    first, second = (receipts.cancel(receipt, reason=f"Raison {n}") for n in range(2))

    assert first == second


# The donor's page


def test_a_donor_says_who_they_are_and_has_their_receipt(client):
    payment = given(billing=None)
    wanted = reverse("payments:charge_receipt", args=[payment.charge.uuid, payment.pk])
    assert wanted in client.get(payment.charge.get_absolute_url()).text

    wrong = client.post(wanted, DONOR | {"is_organisation": "on"})
    page = client.post(wanted, DONOR, follow=True)
    again = client.get(wanted)

    assert list(wrong.context["form"].errors) == ["siret", "legal_form"]
    [receipt] = standing()
    assert "Votre reçu fiscal est prêt" in page.text
    assert receipt.get_absolute_url() in page.text
    assert again.url.startswith(payment.charge.get_absolute_url())
    assert not Billing.objects.to_invoice().exists()


def test_a_stranger_has_no_receipt_of_another_charge(client):
    payment, other = given(), given()

    wanted = reverse("payments:charge_receipt", args=[other.charge.uuid, payment.pk])

    assert client.get(wanted).status_code == 404


# The staff


@pytest.fixture
def staff(client):
    client.force_login(create_staff())
    return client


def test_staff_issue_replace_and_cancel(staff):
    payment = given(billing=None)
    issue = reverse("admin:payments_document_receipt", args=[payment.pk])

    staff.post(issue, DONOR)
    [first] = standing()
    again = staff.get(issue, follow=True)
    replace = reverse("admin:payments_document_replace", args=[first.pk])
    staff.post(replace, DONOR | {"name": "Autre nom", "reason": "Nom"})
    [second] = standing()
    page = staff.get(reverse("admin:payments_document_change", args=[second.pk]))
    cancel = reverse("admin:payments_document_cancel", args=[second.pk])
    empty = staff.post(cancel, {"reason": ""})
    staff.post(cancel, {"reason": "Demande du donateur"})

    assert "Un reçu fiscal existe pour ce paiement." in again.text
    assert (second.corrects, second.buyer["name"]) == (first, "Autre nom")
    assert cancel in page.text
    assert empty.status_code == 400
    assert standing() == []
    assert staff.get(cancel).status_code == 404
    listed = staff.get(reverse("admin:payments_document_changelist")).text
    assert "annulé\u00a0: Demande du donateur" in listed


def test_what_is_declared_is_a_table_and_a_file(staff):
    receipts.issue(given())
    receipts.issue(given(200, billing=COMPANY | {"legal_form": "SA"}))

    page = staff.get(reverse("admin:payments_document_declared")).text
    file = b"".join(staff.get(reverse("admin:payments_document_declared_csv"))).decode("utf-8-sig")

    assert "particuliers" in page
    assert "200,00\u00a0€" in page
    assert file.splitlines() == [
        "Année;Donateurs;Reçus délivrés;Dons reçus",
        "2026;particuliers;1;50,00",
        "2026;entreprises;1;200,00",
    ]


def test_only_who_issues_documents_does(client):
    payment = given()
    receipt = receipts.issue(payment)
    client.force_login(create_user(is_staff=True, second_factor=True))

    pages = [
        reverse("admin:payments_document_receipt", args=[payment.pk]),
        reverse("admin:payments_document_cancel", args=[receipt.pk]),
        reverse("admin:payments_document_replace", args=[receipt.pk]),
        reverse("admin:payments_document_declared"),
        reverse("admin:payments_document_declared_csv"),
    ]

    assert [client.get(one).status_code for one in pages] == [403] * 5


def test_the_line_of_a_gift_is_deductible_as_a_whole_unless_it_says_otherwise():
    lines = [Line("gift", "Don", Decimal(50)), Line("gift", "Don", Decimal(50), Decimal(20))]
    charge = Charge.open(name="Zoé", email="z@example.org", lines=lines, return_path="/")

    assert list(charge.lines.order_by("pk").values_list("deductible", flat=True)) == [50, 20]
    assert Payment.objects.count() == 0


def test_the_signature_of_who_signs_is_drawn_where_there_is_one(settings, tmp_path):
    file = tmp_path / "signature.png"
    file.write_bytes(picture())
    settings.TAX_RECEIPTS = papers.RECEIPTS | {"signature": str(file)}

    receipt = receipts.issue(given())

    assert "/Figure" in tags_of(receipt)
    assert "Camille Trésor, trésorière" in text_of(receipt)
