import pytest

from members.models import Application


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Where the private storage keeps the proofs of this test."""
    storage = Application._meta.get_field("proof").storage
    monkeypatch.setitem(vars(storage), "location", str(tmp_path))
    return tmp_path
