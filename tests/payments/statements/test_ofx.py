from datetime import date
from decimal import Decimal
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.unreadable import Unreadable
from payments.statements import ofx
from tests.payments.statements.samples import OFX

XML = """<?xml version="1.0" encoding="{encoding}"?><?OFX OFXHEADER="200" VERSION="211"?>
<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>{currency}</CURDEF>
<BANKACCTFROM><BANKID>9</BANKID><ACCTID>85</ACCTID></BANKACCTFROM><BANKTRANLIST>{transactions}</BANKTRANLIST>
</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"""


def transaction(**facts):
    defaults = {"DTPOSTED": "20260105", "TRNAMT": "40.00", "FITID": "F1", "NAME": "LOU", "MEMO": "ADHESION"}
    leaves = "".join(f"<{tag}>{value}</{tag}>" for tag, value in (defaults | facts).items())
    return f"<STMTTRN>{leaves}</STMTTRN>"


def read(*transactions, currency="EUR", encoding="UTF-8"):
    text = XML.format(transactions="".join(transactions), currency=currency, encoding=encoding)
    return ofx.read(text.encode(encoding))


def test_an_sgml_with_comma_decimals_and_old_letters_is_read():
    lines = ofx.read(OFX).lines

    assert [(line.booked_on.day, line.valued_on.day, line.amount, line.bank_id) for line in lines] == [
        (5, 5, Decimal("40.00"), "2026005-1"),
        (7, 8, Decimal("1250.50"), "2026007-1"),
        (9, 9, Decimal("-12.30"), "2026009-1"),
        (9, 9, Decimal("40.00"), "2026009-2"),
    ]
    assert lines[0].account == "99999 00001 00000000085"


def test_the_name_is_said_once_where_the_memo_begins_with_it():
    assert [line.label for line in ofx.read(OFX).lines] == [
        "VIR MME DÉMO CAMILLE ADHESION S 000 103",
        "SARL DUPONT & FILS FACTURE 2026",
        "CHEQUE 0001234",
        "VIR ESSAI JEAN & MARIE",
    ]


@pytest.mark.parametrize("encoding", ["UTF-8", "windows-1252", "iso-8859-1"])
def test_an_xml_says_the_same(encoding):
    [line] = read(
        transaction(NAME="ZOÉ &amp; &#233;lo", MEMO="<![CDATA[A < B & C]]>"), encoding=encoding
    ).lines

    assert (line.payer, line.label, line.account) == ("ZOÉ & élo", "ZOÉ & élo A < B & C", "9 85")
    assert (line.booked_on, line.amount, line.bank_id) == (date(2026, 1, 5), 40, "F1")


def test_an_identity_that_is_none_is_none():
    assert [line.bank_id for line in read(transaction(FITID="NONREF"), transaction(FITID="")).lines] == [
        "",
        "",
    ]


@pytest.mark.parametrize(
    "facts",
    [
        {"TRNAMT": ""},
        {"TRNAMT": "abc"},
        {"TRNAMT": "0,00"},
        {"TRNAMT": "1,005"},
        {"DTPOSTED": ""},
        {"DTPOSTED": "20260230"},
        {"CURSYM": "USD"},
    ],
)
def test_a_transaction_that_cannot_be_is_told_and_does_not_stop_the_others(facts):
    reading = read(transaction(**facts), transaction())

    assert [line.number for line in reading.lines] == [2]
    assert [problem.number for problem in reading.problems] == [1]


def test_another_currency_is_nobodys_payment():
    assert len(read(transaction(), currency="CHF").problems) == 1


@pytest.mark.parametrize("cut", [200, 900, 1200, len(OFX) - 10])
def test_a_file_cut_short_is_refused_whole(cut):
    with pytest.raises(Unreadable):
        ofx.read(OFX[:cut])


def test_definitions_are_refused():
    with pytest.raises(Unreadable):
        ofx.read(b'<!DOCTYPE OFX [<!ENTITY a "b">]>' + OFX)


@given(
    st.lists(
        st.tuples(
            st.dates(date(2000, 1, 1), date(2090, 1, 1)),
            st.decimals("-99999", "99999", places=2).filter(bool),
            st.text(st.sampled_from("ABCÉé&<>'\" 09"), max_size=20),
        ),
        max_size=5,
    )
)
def test_what_is_written_is_read_back(rows):
    def escaped(text):
        return text.replace("&", "&amp;").replace("<", "&lt;")

    written = [
        transaction(
            DTPOSTED=f"{day:%Y%m%d}", TRNAMT=str(amount).replace(".", ","), NAME="", MEMO=escaped(label)
        )
        for day, amount, label in rows
    ]

    lines = read(*written).lines

    assert [(line.booked_on, line.amount, line.label) for line in lines] == [
        (day, amount, " ".join(label.split())) for day, amount, label in rows
    ]


def test_marks_that_are_never_closed_cost_no_more_than_their_length():
    started = perf_counter()

    assert read(transaction(MEMO="<![CDATA[" * 20_000)).lines[0].payer == "LOU"

    assert perf_counter() - started < 5  # minutes, when the end of each is looked for to the end of the file


@pytest.mark.parametrize("encoding", ["undefined", "unicode_escape", "no-such-thing"])
def test_an_encoding_that_no_bank_writes_is_not_followed(encoding):
    text = XML.format(transactions=transaction(NAME=r"ZOÉ \ud800"), currency="EUR", encoding=encoding)

    assert ofx.read(text.encode("cp1252")).lines[0].payer == r"ZOÉ \ud800"
