"""What the benches share: a production of their own that ends with them, what its processes used, and the report.

Nothing here touches the portal of this machine: database, broker, files and ports are thrown away.
"""

import atexit
import json
import os
import platform
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import django

from tests import services

ROOT = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")


def is_quick() -> bool:
    parser = ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="seulement voir si tout marche")
    return bool(parser.parse_args().quick)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def start_production(port: int, **environment: str) -> None:
    """Set this process, and those it starts, on an empty production database that keeps its promises on disk."""
    data = Path(tempfile.mkdtemp(prefix="iamm-bench-"))
    atexit.register(shutil.rmtree, data, ignore_errors=True)
    durable = ["fsync=on", "synchronous_commit=on", "full_page_writes=on"]
    os.environ.update(
        ENV_FILE=os.devnull,
        DEBUG="0",
        SECRET_KEY="only-for-benches-" * 4,
        SITE_URL=f"http://localhost:{port}",
        ALLOWED_HOSTS="localhost",
        DATABASE_URL=services.start_postgresql(*durable),
        REDIS_URL=services.start_redis(),
        DATA_DIR=str(data),
        STATIC_ROOT=str(data / "static"),
        PAYMENT_SANDBOX="0",
        STAFF_WITHOUT_SECOND_FACTOR="0",
        TRUSTED_PROXIES="1",
        EMAIL_URL=f"filemail:///{data}/mails",
        DJANGO_SETTINGS_MODULE="iamm.settings",
    )
    os.environ.update(environment)
    (data / "static").mkdir()
    manage("prepare")
    manage("collectstatic", "--noinput")
    django.setup()


def manage(*arguments: str) -> None:
    done = subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)


@contextmanager
def running(*command: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Python module as a process of its own; it ends with the block, whatever happens in it."""
    with (Path(os.environ["DATA_DIR"]) / f"{command[0]}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


@contextmanager
def serving(
    application: str, port: int, path: str, *, workers: int, **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """gunicorn as in production, ready to answer `path`. Workers are not renewed, so that none falls in a measure."""
    options = ["--bind", f"127.0.0.1:{port}", "--workers", str(workers), "--max-requests", "0"]
    with running("gunicorn", application, *options, **environment) as process:
        wait_until(lambda: answers(port, path), process, timeout=60)
        yield process


def wait_until(is_ready: Any, process: subprocess.Popen[bytes], *, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while not is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            logs = [path.read_text()[-2000:] for path in Path(os.environ["DATA_DIR"]).glob("*.log")]
            raise SystemExit("\n".join([*logs, "Un processus n'a pas démarré à temps."]))
        time.sleep(0.1)


def answers(port: int, path: str) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path, headers={"Host": f"localhost:{port}"})
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


# What processes used


def family(pid: int) -> list[int]:
    """The process and its descendants."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(grandchild for child in children for grandchild in family(int(child)))]


def cpu_seconds(pid: int) -> float:
    """User and system time of the process and its descendants, since each began."""
    total = 0
    for member in family(pid):
        fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def peak_memory(pid: int) -> list[float]:
    """The largest resident size that each process of the family has had, in MB."""
    peaks = []
    for member in family(pid):
        status = Path(f"/proc/{member}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        peaks.append(int(line.split()[1]) / 1024)
    return peaks


# Arithmetic


def median(values: Iterable[float]) -> float:
    return statistics.median(values)


def percentile(values: Iterable[float], percent: int) -> float:
    """The smallest value that at least `percent` of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(-(-len(ordered) * percent // 100), 1) - 1]


def ratio(value: float, reference: float) -> float:
    return value / reference if reference else float("nan")


# Report


def machine() -> dict[str, Any]:
    names = [
        line.split(":")[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "cpu": names[0] if names else platform.machine(),
        "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0],
        "python": platform.python_version(),
        "django": django.get_version(),
    }


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as aligned columns, named by the keys of the first."""
    cells = [list(rows[0]), *([show(value) for value in row.values()] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in cells
    )


def show(value: Any) -> str:
    return f"{value:.2f}".replace(".", ",") if isinstance(value, float) else str(value)


def report(name: str, rows: list[dict[str, Any]], *, is_quick: bool, **details: Any) -> None:
    """Print the table and keep it, with the day and the machine, in bench/results/."""
    print(table(rows))
    if is_quick:
        print("Essai rapide : ces chiffres ne disent rien.")
    now = datetime.now().astimezone()
    result = {"bench": name, "at": now.isoformat(timespec="seconds"), "is_quick": is_quick}
    result |= {"machine": machine(), **details, "rows": rows}
    folder = ROOT / "bench" / "results"
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}-{now:%Y%m%d-%H%M%S}.json"
    path.write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n")
    print(f"Gardé dans {path.relative_to(ROOT)}.")
