"""Throw-away PostgreSQL and Redis for one run, as any user (root too). Loaded with `-p tests.services`, before settings.

`TEST_DATABASE=sqlite` runs on SQLite without a broker instead, as the embedded portal does.
"""

import atexit
import fcntl
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command


def _unprivileged() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: give it another user then."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise SystemExit("Ni utilisateur postgres ni nobody : PostgreSQL refuse de tourner en root.")


def _postgresql_bin() -> Path:
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if versions:
        return versions[-1]
    initdb = shutil.which("initdb")
    if initdb is None:
        raise SystemExit("PostgreSQL manque : lancez `make services`, ou installez le paquet postgresql.")
    return Path(initdb).resolve().parent


def _wait(is_ready: Any, process: subprocess.Popen[bytes], name: str) -> None:
    deadline = time.monotonic() + 30
    while not is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"{name} n’a pas démarré.")
        time.sleep(0.02)


def start_postgresql(*options: str) -> str:
    """Start a server on a Unix socket and return its DATABASE_URL. It ends with this process."""
    binaries, home, user = _postgresql_bin(), Path(tempfile.mkdtemp(prefix="pg-")), _unprivileged()
    if user:
        os.chown(home, user["user"], user["group"])
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(home)}
    common: dict[str, Any] = {"cwd": home, "env": environment, **user}
    initdb = [binaries / "initdb", "-D", home / "data", "-A", "trust", "-U", "postgres", "-N"]
    subprocess.run(
        [*initdb, "--encoding=UTF8", "--locale=C.UTF-8"], check=True, stdout=subprocess.DEVNULL, **common
    )
    settings = [
        "fsync=off",
        "synchronous_commit=off",
        "full_page_writes=off",
        "max_connections=150",
        *options,
    ]
    command = [binaries / "postgres", "-D", home / "data", "-k", home, "-h", ""]
    for setting in settings:
        command += ["-c", setting]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, **common)
    ready = [binaries / "pg_isready", "-q", "-h", home]
    _wait(lambda: subprocess.run(ready, env=environment).returncode == 0, process, "PostgreSQL")
    atexit.register(_stop, process, home)
    return f"postgres://postgres@/postgres?host={home}"


def start_redis() -> str:
    """Start a server on a Unix socket and return its REDIS_URL. It ends with this process."""
    binary = shutil.which("redis-server")
    if binary is None:
        raise SystemExit("Redis manque : lancez `make services`, ou installez le paquet redis-server.")
    home = Path(tempfile.mkdtemp(prefix="redis-"))
    path = home / "socket"
    options = [
        "--port",
        "0",
        "--unixsocket",
        str(path),
        "--save",
        "",
        "--appendonly",
        "no",
        "--dir",
        str(home),
    ]
    process = subprocess.Popen([binary, *options], stdout=subprocess.DEVNULL)
    _wait(lambda: _answers(path), process, "Redis")
    atexit.register(_stop, process, home)
    return f"unix://{path}"


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(path)) == 0


def _stop(process: subprocess.Popen[bytes], home: Path) -> None:
    process.send_signal(2)
    process.wait(20)
    shutil.rmtree(home, ignore_errors=True)


def _start_migrating(url: str) -> None:
    """Once for all workers, while they collect the tests: each copies the result. The lock is held until it is there."""
    folder = Path(os.environ["DATA_DIR"])
    with (folder / "migrating").open("w") as lock, (folder / "migrating.log").open("wb") as log:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.services"],
            cwd=Path(__file__).parent.parent,
            env=os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "iamm.settings"},
            stdout=log,
            stderr=log,
            pass_fds=[lock.fileno()],
        )
    atexit.register(lambda: (process.kill(), process.wait()))


def _migrate() -> None:
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    (Path(os.environ["DATA_DIR"]) / "migrated").touch()


def wait_for_migrations() -> Path:
    """Return the file of the SQLite database. Each new database of PostgreSQL is a copy of its own by itself."""
    folder = Path(os.environ["DATA_DIR"])
    with (folder / "migrating").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
    if not (folder / "migrated").exists():
        raise SystemExit((folder / "migrating.log").read_text())
    return folder / "migrated.sqlite3"


def _prepare() -> None:
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None:
        os.environ.update(
            ENV_FILE=os.devnull,
            DEBUG="1",
            SECRET_KEY="only-for-tests",
            SITE_URL="http://localhost:8000",
            ALLOWED_HOSTS="localhost,127.0.0.1,testserver",
            PAYMENT_SANDBOX="1",
            PAYMENT_NOTIFICATION_SECRET="only-for-tests",
            STAFF_WITHOUT_SECOND_FACTOR="0",
            TRUSTED_PROXIES="0",
            ASSOCIATION_EMAIL="contact@example.org",
            DATA_DIR=tempfile.mkdtemp(prefix="iamm-tests-"),
            STATIC_ROOT=tempfile.mkdtemp(prefix="iamm-static-"),  # whitenoise wants it to exist
        )
        if os.environ.get("TEST_DATABASE") == "sqlite":
            folder = os.environ["DATA_DIR"]
            os.environ.update(DATABASE_URL=f"sqlite:///{folder}/db.sqlite3", REDIS_URL="")
            _start_migrating(f"sqlite:///{folder}/migrated.sqlite3")
        else:
            os.environ.update(DATABASE_URL=start_postgresql(), REDIS_URL=start_redis())
            _start_migrating(os.environ["DATABASE_URL"].replace("/postgres?", "/template1?"))
    elif os.environ["REDIS_URL"]:
        os.environ["REDIS_URL"] += f"?db={re.sub('[^0-9]', '', worker)}"  # workers do not share a cache


if __name__ == "__main__":
    _migrate()
elif "pytest" in sys.modules:  # bench/ only wants to start servers of its own
    _prepare()
