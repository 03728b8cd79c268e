from datetime import date, datetime
from decimal import Decimal

import pytest

from documents import cells
from documents.reading import Row
from members.imports import cells as own_cells
from members.imports import columns

TITLES = ["Prénom", "NOM", "Adresse e-mail", "Téléphone", "Code postal", "Ville", "Favori"]


def rows(*cells):
    return [Row(number, list(row)) for number, row in enumerate(cells, start=1)]


def test_titles_are_known_whatever_their_accents_and_capitals():
    assert columns.guess(TITLES) == ["first_name", "last_name", "email", "phone", "postcode", "city", ""]


@pytest.mark.parametrize(
    ("title", "code"),
    [
        ("Courriel", "email"),
        ("E-mail", "email"),
        ("Last name", "last_name"),
        ("Raison sociale", "organisation"),
        ("N° SIRET", "siret"),
        ("Date de naissance", "birth_year"),
        ("Numéro d’adhérent", "number"),
        ("Collèges", "college"),
        ("Date de début", "starts_on"),
        ("Date_de_fin", "ends_on"),
        ("Montant payé", "amount"),
        ("Téléphonne", "phone"),
        ("Nom du représentant", "mandate_last_name"),
        ("Commentaire", ""),
        ("", ""),
    ],
)
def test_a_title_is_guessed_in_french_or_english_to_a_letter_or_two(title, code):
    assert columns.guess([title]) == [code]


def test_a_field_is_given_to_one_column_the_most_alike():
    assert columns.guess(["Mails", "E-mail", "Nom"]) == ["", "email", "last_name"]


def test_the_titles_are_found_under_three_rows_of_banner():
    head = rows(
        ["Association IAMM"], ["Liste au 31/12/2026", "", "page 1"], ["confidentiel"], TITLES, ["Zoé"]
    )

    assert columns.header_row(head) == 4


def test_a_single_column_may_be_the_whole_file():
    assert columns.header_row(rows(["Liste"], ["E-mail"], ["zoe@example.org"])) == 2


def test_the_first_row_is_proposed_when_none_is_known():
    assert columns.header_row(rows(["x", "y"], ["z", "t"])) == 1


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("31/12/2026", date(2026, 12, 31)),
        ("2026-12-31", date(2026, 12, 31)),
        ("31/12/26", date(2026, 12, 31)),
        ("1.2.1999", date(1999, 2, 1)),
        ("31-12-70", date(1970, 12, 31)),
        ("2026-12-31 00:00:00", date(2026, 12, 31)),
        (datetime(2026, 12, 31), date(2026, 12, 31)),
        (date(2026, 12, 31), date(2026, 12, 31)),
        (46387, date(2026, 12, 31)),
    ],
)
def test_a_day_is_read_as_people_and_spreadsheets_write_it(cell, day):
    assert cells.day(cell) == day


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("31/02/2026", "Ce jour n’existe pas."),
        ("29/02/2026", "Ce jour n’existe pas."),
        ("2026-13-01", "Ce jour n’existe pas."),
        ("demain", "Ce n’est pas une date comme 31/12/2026."),
        ("12/2026", "Ce n’est pas une date comme 31/12/2026."),
        (9_999_999, "Ce n’est pas une date comme 31/12/2026."),
        ("31/12/1066", "Cette année n’est pas possible."),
    ],
)
def test_what_is_no_day_is_said(cell, told):
    with pytest.raises(cells.BadCell) as refused:
        cells.day(cell)

    assert str(refused.value) == told


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("1 234,50", "1234.50"),
        ("1\u202f234,50 €", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("40", "40.00"),
        (40, "40.00"),
        (12.1, "12.10"),
        (Decimal("0"), "0.00"),
    ],
)
def test_an_amount_is_read_in_cents(cell, amount):
    assert str(cells.amount(cell)) == amount


@pytest.mark.parametrize("cell", ["quarante", "-3", "1,005", "1e30", "NaN", "Infinity", "999999999999"])
def test_what_is_no_amount_is_refused(cell):
    with pytest.raises(cells.BadCell):
        cells.amount(cell)


def test_words_numbers_and_kinds_are_read():
    assert cells.text("  Jean   Pierre\n") == "Jean Pierre"
    assert cells.text(34000.0) == "34000"
    assert cells.whole_number("1 200,0") == 1200
    assert (cells.year("1980"), cells.year("12/05/1980"), cells.year(datetime(1980, 5, 12))) == (1980,) * 3
    assert [own_cells.member_number(one) for one in ("A-000123", "a123", 123, "000123")] == [123] * 4
    assert [own_cells.kind(one) for one in ("Personne physique", "Société")] == ["person", "organisation"]
    assert [own_cells.role(one) for one in ("Titulaire", "Suppléante")] == ["titular", "deputy"]


@pytest.mark.parametrize("cell", ["D\0mo", "D\ufffdmo", "#N/A"])
def test_what_no_keyboard_writes_is_refused(cell):
    with pytest.raises(cells.BadCell):
        cells.text(cell)


def test_a_line_says_only_what_is_written_and_survives_its_way_through_the_database():
    values = {"last_name": "Démo", "starts_on": date(2026, 1, 1), "amount": Decimal("40.00"), "plan": 3}
    line = columns.Line(7, values)

    assert columns.Line.from_json(7, line.as_json()) == line
