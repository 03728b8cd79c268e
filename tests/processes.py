"""Real processes of the portal, on the data of a test or on a database of their own."""

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connection


def database_url():
    """The DATABASE_URL of the database that pytest-django made for this test process."""
    return urlunsplit(
        urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    )


def manage(*arguments, env):
    """Start `manage.py` without waiting for it."""
    return start("manage.py", *arguments, env=env)


def start(*arguments, env):
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=settings.BASE_DIR,
        env=os.environ | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process):
    """Wait for a process that should succeed, and return what it printed."""
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return output


@contextmanager
def running(process):
    """End the process, politely, when the block ends."""
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def written_mails(folder: Path):
    """The text of each message in the folder of Django's file backend."""
    logs = [path.read_text() for path in sorted(folder.glob("*.log"))]
    return [mail for log in logs for mail in log.split("-" * 79 + "\n") if mail.strip()]
