"""Programs outside of Python that read what we write. Without them the tests fail: run `make services`."""

import json
import os
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parent / "node"
ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": str(FOLDER)}


def read_ics(content):
    """The calendar as ical.js reads it."""
    command = ["node", FOLDER / "read_ics.mjs"]
    done = subprocess.run(
        command, input=content, capture_output=True, check=False, cwd=FOLDER, env=ENVIRONMENT
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def faults_of(paths):
    """What the Nu checker says of these HTML files, by file name."""
    jar = FOLDER / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
    command = [
        "java",
        "-Xss4m",
        "-XX:TieredStopAtLevel=1",
        "-jar",
        jar,
        "--format",
        "json",
        "--exit-zero-always",
    ]
    done = subprocess.run([*command, *paths], capture_output=True, check=True, env=ENVIRONMENT)
    faults = {}
    for message in json.loads(done.stderr)["messages"]:
        name = Path(message["url"]).name
        told = f"{message['message']} {message.get('extract', '')}"
        faults.setdefault(name, []).append(told)
    return faults
