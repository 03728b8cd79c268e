"""Taking a merge back: both members as they were, each with what was theirs. All of it, or nothing.

What the kept member got since, such as a new period, stays with it.
"""

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from journal import trail
from members.merging import FOUND_AGAIN, digest, lock, reference
from members.models import DuplicatePair, Member, Merge

if TYPE_CHECKING:
    from accounts.models import User


class UndoRefused(Exception):
    """Why the two cannot be as they were any more; the message is a sentence for the staff."""


@transaction.atomic
def undo(merge: Merge, *, by: "User") -> Member:
    """Returns the member that is back. Raises UndoRefused."""
    row = Merge.objects.select_for_update(of=("self",)).get(pk=merge.pk)
    if row.undone_at:
        raise UndoRefused(_("Cette fusion est déjà annulée."))
    if not row.is_undoable:
        raise UndoRefused(_("Une fusion s’annule pendant trente jours\u00a0: c’est passé."))
    [kept] = lock(row.kept_id)
    _refuse_if_edited(row, kept)
    was = trail.snapshot(kept)
    _restore(row)
    row.undone_at = timezone.now()
    row.save(update_fields=["undone_at"])
    kept.refresh_from_db()
    trail.record(
        kept,
        trail.Action.UNDONE,
        actor=by,
        changes=trail.diff(was, trail.snapshot(kept)),
        note=_("La fiche %s est de nouveau à part.") % row.removed_number,
        reference=reference(row),
    )
    return Member.objects.get(pk=row.removed_pk)


def _refuse_if_edited(row: Merge, kept: Member) -> None:
    if digest(kept) != row.kept_digest:
        raise UndoRefused(_("La fiche gardée a été modifiée depuis la fusion."))
    for label, _column, pk, moved in row.moved:
        model = apps.get_model(label)
        found = model._base_manager.select_for_update(of=("self",)).filter(pk=pk).first()
        if found is None or digest(found) != moved:
            words = {"kind": model._meta.verbose_name, "row": found or f"n°\u00a0{pk}"}
            raise UndoRefused(
                _("Modifié ou supprimé depuis la fusion\u00a0: %(kind)s «\u00a0%(row)s\u00a0».") % words
            )


def _restore(row: Merge) -> None:
    kept, removed = _read(row.before["kept"]), _read(row.before["removed"])
    fields = [field.name for field in kept._meta.concrete_fields if not field.primary_key]
    kept.save_base(raw=True, update_fields=fields)
    try:
        removed.clean_fields(exclude=_plain_fields(removed))
        removed.validate_unique()
        removed.validate_constraints()
    except ValidationError as error:
        words = " ".join(error.messages)
        raise UndoRefused(_("La fiche retirée ne peut pas revenir\u00a0: %s") % words) from error
    removed.save_base(raw=True, force_insert=True)
    for label, column, pk, _digest in row.moved:
        apps.get_model(label)._base_manager.filter(pk=pk).update(**{column: removed})
    for written in row.dropped:
        dropped = _read(written)
        if not isinstance(dropped, FOUND_AGAIN) or _still_points_somewhere(dropped):
            dropped.save_base(raw=True, force_insert=True)


def _read(written: dict[str, Any]) -> Any:
    """What `merging.serialised` wrote; a column added since has its default."""
    model = apps.get_model(written["model"])
    fields: Any = {field.attname: field for field in model._meta.concrete_fields}
    values = {
        name: None if value is None else fields[name].to_python(value)
        for name, value in written["values"].items()
        if name in fields
    }
    return model(**values)


def _plain_fields(row: models.Model) -> set[str]:
    """All but the links: what it pointed to must still be there."""
    return {field.name for field in row._meta.concrete_fields if not field.is_relation}


def _still_points_somewhere(pair: DuplicatePair) -> bool:
    return Member.objects.filter(pk__in=[pair.member_a_id, pair.member_b_id]).count() == 2
