from datetime import date
from decimal import Decimal
from time import perf_counter

import pytest

from documents.unreadable import Unreadable
from payments.statements import camt053
from tests.payments.statements.samples import CAMT, CAMT_FOOT, CAMT_HEAD, entry


def one(*parts, **facts):
    [line] = camt053.read(entry(*parts, **facts)).lines
    return line


def details(*amounts, reference=""):
    each = "".join(
        f'<TxDtls><Refs><AcctSvcrRef>{reference}</AcctSvcrRef></Refs><Amt Ccy="EUR">{amount}</Amt></TxDtls>'
        for amount in amounts
    )
    return f"<AcctSvcrRef>LOT</AcctSvcrRef><NtryDtls>{each}</NtryDtls>"


def test_all_that_a_transfer_says_is_read():
    line = camt053.read(CAMT).lines[0]

    assert line == (
        1,
        date(2026, 1, 5),
        date(2026, 1, 6),
        Decimal("40.00"),
        "ADHESION 2026 MERCI & BONNE ANNÉE",
        "FR7699999000010000000000085",
        "DEMO0001",
        "MME CAMILLE DEMO",
        "FR7699999000020000000000185",
        "",
        "RF18539007547034",
    )


def test_a_batch_gives_a_line_a_transaction_each_with_a_name_of_its_own():
    batch = camt053.read(CAMT).lines[1:4]

    assert [(line.amount, line.bank_id, line.payer, line.end_to_end) for line in batch] == [
        (Decimal("40.00"), "DEMO0002/1", "DEMO LOU", "S-000101"),
        (Decimal("40.00"), "DEMO0002B", "SOCIETE DE DEMONSTRATION", "S-000102"),
        (Decimal("15.50"), "DEMO0002/3", "ESSAI JEAN", ""),
    ]


@pytest.mark.parametrize("amounts", [["10.00", "20.00"], ["10.00", "abc"], ["40.01", "-0.01"]])
def test_a_batch_that_does_not_make_up_its_entry_stays_whole(amounts):
    line = one("40.00", more=details(*amounts))

    assert (line.amount, line.bank_id) == (40, "LOT")


def test_transactions_that_share_the_reference_of_their_entry_are_told_apart():
    lines = camt053.read(entry("40.00", more=details("20.00", "20.00", reference="LOT"))).lines

    assert [line.bank_id for line in lines] == ["LOT/1", "LOT/2"]


def test_what_leaves_is_negative_and_names_who_is_paid():
    line = camt053.read(CAMT).lines[5]

    assert (line.amount, line.payer) == (Decimal("-25.00"), "ALEX ESSAI")
    assert line.iban == "FR7699999000030000000000285"


def test_only_what_is_booked_in_euros_is_taken_and_the_rest_is_told():
    reading = camt053.read(CAMT)

    assert len(reading.lines) == 6
    assert [problem.number for problem in reading.problems] == [6]
    assert reading.problems[0].message.startswith("Cette opération est en USD")


def test_an_older_version_writes_its_status_otherwise_and_its_party_without_a_wrapper():
    more = "<NtryDtls><TxDtls><RltdPties><Dbtr><Nm>LOU DEMO</Nm></Dbtr></RltdPties></TxDtls></NtryDtls>"

    assert one(more=more).payer == "LOU DEMO"
    assert camt053.read(entry(status="PDNG")).lines == []


def test_the_text_of_the_entry_stands_in_where_no_transaction_says_anything():
    assert one(more="<AddtlNtryInf>REMISE  DE\nCHEQUES</AddtlNtryInf>").label == "REMISE DE CHEQUES"


@pytest.mark.parametrize(
    "facts",
    [
        {"amount": ""},
        {"amount": "abc"},
        {"amount": "NaN"},
        {"amount": "0.00"},
        {"amount": "-5.00"},
        {"amount": "1.005"},
        {"amount": "1e99"},
        {"on": ""},
        {"on": "2026-02-30"},
        {"direction": "?"},
    ],
)
def test_an_entry_that_cannot_be_is_told_and_does_not_stop_the_others(facts):
    amount = facts.pop("amount", "40.00")
    bad = entry(amount, **facts).removeprefix(CAMT_HEAD).removesuffix(CAMT_FOOT)
    good = entry("12.00").removeprefix(CAMT_HEAD)

    reading = camt053.read(CAMT_HEAD + bad + good)

    assert [line.amount for line in reading.lines] == [12]
    assert len(reading.problems) == 1


@pytest.mark.parametrize(
    "content", [b"<Document/>", CAMT_HEAD.replace(b"BkToCstmrStmt", b"BkToCstmrDbtCdtNtfctn")]
)
def test_another_xml_is_refused(content):
    with pytest.raises(Unreadable):
        camt053.read(content)


def test_an_account_is_looked_for_once_a_statement_and_not_once_an_entry():
    body = entry()[len(CAMT_HEAD) : -len(CAMT_FOOT)]

    def seconds(count):
        started = perf_counter()
        assert len(camt053.read(CAMT_HEAD + body * count + CAMT_FOOT).lines) == count
        return perf_counter() - started

    once = min(seconds(1000) for _several in range(3))
    assert seconds(10_000) < 25 * once  # 10 times; 50, when each entry looks through all of them
