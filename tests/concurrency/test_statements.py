from threading import Event

import pytest

from payments.models import Statement, StatementLine
from payments.statements import importing
from tests.factories import create_staff
from tests.payments.statements import samples


def receive(content, format):
    return Statement.objects.create(filename="releve", format=format, content=content)


@pytest.mark.parametrize(
    ("content", "format", "count"), [(samples.CAMT, "camt053", 6), (samples.OFX, "ofx", 4)]
)
def test_one_statement_imported_twice_at_once_gives_its_lines_once(at_once, content, format, count):
    files, staff = [receive(content, format) for _twice in range(2)], create_staff()

    results = at_once(*[lambda file=file: importing.take_in(file, by=staff) for file in [*files, files[0]]])

    assert sorted((one.new_count, one.known_count) for one in results)[::2] == [(0, count), (count, 0)]
    assert StatementLine.objects.count() == count


def test_what_is_being_imported_is_not_forgotten(at_once, monkeypatch):
    """The lines are written, and not committed yet."""
    file, staff, is_written = receive(samples.OFX, "ofx"), create_staff(), Event()
    plan = importing.plan

    def slow_plan(statement):
        is_written.set()
        return plan(statement)

    monkeypatch.setattr(importing, "plan", slow_plan)

    def abandon():
        assert is_written.wait(10)
        return importing.abandon(file)

    _imported, is_forgotten = at_once(lambda: importing.take_in(file, by=staff), abandon)

    assert is_forgotten is False
    assert StatementLine.objects.count() == 4
