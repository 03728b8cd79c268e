import subprocess

import pytest

from payments.models import Document
from tests import processes
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
