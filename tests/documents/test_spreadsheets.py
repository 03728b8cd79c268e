import io
import tracemalloc
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from openpyxl import load_workbook

from documents.spreadsheets import as_csv, as_xlsx, harmless, write


class Things:
    title = "Choses [1/2] : un titre bien trop long pour un classeur"

    def __init__(self, *rows, header=("Une", "Deux")):
        self.rows, self.header = rows, header

    def __iter__(self):
        return iter(self.rows)


def sheet_of(table):
    content = io.BytesIO()
    as_xlsx(table, content)
    return load_workbook(content).active


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_cell_is_a_formula(start):
    wicked = f'{start}HYPERLINK("https://example.org";"ici")'
    table = Things([wicked, wicked], header=[wicked, "Deux"])

    lines = list(as_csv(table))
    sheet = sheet_of(table)

    quoted = wicked.replace('"', '""')
    assert lines[0].startswith(f'\ufeff"\'{quoted}"')
    assert lines[1].count(f'"\'{quoted}"') == 2
    assert {cell.data_type for cells in sheet.iter_rows() for cell in cells} == {"s"}
    assert sheet["A1"].value[0] == sheet["B2"].value[0] == "'"


def test_what_is_no_formula_stays_as_it_is():
    assert [harmless(text) for text in ["", "Marie-Hélène", "a=b", "12"]] == ["", "Marie-Hélène", "a=b", "12"]


def test_a_french_spreadsheet_reads_days_hours_amounts_and_answers():
    moment = datetime(2026, 7, 1, 22, 30, 15, 9, tzinfo=UTC)
    row = [date(2026, 7, 1), moment, Decimal("-12.50"), -3, True, False, None]

    line = list(as_csv(Things(row)))[1]

    assert line == "01/07/2026;02/07/2026 00:30;-12,50;-3;oui;non;\r\n"


def test_in_a_workbook_they_stay_days_hours_and_numbers():
    moment = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    sheet = sheet_of(Things([date(2026, 7, 1), moment, Decimal("-12.50"), -3, "", True]))

    assert [cell.value for cell in sheet[2]] == [
        datetime(2026, 7, 1),
        datetime(2026, 7, 2, 0, 30),
        -12.5,
        -3,
        None,
        "oui",
    ]
    assert sheet.title == "Choses  1 2    un titre bien tr"


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_rows_that_were_written_are_counted(form):
    assert write(Things(["a", "b"], ["c", "d"]), form, io.BytesIO()) == 2
    assert write(Things(), form, io.BytesIO()) == 0


def test_a_long_workbook_takes_little_memory(tmp_path):
    rows = ([f"Camille Démo {index}", f"{index}@example.org"] for index in range(6000))

    with (tmp_path / "long.xlsx").open("wb") as file:
        tracemalloc.start()
        count = as_xlsx(Lazy(rows), file)
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert count == 6000
    assert peak < 3_000_000


class Lazy(Things):
    def __init__(self, rows):
        self.rows, self.header = rows, ("Nom", "Adresse")
