from functools import partial

import pytest

from documents import tables, tasks
from documents.models import Export
from journal.models import Entry
from tests.documents.tables import Members
from tests.factories import create_member, create_staff


@pytest.fixture
def folder(tmp_path, monkeypatch):
    storage = Export._meta.get_field("file").storage
    monkeypatch.setitem(vars(storage), "location", str(tmp_path))
    return tmp_path


def test_six_workers_at_once_make_one_file(at_once, folder, monkeypatch):
    monkeypatch.setattr(tables, "_kinds", {})
    tables.register("members.members", Members, permission="members.view_member")
    create_member()
    export = Export.objects.create(kind="members.members", title="Adhérents", asked_by=create_staff())

    results = at_once(*[partial(tasks.make_export, export.pk)] * 6)

    export.refresh_from_db()
    assert results == [None] * 6
    assert (export.state, export.attempts, Entry.objects.count()) == (Export.State.READY, 1, 1)
    assert [path.name for path in folder.rglob("*.xlsx")] == [f"{export.token}-1.xlsx"]
