"""The one door to the journal: `trail.record(member, trail.Action.CHANGED, actor=user, changes=trail.diff(before, after))`.

An entry is written in the transaction of what it tells, so that neither is ever there without the other.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.utils import timezone

from journal.models import Entry

Action = Entry.Action
Changes = dict[str, list[Any]]
HOUR = timedelta(hours=1)
BATCH = 2000
SECRETS = frozenset({"password"})


def record(
    subject: models.Model,
    action: Entry.Action,
    *,
    actor: models.Model | None = None,
    changes: Changes | None = None,
    note: str = "",
    reference: str = "",
    once_per: timedelta | None = None,
) -> Entry:
    """Note that `actor`, or the portal itself, did this to `subject`.

    With `once_per`, the same actor doing the same again within that time adds nothing: their first entry is returned.
    """
    entry = _entry(subject, subject.pk, action, actor=actor, note=note, reference=reference)
    entry.changes = changes or {}
    if once_per is None:
        entry.save()
        return entry
    return _latest(entry, once_per) or _save_once(entry, once_per)


@transaction.atomic
def record_many(
    subjects: Iterable[Any],
    action: Entry.Action,
    *,
    model: type[models.Model] | None = None,
    actor: models.Model | None = None,
    note: str = "",
    reference: str = "",
) -> int:
    """The same of many rows, read as they come. With `model`, subjects are its primary keys, and have no label."""
    rows = iter(subjects)
    at, count = timezone.now(), 0
    while batch := list(islice(rows, BATCH)):
        entries = [
            _entry(
                model or one, one if model else one.pk, action, actor=actor, note=note, reference=reference
            )
            for one in batch
        ]
        for entry in entries:
            entry.at = at
        count += len(Entry.objects.bulk_create(entries))
    return count


def snapshot(instance: models.Model, fields: Sequence[str] | None = None) -> dict[str, Any]:
    """The row as plain JSON values: its columns and its many-to-many, or these fields only. Never a password.

    A related row is its name and its number, "Citoyens (3)": one still reads it once the row is gone.
    """
    meta = instance._meta
    found: list[Any]
    if fields is None:
        found = [*meta.concrete_fields, *(meta.many_to_many if instance.pk else [])]
        found = [field for field in found if not field.primary_key and field.name not in SECRETS]
    else:
        found = [meta.get_field(name) for name in fields]
    values = {field.name: _value(instance, field) for field in found}
    plain: dict[str, Any] = json.loads(json.dumps(values, cls=_Encoder))
    return plain


def diff(before: Mapping[str, Any], after: Mapping[str, Any]) -> Changes:
    """What differs between two snapshots. A new row is `diff({}, after)`."""
    return {
        name: [before.get(name), after.get(name)]
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    }


class _Encoder(DjangoJSONEncoder):
    def default(self, o: Any) -> Any:
        try:
            return super().default(o)
        except TypeError:
            return str(o)  # a file is its name


def _value(instance: models.Model, field: Any) -> Any:
    if field.many_to_many:
        return sorted(_named(one) for one in getattr(instance, field.name).all())
    if field.is_relation:
        related = getattr(instance, field.name)
        return None if related is None else _named(related)
    value = field.value_from_object(instance)
    if isinstance(field, models.DecimalField) and value is not None:
        return Decimal(value).quantize(
            Decimal(1).scaleb(-field.decimal_places)
        )  # 40 and 40.00 are one amount
    return value


def _named(row: models.Model) -> str:
    return f"{row} ({row.pk})"


def _entry(
    subject: models.Model | type[models.Model],
    pk: int,
    action: Entry.Action,
    *,
    actor: Any,
    note: str,
    reference: str,
) -> Entry:
    """Not saved yet. A model instead of a row as its subject leaves it without a label."""
    return Entry(
        actor=actor,
        actor_name="" if actor is None else _name(actor),
        action=action,
        content_type=ContentType.objects.get_for_model(subject),
        object_id=pk,
        label="" if isinstance(subject, type) else _name(subject),
        note=note,
        reference=reference,
    )


def _name(row: models.Model) -> str:
    return str(row)[: Entry.NAME_LENGTH]


def _latest(entry: Entry, once_per: timedelta) -> Entry | None:
    same = {"content_type": entry.content_type, "object_id": entry.object_id, "actor": entry.actor}
    since = timezone.now() - once_per
    found: Entry | None = Entry.objects.filter(**same, action=entry.action, at__gt=since).first()
    return found


@transaction.atomic
def _save_once(entry: Entry, once_per: timedelta) -> Entry:
    """One actor at a time, so that two pages opened together leave one entry."""
    user: Any = get_user_model()
    user._base_manager.select_for_update(no_key=True).filter(pk=entry.actor_id).first()
    if found := _latest(entry, once_per):
        return found
    entry.save()
    return entry
