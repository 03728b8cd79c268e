"""What the background does with an import, by the state it is in; see `ImportBatch` for whose turn it is."""

from itertools import islice

from django.db import transaction
from django.utils.translation import gettext as _

from documents.reading import rows
from documents.unreadable import Unreadable
from members.imports import applying, undoing
from members.imports.columns import Vocabulary, lines
from members.imports.matching import Seen
from members.imports.planning import Planned, Planner
from members.models import ImportBatch, ImportRow, TurnLost

CHUNK = 500
State = ImportBatch.State


def go_on(batch: ImportBatch) -> bool:
    """Do the work that is due, unless another worker is at it. A fault is raised, and another try is due."""
    if not batch.claim():
        return False
    work = {State.CHECKING: preview, State.APPLYING: applying.apply, State.UNDOING: undoing.undo}
    try:
        work[State(batch.state)](batch)
    except TurnLost:
        return False
    except Exception:
        batch.release()
        raise
    return True


def preview(batch: ImportBatch) -> None:
    """Write down what each row would do, from scratch. A file that cannot be read to its end shows no row."""
    with transaction.atomic():
        batch.hold()
        batch.rows.all().delete()
    try:
        _plan_all(batch)
    except Unreadable as error:
        batch.rows.all().delete()
        batch.finish(State.UNREADABLE, message=str(error))
        return
    if not batch.rows.exists():
        batch.finish(State.UNREADABLE, message=_("Ce fichier n’a aucune ligne sous ses titres."))
        return
    batch.finish(State.CHECKED)


def _plan_all(batch: ImportBatch) -> None:
    vocabulary = Vocabulary()
    planner = Planner(vocabulary, college_id=batch.college_id, seen=Seen())
    with batch.file.open() as file:
        found = lines(rows(file), below=batch.header_row, codes=batch.columns, vocabulary=vocabulary)
        while chunk := list(islice(found, CHUNK)):
            planned = [_as_row(batch, one) for one in planner.plan(chunk)]
            with transaction.atomic():
                batch.hold()
                ImportRow.objects.bulk_create(planned)


def _as_row(batch: ImportBatch, planned: Planned) -> ImportRow:
    return ImportRow(
        batch=batch,
        number=planned.line.number,
        outcome=planned.outcome,
        member=planned.member,
        values=planned.line.as_json(),
        changes=planned.changes,
        problems=[[one.column, one.message, list(one.members)] for one in planned.problems],
        before=planned.before,
    )
