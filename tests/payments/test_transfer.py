from decimal import Decimal

import pytest
from stdnum import iso11649

from payments import transfer
from payments.models import Charge
from tests.factories import create_charge, create_user
from tests.organisation_pages import paths_of_organisation

pytestmark = pytest.mark.django_db
BANK = {"holder": "IA Montpellier Méditerranée", "iban": "FR7630006000011234567890189", "bic": "AGRIFRPP"}


@pytest.fixture
def bank(settings):
    settings.BANK = BANK


def test_the_reference_is_that_of_the_charge_and_tells_a_typing_error():
    charge = create_charge(40)

    reference = transfer.reference_of(charge)

    assert reference[4:] == charge.number.replace("-", "")
    assert iso11649.is_valid(reference)
    assert not iso11649.is_valid(reference[:-1] + str((int(reference[-1]) + 1) % 10))


def test_no_transfer_is_offered_without_an_account(settings):
    settings.BANK = BANK | {"iban": ""}

    assert transfer.for_charge(create_charge(40)) is None


def test_it_asks_for_what_is_left_in_the_groups_that_a_person_copies(bank):
    charge = create_charge(Decimal("1040.50"))
    charge.record_payment(method="cheque", amount=Decimal(40), reference="1")

    asked = transfer.for_charge(charge)

    assert (asked.amount, asked.typed_amount) == (Decimal("1000.50"), "1000,50")
    assert asked.iban_in_groups == "FR76 3000 6000 0112 3456 7890 189"
    assert asked.reference_in_groups.replace(" ", "") == asked.reference


@pytest.mark.parametrize("bic", ["AGRIFRPP", ""])
def test_the_code_holds_what_the_european_payments_council_wants(bank, settings, monkeypatch, bic):
    settings.BANK = BANK | {"bic": bic}
    made = []
    make = transfer.helpers.segno.make_qr
    monkeypatch.setattr(
        transfer.helpers.segno, "make_qr", lambda data, **options: made.append(data) or make(data, **options)
    )
    asked = transfer.for_charge(create_charge(Decimal("40.50")))

    picture = asked.picture

    lines = made[0].decode().split("\n")
    assert lines[:4] == ["BCD", "002", "1", "SCT"]
    assert lines[4:9] == [bic, BANK["holder"], BANK["iban"], "EUR40.5", ""]
    assert lines[9] == asked.reference
    assert picture.startswith("data:image/svg+xml")
    assert "style=" not in picture


def test_who_represents_an_organisation_reads_the_same_details(client, bank):
    user = create_user()
    client.force_login(user)
    address = paths_of_organisation(user)[0]
    charge = Charge.objects.get()

    page = client.get(address).content.decode()

    asked = transfer.for_charge(charge)
    assert all(part in page for part in (asked.holder, asked.iban_in_groups, asked.reference_in_groups))
