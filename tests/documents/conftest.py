import pytest

from documents import tables
from documents.models import Export
from tests.documents.tables import Members


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Where the private storage keeps its files during a test."""
    storage = Export._meta.get_field("file").storage
    monkeypatch.setitem(vars(storage), "location", str(tmp_path))
    return tmp_path


@pytest.fixture(autouse=True)
def register(monkeypatch):
    """`register(build)` puts another builder in the place of the members' one, for a test."""
    monkeypatch.setattr(tables, "_kinds", {})

    def put(build=Members):
        tables.register("members.members", build, permission="members.view_member")

    put()
    return put
