from functools import partial

import pytest

from documents.models import Export
from journal.models import Entry
from members import tasks
from members.models import ImportBatch, ImportBusy, Member, Membership
from tests.factories import create_college, create_plan, create_staff
from tests.members.imports.files import apply, preview, table

State = ImportBatch.State


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    storage = Export._meta.get_field("file").storage
    monkeypatch.setitem(vars(storage), "location", str(tmp_path))


@pytest.fixture
def batch():
    create_plan(name="Citoyens", college=create_college())
    rows = [f"Démo {number};m{number}@example.org;Citoyens;01/01/2026" for number in range(300)]
    return preview(table("Nom;E-mail;Formule;Début", *rows), staff=create_staff())


def click(batch, verb):
    """What the admin does, in a thread of its own: the verb, then the task."""
    mine = ImportBatch.objects.get(pk=batch.pk)
    getattr(mine, verb)(by=mine.uploaded_by)
    return tasks.go_on_with_import(mine.pk)


def imported(batch):
    return Entry.objects.filter(reference=str(batch.token), content_type__model="member")


def test_two_clicks_import_once(at_once, batch):
    results = at_once(*[partial(click, batch, "apply")] * 4)

    assert sorted(str(type(one).__name__) for one in results) == ["ImportBusy"] * 3 + ["bool"]
    assert (Member.objects.count(), Membership.objects.count(), imported(batch).count()) == (300, 300, 300)


def test_several_workers_import_once(at_once, batch):
    batch.apply(by=batch.uploaded_by)

    results = at_once(*[partial(tasks.go_on_with_import, batch.pk)] * 4)

    assert sorted(results) == [False, False, False, True]
    assert (Member.objects.count(), imported(batch).count()) == (300, 300)


def test_two_clicks_undo_once(at_once, batch):
    apply(batch)

    results = at_once(*[partial(click, batch, "undo")] * 4)

    assert sum(isinstance(one, ImportBusy) for one in results) == 3
    batch.refresh_from_db()
    assert (batch.state, Member.objects.count(), imported(batch).count()) == (State.UNDONE, 0, 600)


def test_somebody_who_edits_a_member_during_the_undo_loses_nothing(at_once, batch):
    """Either the edit came first, and nothing is undone; or it comes to a record that is gone."""
    apply(batch)
    pk = Member.objects.order_by("pk").last().pk

    results = at_once(
        partial(click, batch, "undo"),
        lambda: Member.objects.filter(pk=pk).update(phone="0611111111"),
    )

    batch.refresh_from_db()
    assert (batch.state, results[1], Member.objects.count()) in [
        (State.UNDONE, 0, 0),
        (State.APPLIED, 1, 300),
    ]
