"""Taking an import back: everything it wrote, or, when anybody has built on any of it since, nothing."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext as _

from journal import trail
from journal.models import Entry
from members.imports.records import columns_of, put_back
from members.models import DuplicatePair, ImportBatch, ImportRow, Mandate, Member, Membership

CHUNK = 500
UPDATED = 100  # at once: the statement grows as the square
LISTED = 200
OWNED: dict[str, Any] = {"member": Member, "period": Membership, "mandate": Mandate}
FOUND_BY_THE_PORTAL = {ImportRow, DuplicatePair}  # which go with the member: nobody has built on it
Refusals = dict[int, str]  # by the number of the row


@transaction.atomic
def undo(batch: ImportBatch) -> None:
    batch.hold()
    refusals: Refusals = {}
    for rows in _chunks(batch):
        refusals |= _refusals(batch, rows)
    if refusals:
        said = sorted(refusals.items())[:LISTED]
        batch.finish(ImportBatch.State.APPLIED, refusals=said, message=_("Rien n’a été annulé."))
        return
    for rows in _chunks(batch):
        _take_back(batch, rows)
    batch.finish(ImportBatch.State.UNDONE, undone_at=timezone.now())
    trail.record(batch, trail.Action.UNDONE, actor=batch.undone_by, reference=str(batch.token))


def _chunks(batch: ImportBatch) -> Iterator[list[ImportRow]]:
    rows = batch.rows.applied().order_by("number")
    last = 0
    while chunk := list(rows.filter(number__gt=last)[:CHUNK]):
        yield chunk
        last = chunk[-1].number


# Whether


def _refusals(batch: ImportBatch, rows: Sequence[ImportRow]) -> Refusals:
    """Which rows somebody has changed, deleted or built on since. Holds their records until the end."""
    refusals: Refusals = {}
    for name, model in OWNED.items():
        expected = {row.after[name]["id"]: row for row in rows if name in row.after}
        held = model.objects.select_for_update(of=("self",)).order_by("pk").in_bulk(expected)
        for pk, row in expected.items():
            if pk not in held or columns_of(held[pk]) != row.after[name]:
                refusals[row.number] = _("Ce qui a été importé a été modifié depuis.")
    made = {
        name: {row.after[name]["id"]: row.number for row in rows if name in row.after and _is_new(row, name)}
        for name in OWNED
    }
    for name, model in OWNED.items():
        for pk, what in _relying_on(model, made[name], ignoring=made):
            refusals.setdefault(made[name][pk], _("D’autres données en dépendent depuis\u00a0: %s.") % what)
    for pk in _edited(batch, made["member"]):
        refusals.setdefault(made["member"][pk], _("Le journal dit que la fiche a servi depuis."))
    return refusals


def _is_new(row: ImportRow, name: str) -> bool:
    return name != "member" or row.outcome == ImportRow.Outcome.CREATED


def _relying_on(
    model: type[Model], pks: Iterable[int], *, ignoring: dict[str, dict[int, int]]
) -> Iterator[tuple[int, str]]:
    """Rows of any table that point to these, apart from those that the import made itself."""
    ours = {OWNED[name]: made for name, made in ignoring.items()}
    for relation in model._meta.get_fields(include_hidden=True):
        other: Any = relation.related_model
        if not (relation.auto_created and (relation.one_to_many or relation.one_to_one)):
            continue
        if other in FOUND_BY_THE_PORTAL:
            continue
        name = relation.field.attname  # type: ignore[union-attr]
        found = other._base_manager.filter(**{f"{name}__in": list(pks)}).exclude(
            pk__in=list(ours.get(other, ()))
        )
        for pk in found.values_list(name, flat=True):
            yield pk, str(other._meta.verbose_name)


def _edited(batch: ImportBatch, pks: Iterable[int]) -> set[int]:
    """Created members to which something was done since, other than to read them or what was undone too."""
    entries = Entry.objects.filter(
        content_type=ContentType.objects.get_for_model(Member), object_id__in=list(pks)
    )
    harmless = [Entry.Action.OPENED, Entry.Action.EXPORTED]
    undone = ImportBatch.objects.filter(state=ImportBatch.State.UNDONE).values_list("token", flat=True)
    ours = [str(batch.token), *(str(token) for token in undone)]
    since = entries.exclude(reference__in=ours).exclude(action__in=harmless)
    return set(since.values_list("object_id", flat=True))


# Back


def _take_back(batch: ImportBatch, rows: Sequence[ImportRow]) -> None:
    for model, name in ((Mandate, "mandate"), (Membership, "period")):
        model._base_manager.filter(
            pk__in=[row.after[name]["id"] for row in rows if name in row.after]
        ).delete()
    members = Member.objects.in_bulk([row.after["member"]["id"] for row in rows])
    trail.record_many(
        members.values(),
        trail.Action.UNDONE,
        actor=batch.undone_by,
        note=batch.filename,
        reference=str(batch.token),
    )
    changed = [row for row in rows if row.outcome == ImportRow.Outcome.CHANGED]
    touched = {name for row in changed for name in put_back(members[row.after["member"]["id"]], row.before)}
    if touched:
        Member.objects.bulk_update(
            [members[row.after["member"]["id"]] for row in changed], sorted(touched), UPDATED
        )
    for row in changed:
        if row.after.get("mandate", {}).get("is_voting"):
            members[row.after["member"]["id"]].settle_vote()  # somebody seated since may vote now
    created = [row.after["member"]["id"] for row in rows if row.outcome == ImportRow.Outcome.CREATED]
    Member.objects.filter(pk__in=created).delete()
