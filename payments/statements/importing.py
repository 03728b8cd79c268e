"""A statement becomes lines, each once however often and in whatever file it is read: see docs/decisions."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from payments.models import Payment, Statement, StatementLine
from payments.models.advisory import IMPORTS, hold
from payments.statements import camt053, ofx, tables
from payments.statements.doubles import Found, Known, Sorting, words_of
from payments.statements.lines import Problem, Reading, ReadLine

if TYPE_CHECKING:
    from accounts.models import User

CHUNK = 1000
OLDEST = timedelta(days=3653)  # what is written in the books stays there: an older day is a fault of the file
AHEAD = timedelta(days=31)  # a value day may be to come, and banks book on Monday what is done on Sunday


class Plan(NamedTuple):
    new: list[Found]
    doubtful: list[Found]
    known: list[ReadLine]
    problems: list[Problem]


def read(statement: Statement) -> Reading:
    """Raises Unreadable."""
    reading, today = _as_written(statement), timezone.localdate()
    first, last = today - OLDEST, today + AHEAD
    lines, problems = [], reading.problems
    for line in reading.lines:
        if first <= min(line.booked_on, line.valued_on) and max(line.booked_on, line.valued_on) <= last:
            lines.append(line)
        else:
            problems.append(
                Problem(line.number, _("Cette date est trop loin d’aujourd’hui\u00a0: vérifiez l’année."))
            )
    return Reading(lines, sorted(problems))


def _as_written(statement: Statement) -> Reading:
    content = bytes(statement.content)
    if statement.format == Statement.Format.CAMT:
        return camt053.read(content)
    if statement.format == Statement.Format.OFX:
        return ofx.read(content)
    columns = statement.layout.columns if statement.layout else []
    return tables.read(content, columns=columns, header=statement.header_row, account=statement.account)


def plan(statement: Statement) -> Plan:
    """What importing would do, in one query. Raises Unreadable."""
    reading = read(statement)
    sorting = Sorting(reading.lines, statement.format)
    return Plan(*sorting.sort(_known(sorting)), reading.problems)


@transaction.atomic
def take_in(statement: Statement, *, by: "User") -> Statement:
    """Write its lines, and forget its bytes. Imports wait for each other. A second call changes nothing.

    Raises Unreadable, and DoesNotExist if somebody has abandoned it.
    """
    hold(IMPORTS)
    held: Statement = Statement.objects.select_for_update(of=("self",)).get(pk=statement.pk)
    if held.imported_at:
        return held
    found = plan(held)
    new = StatementLine.objects.bulk_create([_row(held, one) for one in found.new], batch_size=CHUNK)
    written = {row.fingerprint: row.pk for row in new}
    doubles = [_row(held, one, twin=one.twin_in(written)) for one in found.doubtful]
    StatementLine.objects.bulk_create(doubles, batch_size=CHUNK)
    lines = [*(one.line for one in found.new), *(one.line for one in found.doubtful), *found.known]
    days = [line.booked_on for line in lines]
    held.first_on, held.last_on = min(days, default=None), max(days, default=None)
    held.account = held.account or ", ".join(sorted({line.account for line in lines} - {""}))[:64]
    held.new_count, held.doubtful_count = len(new), len(doubles)
    held.known_count, held.refused_count = len(found.known), len(found.problems)
    held.content, held.imported_at, held.imported_by = b"", timezone.now(), by
    held.save()
    return held


@transaction.atomic
def abandon(statement: Statement) -> bool:
    """Forget a file that was sent by mistake, unless it is imported, or is just being so. Whether it was."""
    rows: Any = Statement.objects.select_for_update().filter(pk=statement.pk)
    is_forgotten = any(row.imported_at is None for row in rows)
    if is_forgotten:
        rows.delete()
    return is_forgotten


def _row(statement: Statement, found: Found, *, twin: int | None = None) -> StatementLine:
    facts = found.line._asdict()
    del facts["number"]
    return StatementLine(
        statement=statement,
        method=Payment.Method.TRANSFER,
        fingerprint=found.fingerprint,
        twin_id=twin,
        **facts,
    )


def _known(sorting: Sorting) -> list[Known]:
    """What the bank has told us around the days of these lines."""
    if not sorting.lines:
        return []
    around = StatementLine.objects.filter(method=Payment.Method.TRANSFER, booked_on__range=sorting.around)
    facts = around.order_by("booked_on", "pk").values_list(
        "pk",
        "fingerprint",
        "statement__format",
        "account",
        "bank_id",
        "booked_on",
        "amount",
        "label",
        "payer",
    )
    return [Known(*row[:7], words_of(*row[7:])) for row in facts]
