"""Making one member of two.

What points to the removed member is found in the models, whatever app they are of, so that a relation added later
follows too. Two periods that share a day are never merged, even when they look the same: each may have been paid, so
the staff first cancel the one that is too many. See `members.unmerging` for the way back.
"""

import json
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from documents.days import in_words
from journal import trail
from members.models import Application, DirectoryEntry, DuplicatePair, Member, Membership, Merge

if TYPE_CHECKING:
    from accounts.models import User

UNCHOSEN = frozenset({"id", "kind", "user", "card_code", "joined_on"})  # each has its rule
MEANT_BLANK = frozenset({"seats"})  # no limit is a choice, not a blank to fill
ONE_EACH = (DirectoryEntry,)  # that of the kept member stays
FOUND_AGAIN = (DuplicatePair,)  # rows of two members, worth nothing once these are one


class MergeRefused(Exception):
    """Why these two are not merged, a sentence each."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(*reasons)
        self.reasons = reasons


class AlreadyMerged(MergeRefused):
    """One of the two is no more."""

    def __init__(self) -> None:
        super().__init__(
            [_("L’une des deux fiches n’existe plus\u00a0: elle vient peut-être d’être fusionnée.")]
        )


class ChangedMeanwhile(MergeRefused):
    """Somebody wrote on one of the two since they were shown."""

    def __init__(self) -> None:
        super().__init__([_("L’une des deux fiches vient de changer\u00a0: relisez avant de fusionner.")])


# What is there


def relations() -> list[Any]:
    """Every column of the database that points to a member, with those of many-to-many tables."""
    found: Any = Member._meta.get_fields(include_hidden=True)
    return [
        relation.field
        for relation in found
        if relation.auto_created and not relation.concrete and not relation.many_to_many
    ]


def _moving_columns() -> list[Any]:
    return [column for column in relations() if column.model not in FOUND_AGAIN]


def rows_of(column: Any, member: Member) -> Any:
    return column.model._base_manager.filter(**{column.name: member}).order_by("pk")


def moving(member: Member) -> list[tuple[str, int]]:
    """What would follow the member, by the name of its kind. One query a relation."""
    counts = Counter[str]()
    for column in _moving_columns():
        counts[name_of(column.model)] += rows_of(column, member).count()
    return sorted((name, count) for name, count in counts.items() if count)


def followed(merge: Merge) -> list[tuple[str, int]]:
    """What moved, by the name of its kind."""
    counts = Counter(name_of(apps.get_model(label)) for label, *_row in merge.moved)
    return sorted(counts.items())


def name_of(model: type[models.Model]) -> str:
    """That of the other side, for a table that only links."""
    owner: Any = model._meta.auto_created  # typed as a boolean, and is the model that has the link
    if owner:
        return str(owner._meta.verbose_name_plural)
    return str(model._meta.verbose_name_plural)


def choices() -> list[Any]:
    """The fields of a member whose value is chosen."""
    return [field for field in Member._meta.concrete_fields if field.name not in UNCHOSEN]


def differing(kept: Member, removed: Member) -> list[Any]:
    return [field for field in choices() if _raw(kept, field) != _raw(removed, field)]


def best_first(one: Member, other: Member) -> tuple[Member, Member]:
    """Which of the two to keep, unless the staff say otherwise: the one with an account, then the older one."""
    first, second = sorted([one, other], key=lambda member: (member.user_id is None, member.pk))
    return first, second


def filled_from(kept: Member, removed: Member) -> set[str]:
    """The fields that the kept member leaves blank."""
    return {
        field.name
        for field in differing(kept, removed)
        if field.name not in MEANT_BLANK and _raw(kept, field) in field.empty_values
    }


def seen(kept: Member, removed: Member) -> str:
    """What a page showed of the two, to know later that nothing has changed."""
    return digest(kept) + digest(removed)


def digest(row: models.Model) -> str:
    """Of all its columns, but those of a merge that time alone changes."""
    fields = [
        field for field in row._meta.concrete_fields if not isinstance(row, Merge) or field.name == "kept"
    ]
    values = {field.attname: _written(row, field) for field in fields}
    return sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def serialised(row: models.Model) -> dict[str, Any]:
    """All its columns as JSON, to the microsecond: `members.unmerging` reads it back."""
    values = {field.attname: _written(row, field) for field in row._meta.concrete_fields}
    return {"model": row._meta.label, "values": values}


def _written(row: models.Model, field: Any) -> Any:
    return None if field.value_from_object(row) is None else field.value_to_string(row)


def _raw(member: Member, field: Any) -> Any:
    return field.value_from_object(member)


# What forbids it


def obstacles(kept: Member, removed: Member) -> list[str]:
    """A sentence for each, none if they may be merged. Who merges asks again under the locks."""
    if kept.pk == removed.pk:
        return [_("C’est deux fois la même fiche.")]
    if kept.kind != removed.kind:
        return [_("L’une est une personne, l’autre une organisation.")]
    found = []
    if kept.user_id and removed.user_id:
        found.append(_("Toutes deux ont un compte\u00a0: déliez d’abord un des comptes."))
    return found + _overlaps(kept, removed) + _clashes(kept, removed) + _consents(kept, removed)


def _overlaps(kept: Member, removed: Member) -> list[str]:
    return [
        _("Leurs adhésions du %(a)s et du %(b)s se chevauchent\u00a0: annulez d’abord celle qui est de trop.")
        % {"a": _dates(one), "b": _dates(other)}
        for one in kept.memberships.effective().order_by("starts_on")
        for other in removed.memberships.effective().overlapping(starts_on=one.starts_on, ends_on=one.ends_on)
    ]


def _dates(period: Membership) -> str:
    days = {"start": in_words(period.starts_on), "end": in_words(period.ends_on)}
    return _("%(start)s au %(end)s") % days


def _clashes(kept: Member, removed: Member) -> list[str]:
    """Rows that the database would refuse beside those of the kept member, such as a second open mandate."""
    found = []
    for column in _moving_columns():
        for row in rows_of(column, removed):
            why = _clash(row, column, kept)
            if why and not _gives_way(column.model):
                words = {"kind": column.model._meta.verbose_name, "row": row, "why": " ".join(why)}
                found.append(_("%(kind)s «\u00a0%(row)s\u00a0»\u00a0: %(why)s") % words)
    return found


def _gives_way(model: type[models.Model]) -> bool:
    """Whether a row that clashes with one of the kept member is dropped: a link, or what a member has one of."""
    return bool(model._meta.auto_created) or model in ONE_EACH


def _consents(kept: Member, removed: Member) -> list[str]:
    """A merge shows nobody who has not agreed to it on the kept record, nor who has changed their mind since."""
    today = timezone.localdate()
    agreed = {consent.purpose: consent for consent in kept.consents.in_force(on=today).order_by("given_at")}
    found = []
    for consent in removed.consents.in_force(on=today):
        if consent.purpose not in agreed:
            found.append(
                _(
                    "Accord «\u00a0%s\u00a0» donné sur la seule fiche retirée\u00a0: gardez plutôt l’autre fiche."
                )
                % consent.get_purpose_display()
            )
    for purpose, consent in agreed.items():
        if removed.consents.filter(purpose=purpose, withdrawn_at__gt=consent.given_at).exists():
            found.append(
                _(
                    "Accord «\u00a0%s\u00a0» retiré depuis sur l’autre fiche\u00a0: retirez-le d’abord sur les deux."
                )
                % consent.get_purpose_display()
            )
    return found


def _clash(row: models.Model, column: Any, kept: Member) -> list[str]:
    setattr(row, column.name, kept)
    try:
        row.validate_unique()
        row.validate_constraints()
    except ValidationError as error:
        return error.messages
    return []


# The verb


@transaction.atomic
def merge(
    kept: Member, removed: Member, *, take: Iterable[str], by: "User", shown: str | None = None
) -> Merge:
    """Give `kept` all that is of `removed`, and the values of these fields; then delete `removed`.

    `shown` is what `seen` said when the fields were chosen. Raises MergeRefused, and ValidationError where the chosen
    values do not go together.
    """
    if kept.pk == removed.pk:
        raise MergeRefused(obstacles(kept, removed))
    kept, removed = lock(kept.pk, removed.pk)
    if shown is not None and shown != seen(kept, removed):
        raise ChangedMeanwhile
    if found := obstacles(kept, removed):
        raise MergeRefused(found)
    row = Merge(
        kept=kept,
        removed_pk=removed.pk,
        removed_card_code=removed.card_code,
        before={"kept": serialised(kept), "removed": serialised(removed)},
        by=by,
    )
    _move(row, kept, removed)
    values = {name: getattr(removed, name) for name in {field.name for field in choices()} & set(take)}
    values |= {"joined_on": min(kept.joined_on, removed.joined_on), "user": kept.user or removed.user}
    was = trail.snapshot(kept)
    removed.delete()
    _write(kept, values)
    row.kept_digest = digest(Member.objects.get(pk=kept.pk))
    row.save()
    trail.record(
        kept,
        trail.Action.MERGED,
        actor=by,
        changes=trail.diff(was, trail.snapshot(kept)),
        note=_("La fiche %s a rejoint celle-ci.") % row.removed_number,
        reference=reference(row),
    )
    return row


def reference(row: Merge) -> str:
    return f"merge.{row.pk}"


def lock(*pks: int) -> list[Member]:
    """Their applications, as a payment takes them, then the members in the order of their pks. Raises MergeRefused."""
    applications = Application.objects.filter(member__in=pks)
    held = set(applications.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    rows = Member.objects.select_for_update(of=("self",)).filter(pk__in=pks).order_by("pk")
    members = {member.pk: member for member in rows}
    if len(members) < len(pks):
        raise AlreadyMerged
    if held != set(applications.values_list("pk", flat=True)):
        raise ChangedMeanwhile
    return [members[pk] for pk in pks]


def _move(merge: Merge, kept: Member, removed: Member) -> None:
    for column in relations():
        model, moving = column.model, []
        for row in rows_of(column, removed):
            has_twin = _gives_way(model) and _clash(row, column, kept)
            if has_twin or model in FOUND_AGAIN:
                setattr(row, column.name, removed)
                merge.dropped += [serialised(row), *_links(row)]
                row.delete()
            else:
                moving.append(row.pk)
        rows = model._base_manager.filter(pk__in=moving)
        rows.update(**{column.name: kept})
        merge.moved += [[model._meta.label, column.name, row.pk, digest(row)] for row in rows.order_by("pk")]


def _links(row: models.Model) -> list[dict[str, Any]]:
    """What its many-to-many hold, which goes with it."""
    found = []
    for field in row._meta.many_to_many:
        table: Any = field.remote_field.through
        found += [serialised(one) for one in table._base_manager.filter(**{field.m2m_field_name(): row})]
    return found


def _write(kept: Member, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(kept, name, value)
    kept.full_clean()
    kept.save(update_fields=list(values))
