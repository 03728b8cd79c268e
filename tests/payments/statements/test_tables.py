from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.reading import Row
from payments.statements import tables
from payments.statements.lines import words
from payments.statements.tables import Column
from tests.payments.statements.samples import TABLE


def read(data, **options):
    rows = tables.first_rows(data)
    header = tables.header_row(rows)
    titles = next(row.cells for row in rows if row.number == header)
    return tables.read(data, columns=tables.guess(titles), header=header, account="demo", **options)


def table(*rows, encoding="utf-8"):
    return "\r\n".join(rows).encode(encoding)


def test_a_table_in_old_letters_with_debits_and_credits_apart_is_read():
    lines = read(TABLE).lines

    assert [(line.number, line.booked_on.day, line.valued_on.day, line.amount) for line in lines] == [
        (5, 5, 6, Decimal("40.00")),
        (6, 5, 6, Decimal("40.00")),
        (7, 7, 7, Decimal("1250.50")),
        (8, 9, 9, Decimal("-12.30")),
    ]
    assert lines[0].label == "VIR DÉMO CAMILLE VIREMENT RECU Adhésion d’œuvre 2026"
    assert lines[2].label == "VIR SARL DUPONT ; FILS VIREMENT RECU"


def test_rows_that_cannot_be_are_told_with_their_number():
    assert [problem.number for problem in read(TABLE).problems] == [9, 10]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_one_column_of_signed_amounts_is_read_whatever_its_letters(encoding):
    data = table(
        "Date,Libellé,Montant,Devise",
        '05/01/26,Zoé,"1 234,50 €",EUR',
        "2026-01-06,Lou,-5.00,EUR",
        encoding=encoding,
    )

    assert [(line.booked_on, line.label, line.amount) for line in read(data).lines] == [
        (date(2026, 1, 5), "Zoé", Decimal("1234.50")),
        (date(2026, 1, 6), "Lou", Decimal("-5.00")),
    ]


@pytest.mark.parametrize("debit", ["12,30", "-12,30", "12,30-"])
def test_a_debit_leaves_with_or_without_its_sign(debit):
    [line] = read(table("Date;Libellé;Débit;Crédit", f"05/01/2026;Frais;{debit};")).lines

    assert line.amount == Decimal("-12.30")


@pytest.mark.parametrize(
    "row",
    [";Sans date;10,00;EUR", "05/01/2026;Autre devise;10,00;USD", "05/01/2026;Quoi;beaucoup;EUR"],
)
def test_a_row_that_cannot_be_does_not_stop_the_others(row):
    reading = read(table("Date;Libellé;Montant;Devise", row, "05/01/2026;Lou;10,00;EUR"))

    assert [line.label for line in reading.lines] == ["Lou"]
    assert [problem.number for problem in reading.problems] == [2]


def test_a_row_that_moves_nothing_is_left_out():
    assert read(table("Date;Libellé;Montant", "05/01/2026;Solde;", "05/01/2026;Rien;0,00")) == ([], [])


def test_titles_are_guessed_and_one_is_taken_once_but_for_labels():
    titles = ["Date opération", "Libellé", "Détails", "Montant", "Montant", "Inconnu", None]

    assert tables.guess(titles) == [Column.BOOKED, Column.LABEL, Column.LABEL, Column.AMOUNT, "", "", ""]


def test_a_bank_is_recognised_by_its_titles_whatever_their_accents():
    assert tables.signature(["Libellé", "Débit"]) == tables.signature(["LIBELLE", "debit"])
    assert tables.signature(["Libellé", "Débit"]) != tables.signature(["Libellé", "Crédit"])


def test_titles_stand_where_most_of_them_are_known():
    rows = [
        Row(1, ["Compte", "demo"]),
        Row(3, ["Date", "Libellé", "Montant"]),
        Row(4, ["05/01", "Date", "1"]),
    ]

    assert tables.header_row(rows) == 3
    assert tables.header_row([Row(1, ["Quoi"]), Row(2, ["Autre"])]) == 1
    assert tables.header_row([Row(3, ["Quoi"]), Row(4, ["Autre"])]) == 3
    assert tables.header_row([Row(90, ["Date", "Montant"])]) == 90


@given(
    st.lists(
        st.tuples(
            st.dates(date(2000, 1, 1), date(2069, 1, 1)),
            st.decimals("-99999", "99999", places=2).filter(bool),
            st.text(st.sampled_from('ABCÉé;" 09,'), min_size=1, max_size=20).filter(str.strip),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_what_is_written_is_read_back(rows):
    def cell(text):
        return '"' + text.replace('"', '""') + '"'

    written = [
        f"{day:%d/%m/%Y};{cell(label)};{amount:,}".replace(",", " ").replace(".", ",")
        if "," not in label and "." not in label
        else f"{day:%d/%m/%Y};{cell(label)};{amount}"
        for day, amount, label in rows
    ]

    lines = read(table("Date;Libellé;Montant", *written, encoding="cp1252")).lines

    assert [(line.booked_on, line.amount, line.label) for line in lines] == [
        (day, amount, " ".join(label.split())) for day, amount, label in rows
    ]


def test_signs_that_turn_words_around_are_not_of_a_name():
    assert words("\u202eODED\u2069 ELLIMAC\x85 \ue000") == "ODED ELLIMAC"
