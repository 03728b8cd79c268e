"""Processes of the portal that all issue invoices at once: `python -m tests.concurrency.issuing PROCESSES EACH`.

With `stall`, one takes a number, writes its invoice, says so, and never commits.
"""

import os
import signal
import sys

import django
from django.db import connections, transaction


def issue(count):
    from payments import invoicing  # noqa: PLC0415 - once the settings are read
    from tests.papers import create_billed  # noqa: PLC0415 - the same

    for _ in range(count):
        invoicing.invoice(create_billed())


def at_once(processes, each):
    """Fork them, so that they begin together, and wait. Raises when one of them failed."""
    connections.close_all()
    children = [_child(each) for _ in range(processes)]
    failed = [child for child in children if os.waitpid(child, 0)[1]]
    if failed:
        raise RuntimeError(f"{len(failed)} processes have failed.")


def _child(count):
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            issue(count)
            status = 0
        finally:
            os._exit(status)
    return pid


def stall():
    with transaction.atomic():
        issue(1)
        print("taken", flush=True)  # noqa: T201 - to the test
        signal.pause()


if __name__ == "__main__":
    django.setup()
    if sys.argv[1:] == ["stall"]:
        stall()
    else:
        at_once(*map(int, sys.argv[1:]))
