"""Who has a place, with what they answered, as a table: for a French spreadsheet, and as a workbook.

What somebody needs in order to come is never in it: that is for the accessibility contact alone.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from events.models import Answer, Booking, Event, Question, Registration

BOM = "\ufeff"  # by it Excel knows UTF-8
BATCH = 2000
FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # what a spreadsheet would run
LONGEST_CELL = 32_767
WIDEST = 40

Cell = str | int | Decimal | datetime | None


class Attendees:
    """The places of a QuerySet as rows: one each, a column for each question of their events."""

    def __init__(self, places: QuerySet[Registration]) -> None:
        self.places = places.select_related("booking__charge", "price", "promo_code")
        events = Event.objects.filter(pk__in=places.order_by().values("booking__event"))
        self.events = events.only("title", "starts_at").in_bulk()
        self.questions = list(
            Question.objects.filter(event__in=self.events).order_by("event_id", "position", "pk")
        )
        self.states = {state.value: str(state.label) for state in Booking.State}

    @property
    def header(self) -> list[str]:
        several = len({question.event_id for question in self.questions}) > 1
        asked = [
            f"{one.label} ({self.events[one.event_id]})" if several else one.label for one in self.questions
        ]
        return [
            _("Billet"),
            _("Événement"),
            _("Début"),
            _("Nom"),
            _("Adresse e-mail"),
            _("Réservé par"),
            _("Adresse e-mail du contact"),
            _("Facturer à"),
            _("État"),
            _("Réservé le"),
            _("Annulé le"),
            _("Tarif"),
            _("Code promotionnel"),
            _("Montant"),
            _("Payé le"),
            *asked,
        ]

    def __iter__(self) -> Iterator[list[Cell]]:
        places = self.places.iterator(chunk_size=BATCH)
        while batch := list(islice(places, BATCH)):
            answers = self._answers(batch)
            for place in batch:
                yield self._row(place, answers[place.booking_id, None] | answers[place.booking_id, place.pk])

    def _answers(self, batch: list[Registration]) -> defaultdict[tuple[int, int | None], dict[int, str]]:
        """What was answered to each question, by booking, and by place unless it was asked of the whole booking."""
        found: defaultdict[tuple[int, int | None], dict[int, str]] = defaultdict(dict)
        answers = Answer.objects.filter(booking__in={place.booking_id for place in batch}).order_by()
        for booking, place, question, text in answers.values_list(
            "booking", "registration", "question", "text"
        ):
            found[booking, place][question] = text
        return found

    def _row(self, place: Registration, answers: dict[int, str]) -> list[Cell]:
        booking = place.booking
        event = self.events[booking.event_id]
        cancelled_at = place.cancelled_at or booking.cancelled_at
        return [
            place.number,
            event.title,
            _local(event.starts_at),
            place.name,
            place.email,
            booking.name,
            booking.email,
            booking.invoice_to,
            self.states[Booking.State.CANCELLED if place.cancelled_at else booking.state],
            _local(booking.created_at),
            _local(cancelled_at),
            place.price.name if place.price else "",
            place.promo_code.code if place.promo_code else "",
            place.amount,
            _local(booking.charge.paid_at) if booking.charge and place.amount else None,
            *(_answer(question, answers.get(question.pk, "")) for question in self.questions),
        ]


def as_csv(attendees: Attendees) -> Iterator[str]:
    """Line by line, with semicolons, decimal commas and a mark of UTF-8: what a French Excel opens by itself."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";")
    for index, row in enumerate(_rows(attendees)):
        writer.writerow([_csv_cell(cell) for cell in row])
        yield ("" if index else BOM) + buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def as_xlsx(attendees: Attendees) -> bytes:
    """A workbook in which dates are dates and amounts are numbers."""
    header = attendees.header
    book = Workbook(write_only=True)
    book.properties.creator = ""
    sheet = book.create_sheet(_("Inscriptions"))
    sheet.freeze_panes = "A2"
    for index, title in enumerate(header, start=1):
        sheet.column_dimensions[get_column_letter(index)].width = min(max(len(title) + 2, 18), WIDEST)
    sheet.append([_title(sheet, title) for title in header])
    count = 0
    for row in attendees:
        sheet.append([_xlsx_cell(cell) for cell in row])
        count += 1
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(header))}{count + 1}"
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def harmless(text: str) -> str:
    """The same text, that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _rows(attendees: Attendees) -> Iterable[list[Any]]:
    yield attendees.header
    yield from attendees


def _csv_cell(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case datetime():
            return f"{cell:%d/%m/%Y %H:%M}"
        case Decimal():
            return str(cell).replace(".", ",")
        case _:
            return harmless(str(cell).replace("\x00", ""))


def _title(sheet: Any, text: str) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, _xlsx_cell(text))
    cell.font = Font(bold=True)
    return cell


def _xlsx_cell(cell: Cell) -> Any:
    """None for an empty one, which is then not written at all."""
    if isinstance(cell, str):
        return harmless(ILLEGAL_CHARACTERS_RE.sub("", cell))[:LONGEST_CELL] or None
    return cell


def _local(moment: datetime | None) -> datetime | None:
    """As the clock of Montpellier says it: a spreadsheet knows no time zone."""
    return timezone.localtime(moment).replace(tzinfo=None, microsecond=0) if moment else None


def _answer(question: Question, text: str) -> Cell:
    if question.kind == Question.Kind.NUMBER:
        try:
            return Decimal(text)
        except InvalidOperation:
            return text  # none, or from before the question asked for a number
    return ", ".join(text.splitlines()) if question.kind == Question.Kind.SEVERAL else text
