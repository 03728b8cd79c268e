import pytest

from payments.statements.references import told


@pytest.mark.parametrize(
    "text",
    [
        "S-000123",
        "adhesion s000123",
        "S 000 123 MERCI",
        "REFS-000123",
        "RF36S000123",
        "RF36 S000 123",
        "rf36-s000123",
        "S-000123 2026",
        "/EREF/S.000.123/",
    ],
)
def test_a_number_of_ours_is_found_however_it_is_typed(text):
    assert told("rien", text).sure == {123}


def test_a_number_longer_than_six_digits_is_found_in_whole():
    assert 1234567 in told("S-1234567").sure


@pytest.mark.parametrize("text", ["S-123", "S 0123", "RF37S000123", "s-00123"])
def test_a_number_with_a_fault_is_told_apart(text):
    assert (told(text).sure, told(text).maybe) == (frozenset(), {123})


@pytest.mark.parametrize("text", ["LES000123", "XS-000123", "2026", "S", "RFS", "CARTES 000123", "S-ABC"])
def test_what_is_no_number_of_ours_is_not_one(text):
    assert told(text)[:2] == (frozenset(), frozenset())


@pytest.mark.parametrize("text", ["F2026-00012", "facture F 2026 12", "f2026.0012"])
def test_the_number_of_an_invoice_is_found(text):
    assert told(text).invoices == {"F2026-00012"}


@pytest.mark.parametrize(("text", "is_alike"), [("S-000132", True), ("S-000124", True), ("S-000456", False)])
def test_a_number_of_somebody_else_may_be_a_slip(text, is_alike):
    assert told(text).resembles(123) is is_alike
