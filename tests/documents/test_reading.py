import io
from datetime import datetime
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from documents import reading
from documents.unreadable import Unreadable
from tests.members.imports.files import table, workbook
from tests.uploads import PDF, archive, picture

TITLES, ZOE = ["Prénom", "Nom"], ["Zoé", "Dœ"]
LOCKED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500


def read(content):
    return [(row.number, list(row.cells)) for row in reading.rows(io.BytesIO(content))]


def refusal(content):
    with pytest.raises(Unreadable) as refused:
        read(content)
    return str(refused.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_a_text_is_read_whatever_its_letters_and_its_delimiter(encoding, delimiter):
    content = table(TITLES, ["Zoé", "Démo"], delimiter=delimiter).decode().encode(encoding)

    assert read(content) == [(1, TITLES), (2, ["Zoé", "Démo"])]


def test_what_an_old_excel_wrote_is_read():
    assert read("Prénom;Nom\r\nZoé;Dœ € ’\r\n".encode("cp1252")) == [(1, TITLES), (2, ["Zoé", "Dœ € ’"])]


def test_decimal_commas_are_not_the_delimiter():
    content = table("Nom;Montant", "Démo;40,00", "Essai;12,50")

    assert read(content) == [(1, ["Nom", "Montant"]), (2, ["Démo", "40,00"]), (3, ["Essai", "12,50"])]


def test_quotes_hold_delimiters_and_lines():
    content = b'Nom;Adresse\r\n"D\xc3\xa9mo; fils";"1, rue d\'essai\r\nb\xc3\xa2t. B"\r\n"Le ""vieux""";x'

    assert read(content)[1:] == [
        (2, ["Démo; fils", "1, rue d'essai\r\nbât. B"]),
        (3, ['Le "vieux"', "x"]),
    ]


def test_rows_are_numbered_as_a_spreadsheet_does_and_blank_ones_left_out():
    assert read(table("Liste 2026;;", "", "Prénom;Nom;;", " ; ", "Zoé;Démo")) == [
        (1, ["Liste 2026"]),
        (3, TITLES),
        (5, ["Zoé", "Démo"]),
    ]


def test_a_workbook_has_its_dates_and_numbers():
    day = datetime(2026, 12, 31)

    assert read(workbook(["Nom", "Fin", "Effectif"], [], ["Démo", day, 12])) == [
        (1, ["Nom", "Fin", "Effectif"]),
        (3, ["Démo", day, 12]),
    ]


def test_a_formula_is_the_value_that_was_last_calculated():
    content = rewritten(workbook(["Nom"], ["=1+1"]), b"<v></v>", b"<v>2</v>", b"<v />", b"<v>2</v>")

    assert read(content) == [(1, ["Nom"]), (2, [2])]


def test_a_formula_that_was_never_calculated_is_not_read_as_empty():
    assert refusal(workbook(["Nom", "Total"], ["Démo", "=1+1"])).startswith("Des formules de ce classeur")


def rewritten(content, *changes):
    """The same archive with these bytes changed in its sheet."""
    parts = {}
    with ZipFile(io.BytesIO(content)) as before:
        for name in before.namelist():
            parts[name] = before.read(name)
    for old, new in zip(changes[::2], changes[1::2], strict=True):
        parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"].replace(old, new)
    return archive(parts)


def test_a_row_further_than_any_workbook_goes_is_not_walked_to():
    far = rewritten(workbook(["Nom"], ["Démo"]), b'<row r="2"', b'<row r="5000000"')

    assert refusal(far).startswith("Ce classeur est abîmé")


def bomb():
    """As many rows as one likes in a few bytes: 300 MB of blanks."""
    buffer = io.BytesIO(workbook(["Nom"]))
    with ZipFile(buffer, "a", ZIP_DEFLATED) as file, file.open("xl/media/vide.bin", "w") as part:
        for _ in range(300):
            part.write(b"\0" * 1_000_000)
    return buffer.getvalue()


def with_part(name, content=b"x"):
    buffer = io.BytesIO(workbook(["Nom"]))
    with ZipFile(buffer, "a") as file:
        file.writestr(name, content)
    return buffer.getvalue()


ENTITIES = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaa">]><a>&a;</a>'


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "Ce fichier est vide."),
        (b" \r\n ", "Ce fichier est vide."),
        (PDF, "Ce fichier n’est ni un CSV ni un classeur XLSX."),
        (picture(), "Ce fichier n’est ni un CSV ni un classeur XLSX."),
        (bytes(range(256)) * 10, "Ce fichier n’est ni un CSV ni un classeur XLSX."),
        (archive({"mimetype": "application/vnd.oasis"}), "Ce fichier n’est ni un CSV ni un classeur XLSX."),
        (LOCKED, "Ce classeur est protégé par un mot de passe, ou d’un ancien format"),
        (workbook(["Nom"])[:-40], "Ce classeur est abîmé"),
        (archive({"xl/workbook.xml": "<x/>"}), "Ce classeur est abîmé"),
        (with_part("xl/customXml/x.xml", ENTITIES), "Ce classeur est abîmé"),
        (with_part("xl/vbaProject.bin"), "Ce classeur contient une macro"),
        (bomb(), "Ce classeur est trop gros une fois déplié."),
        (b'Nom\n"D' + b"x" * 200_000, "La lecture s’arrête à la ligne"),
        (b";".join([b"x"] * 101), "La ligne 1 a plus de 100 colonnes."),
    ],
)
def test_what_is_no_table_is_refused_in_words(content, told):
    assert refusal(content).startswith(told)


def test_a_nul_among_the_letters_is_left_for_its_row_to_refuse():
    assert read(b"Nom;Ville\nD\0mo;Lattes\nEssai;Agde")[1:] == [
        (2, ["D\0mo", "Lattes"]),
        (3, ["Essai", "Agde"]),
    ]


def test_a_text_of_too_many_rows_is_known_at_once():
    few, many = (b"Nom\n" + b"Demo\n" * count for count in (50_000, 60_000))

    assert [reading.head(io.BytesIO(one)).has_more_rows_than_allowed for one in (few, many)] == [False, True]
    assert len(reading.head(io.BytesIO(few)).rows) == reading.HEAD
