"""Doing exactly what the preview showed, a chunk a transaction. A row of which anything changed since is left alone."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext as _

from journal import trail
from members.imports.columns import Line, Problem, Vocabulary
from members.imports.planning import Planned, Planner
from members.imports.records import columns_of
from members.models import ImportBatch, ImportRow, Mandate, Member, Membership
from members.models.imports import end_of_life

CHUNK = 500
UPDATED = 100  # at once: the statement grows as the square
Doing = tuple[ImportRow, Planned]


def apply(batch: ImportBatch) -> None:
    """All the rows left, so that a worker that died is gone on from."""
    planner = Planner(Vocabulary(), college_id=batch.college_id)
    while _apply_some(batch, planner):
        pass
    with transaction.atomic():
        batch.finish(ImportBatch.State.APPLIED, applied_at=timezone.now(), expires_at=end_of_life())
        trail.record(batch, trail.Action.IMPORTED, actor=batch.applied_by, reference=str(batch.token))


@transaction.atomic
def _apply_some(batch: ImportBatch, planner: Planner) -> int:
    batch.hold()
    rows = list(batch.rows.to_apply().order_by("number")[:CHUNK])
    _lock_members(rows)
    doing, refused = _sorted(rows, planner.plan([Line.from_json(row.number, row.values) for row in rows]))
    _write_members(doing)
    _write_what_they_own(doing, batch)
    for row, planned in doing:
        row.member = planned.member
        row.applied_at = timezone.now()
        owned = {"member": planned.member, "period": planned.period, "mandate": planned.mandate}
        row.after = {name: columns_of(one) for name, one in owned.items() if one is not None}
    ImportRow.objects.bulk_update(
        [row for row, _planned in doing], ["member", "after", "applied_at"], UPDATED
    )
    ImportRow.objects.bulk_update(refused, ["outcome", "problems"], UPDATED)
    trail.record_many(
        [planned.member for _row, planned in doing],
        trail.Action.IMPORTED,
        actor=batch.applied_by,
        note=batch.filename,
        reference=str(batch.token),
    )
    return len(rows)


def _lock_members(rows: Iterable[ImportRow]) -> None:
    pks = {row.member_id for row in rows if row.member_id}
    list(
        Member.objects.select_for_update(of=("self",))
        .filter(pk__in=pks)
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def _sorted(rows: Sequence[ImportRow], planned: Sequence[Planned]) -> tuple[list[Doing], list[ImportRow]]:
    doing, refused = [], []
    for row, plan in zip(rows, planned, strict=True):
        if _is_what_was_shown(row, plan):
            doing.append((row, plan))
            continue
        told = _("La fiche a changé depuis l’aperçu.")
        problems = [Problem("", told), *plan.problems]
        row.problems = [[one.column, one.message, list(one.members)] for one in problems]
        row.outcome = ImportRow.Outcome.ERROR
        refused.append(row)
    return doing, refused


def _is_what_was_shown(row: ImportRow, planned: Planned) -> bool:
    pk = planned.member.pk if planned.member else None
    return (row.outcome, row.member_id, row.changes, row.before) == (
        planned.outcome,
        pk,
        planned.changes,
        planned.before,
    )


def _write_members(doing: Sequence[Doing]) -> None:
    new, changed = [], []
    touched: set[str] = set()
    for _row, planned in doing:
        if planned.member is None:
            planned.member = Member(**planned.fields)
            new.append(planned.member)
            continue
        for name, value in planned.fields.items():
            setattr(planned.member, name, value)
        if planned.fields:
            changed.append(planned.member)
            touched |= planned.fields.keys()
    Member.objects.bulk_create(new)
    if changed:
        Member.objects.bulk_update(changed, sorted(touched), UPDATED)


def _write_what_they_own(doing: Sequence[Doing], batch: ImportBatch) -> None:
    periods, mandates = [], []
    for _row, planned in doing:
        if planned.period is not None:
            planned.period.member, planned.period.imported_by = _saved(planned.member), batch
            periods.append(planned.period)
        if planned.mandate is not None:
            planned.mandate.organisation = _saved(planned.member)
            mandates.append(planned.mandate)
    Membership.objects.bulk_create(periods)
    Mandate.objects.bulk_create(mandates)


def _saved(member: Model | None) -> Any:
    assert member is not None  # noqa: S101 - each row that is done has one by now
    return member
