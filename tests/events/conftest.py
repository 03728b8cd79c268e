import pytest


@pytest.fixture(autouse=True)
def _daytime(daytime):
    """What is tested is not the hour at which the tests run, unless a test says so."""
