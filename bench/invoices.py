"""Invoices as they are issued: a hundred by one process, a thousand by eight at once, one of which dies with its number."""

import os
import subprocess
import sys
import time
from collections import Counter
from typing import Any

from django.apps import apps
from django.db import connections

from bench import harness
from tests.concurrency import issuing

PROCESSES, TOGETHER, ALONE = 8, 1000, 100
ASSOCIATION = {
    "ASSOCIATION_ADDRESS": "1 place de la Comédie, 34000 Montpellier",
    "ASSOCIATION_SIRET": "12345678200010",
    "ASSOCIATION_RNA": "W343000000",
    "BANK_HOLDER": "IA MONTPELLIER MEDITERRANEE",
    "BANK_IBAN": "FR7630001007941234567890185",
}


def faults(numbers: list[str]) -> dict[str, int]:
    """How many numbers of the series are missing, and how many come more than once. They end with their rank."""
    ranks = Counter(int(number.rpartition("-")[2]) for number in numbers)
    last = max(ranks, default=0)
    return {
        "trous": last - len(ranks),
        "doublons": sum(count - 1 for count in ranks.values()),
    }


def measure(name: str, processes: int, each: int) -> dict[str, Any]:
    started, before = time.perf_counter(), os.times()
    issuing.at_once(processes, each)
    seconds, after = time.perf_counter() - started, os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    count = processes * each
    return {
        "passage": name,
        "factures": count,
        "secondes": seconds,
        "ms par facture": 1000 * seconds / count,
        "ms de processeur": 1000 * used / count,
        **faults(issued()),
    }


def issued() -> list[str]:
    return list(apps.get_model("payments.Document").objects.values_list("number", flat=True))


def hold_a_number() -> subprocess.Popen[str]:
    """A process that has its number and its invoice, and has not committed."""
    command = [sys.executable, "-m", "tests.concurrency.issuing", "stall"]
    process = subprocess.Popen(command, cwd=harness.ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    if process.stdout.readline() != "taken\n":
        raise SystemExit("Le processus à tuer n’a rien émis.")
    return process


def main() -> None:
    is_quick = harness.is_quick()
    harness.start_production(harness.free_port(), **ASSOCIATION)
    alone, together = (ALONE, TOGETHER) if not is_quick else (4, 16)
    rows = [measure("un processus", 1, alone)]
    doomed = hold_a_number()
    doomed.kill()
    doomed.wait()
    rows.append(measure(f"{PROCESSES} processus, après une mort", PROCESSES, together // PROCESSES))
    connections.close_all()
    harness.report("invoices", rows, is_quick=is_quick, pid=os.getpid())
    if any(row["trous"] or row["doublons"] for row in rows) or len(issued()) != alone + together:
        raise SystemExit("La suite des numéros n’est pas continue.")


if __name__ == "__main__":
    main()
