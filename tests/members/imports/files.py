"""Files of members, and imports of them."""

import io

from django.core.files.base import ContentFile
from openpyxl import Workbook

from documents import reading
from members.imports import columns, work
from members.models import ImportBatch
from tests.factories import create_staff


def table(*rows, delimiter=";"):
    """A CSV of these rows, each a list or a line."""
    lines = [row if isinstance(row, str) else delimiter.join(map(str, row)) for row in rows]
    return "\r\n".join(lines).encode()


def workbook(*rows):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def receive(content, *, name="adherents.csv", staff=None):
    """An import whose columns are what their titles say."""
    file = ContentFile(content, name)
    head = reading.head(file).rows
    batch = ImportBatch.receive(file, head=[], by=staff or create_staff())
    titles = columns.header_row(head)
    headers = [str(cell or "") for cell in next(row.cells for row in head if row.number == titles)]
    batch.choose_columns(columns.guess(headers), key=columns.key_of(headers), header_row=titles, college=None)
    return batch


def preview(content, **options):
    batch = receive(content, **options)
    work.go_on(batch)
    return batch


def apply(batch):
    batch.apply(by=batch.uploaded_by)
    work.go_on(batch)
    return batch


def undo(batch):
    batch.undo(by=batch.uploaded_by)
    work.go_on(batch)
    return batch


def outcomes(batch):
    return [(row.number, row.outcome) for row in batch.rows.all()]


def problems(batch):
    """What each refused row is told: its number, the column, the words."""
    return [(row.number, column, told) for row in batch.rows.all() for column, told, _pks in row.problems]
