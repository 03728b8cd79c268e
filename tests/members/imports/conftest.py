import pytest

from documents.models import Export


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Where the private storage keeps its files during a test."""
    storage = Export._meta.get_field("file").storage
    monkeypatch.setitem(vars(storage), "location", str(tmp_path))
    return tmp_path
