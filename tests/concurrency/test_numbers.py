import subprocess
from decimal import Decimal

import pytest

from payments import invoicing, tasks
from payments.models import Document
from tests import papers, processes
from tests.papers import ENVIRONMENT


@pytest.fixture
def start():
    """A process of the portal that issues invoices on the data of this test."""
    started = []

    def start(*arguments):
        env = ENVIRONMENT | {
            "DATABASE_URL": processes.database_url(),
            "DJANGO_SETTINGS_MODULE": "iamm.settings",
        }
        started.append(processes.start("-m", "tests.concurrency.issuing", *arguments, env=env))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def numbers():
    return sorted(Document.objects.values_list("number", flat=True))


def gapless(count):
    year = Document.objects.latest("pk").issued_on.year
    return [f"F{year}-{number:05d}" for number in range(1, count + 1)]


def test_processes_that_issue_at_once_leave_no_gap_and_no_double_even_when_one_is_killed(start):
    """The killed one had its number, and its invoice, and had not committed."""
    killed = start("stall")
    assert killed.stdout.readline() == "taken\n"
    others = start("8", "5")
    with pytest.raises(subprocess.TimeoutExpired):
        others.wait(2)  # they wait for the number that it holds

    killed.kill()

    processes.finish(others)
    assert numbers() == gapless(40)
    assert Document.objects.count() == 40
    days = Document.objects.order_by("number").values_list("issued_on", flat=True)
    assert list(days) == sorted(days)


def test_runs_at_once_issue_each_credit_note_once_while_more_is_corrected(at_once, settings, monkeypatch):
    papers.know_ourselves(settings)
    charges = [papers.create_billed() for _ in range(3)]
    for charge in charges:
        invoicing.invoice(charge)
    with monkeypatch.context() as away:  # no worker hears of it
        away.setattr(tasks.issue_credit_note, "delay", lambda charge: None)
        for charge in charges:
            charge.reduce(Decimal(100), reason="Geste")

    more = [lambda charge=charge: charge.reduce(Decimal(50), reason="Encore") for charge in charges]
    at_once(*[tasks.issue_credit_notes] * 3, *more)
    tasks.issue_credit_notes()

    notes = Document.objects.filter(kind="credit_note").order_by("pk")
    for charge in charges:
        assert sum(note.total for note in notes if note.charge_id == charge.pk) == 150
    year = notes[0].issued_on.year
    assert [note.number for note in notes] == [f"A{year}-{n:05d}" for n in range(1, len(notes) + 1)]
